"""The generators that a run draws from."""

from __future__ import annotations

import torch

from mnistkit.training.seeds import (
    augmentation_generator,
    model_generator,
    objective_generator,
    objective_set_up_generator,
    order_generator,
    seed_model,
)


def test_for_a_shard_a_model_draws_the_same_from_torchs_generator_and_from_its_own() -> None:
    seed_model(3, 2, 1)
    assert torch.rand(3).tolist() == torch.rand(3, generator=model_generator(3, 2, 1)).tolist()


def test_each_purpose_and_each_number_has_its_own_stream() -> None:
    drawn = []
    for seed in (0, 1):
        for number in (0, 1):
            for generator in (order_generator, objective_generator):
                drawn.append(torch.rand((), generator=generator(seed, number)).item())
            for shard in (0, 1):
                for generator in (augmentation_generator, model_generator):
                    drawn.append(torch.rand((), generator=generator(seed, number, shard)).item())
        drawn.append(float(objective_set_up_generator(seed).random()))
    assert len(set(drawn)) == len(drawn) == 26


def test_the_streams_are_the_same_for_ever() -> None:
    """A run that was begun by another version goes on as it was begun."""
    assert torch.randperm(8, generator=order_generator(3, 2)).tolist() == [2, 5, 3, 1, 6, 0, 7, 4]
    assert torch.randint(1000, (3,), generator=augmentation_generator(3, 2, 1)).tolist() == [16, 967, 623]
    assert objective_set_up_generator(3).integers(1000, size=3).tolist() == [822, 373, 846]


def test_drawing_for_one_purpose_leaves_the_global_generator_alone() -> None:
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    torch.rand(2, generator=order_generator(0, 0))
    objective_set_up_generator(0).random()
    assert torch.equal(torch.rand(3), expected)
