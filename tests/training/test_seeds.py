"""The generators that a run draws from."""

from __future__ import annotations

import torch

from mnistkit.training.seeds import (
    augmentation_generator,
    objective_generator,
    objective_set_up_generator,
    order_generator,
    seed_model,
)


def test_each_purpose_and_each_number_has_its_own_stream() -> None:
    drawn = []
    for seed in (0, 1):
        for number in (0, 1):
            for generator in (order_generator, augmentation_generator, objective_generator):
                drawn.append(torch.rand((), generator=generator(seed, number)).item())
            seed_model(seed, number)
            drawn.append(torch.rand(()).item())
        drawn.append(float(objective_set_up_generator(seed).random()))
    assert len(set(drawn)) == len(drawn) == 18


def test_the_streams_are_the_same_for_ever() -> None:
    """A run that was begun by another version goes on as it was begun."""
    assert torch.randperm(8, generator=order_generator(3, 2)).tolist() == [2, 5, 3, 1, 6, 0, 7, 4]
    assert torch.randint(1000, (3,), generator=augmentation_generator(3, 2)).tolist() == [838, 129, 187]
    assert objective_set_up_generator(3).integers(1000, size=3).tolist() == [822, 373, 846]


def test_drawing_for_one_purpose_leaves_the_global_generator_alone() -> None:
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    torch.rand(2, generator=order_generator(0, 0))
    objective_set_up_generator(0).random()
    assert torch.equal(torch.rand(3), expected)
