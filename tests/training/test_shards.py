"""Batches cut into shards."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from mnistkit.models import build_model, model_names
from mnistkit.training.shards import Shards, add_up, part, shard_count


@pytest.mark.parametrize(
    ("batch_size", "wanted", "count"), [(128, 2, 2), (128, 8, 8), (32, 4, 2), (31, 2, 1), (5, 2, 1), (128, 1, 1)]
)
def test_shards_are_as_many_as_wanted_and_never_small(batch_size: int, wanted: int, count: int) -> None:
    assert shard_count(batch_size, wanted) == count


def test_the_parts_of_a_batch_are_all_of_it_and_alike() -> None:
    batch = torch.arange(10)
    assert [part(batch, number, 3).tolist() for number in range(3)] == [[0, 3, 6, 9], [1, 4, 7], [2, 5, 8]]


def test_gradients_add_up_and_what_has_none_has_none() -> None:
    one, two = torch.tensor([1.0]), torch.tensor([2.0])
    total = add_up([[one.clone(), None, None, two.clone()], [two, one, None, None]])
    assert [None if each is None else each.item() for each in total] == [3.0, 1.0, None, 2.0]


def gradients(model: nn.Module, count: int, images: Tensor, labels: Tensor) -> list[Tensor | None]:
    """Return those of the mean cross-entropy, computed in shards."""
    shards = Shards(model, count, seed=0)

    def compute(number: int, copied: nn.Module) -> tuple[Tensor, ...]:
        own = part(labels, number, count)
        loss = functional.cross_entropy(copied(part(images, number, count)), own) * (len(own) / len(labels))
        return torch.autograd.grad(loss, list(model.parameters()))

    shards.compute(0, compute)
    return add_up(shards.compute(1, compute))


@pytest.mark.parametrize(("name", "count"), [*((name, 2) for name in model_names()), ("lenet5", 3)])
def test_the_gradients_are_those_of_the_whole_batch(
    name: str, count: int, choose_threads: Callable[[int], None]
) -> None:
    choose_threads(2)
    torch.manual_seed(0)
    # In evaluation, since what is dropped, and the statistics of a batch, are each shard's own.
    model = build_model(name, 10).double().eval()
    images, labels = torch.randn(7, 1, 28, 28).double(), torch.randint(10, (7,))
    whole = gradients(model, 1, images, labels)
    for one, other in zip(whole, gradients(model, count, images, labels), strict=True):
        assert one is not None and other is not None
        torch.testing.assert_close(one, other)


def test_batch_normalisation_takes_the_mean_over_the_shards_once_a_step() -> None:
    model = nn.Sequential(nn.BatchNorm1d(2, momentum=0.25))
    shards = Shards(model, 2, seed=0)
    batch = torch.tensor([[0.0, 1.0], [4.0, 3.0], [2.0, 1.0], [8.0, 5.0]])
    for step in range(2):
        shards.compute(step, lambda number, copied: copied(part(batch, number, 2)))
    norm = model[0]
    assert isinstance(norm, nn.BatchNorm1d) and norm.running_mean is not None and norm.running_var is not None
    # The shards' means are (1, 1) and (6, 4); their variances (2, 0) and (8, 2).
    expected_mean, expected_var = torch.tensor([3.5, 2.5]), torch.tensor([5.0, 1.0])
    kept = 0.75**2
    torch.testing.assert_close(norm.running_mean, (1 - kept) * expected_mean)
    torch.testing.assert_close(norm.running_var, kept + (1 - kept) * expected_var)
    assert norm.num_batches_tracked == 2


def test_buffers_that_no_shard_changes_keep_every_bit() -> None:
    model = nn.BatchNorm1d(3).eval()
    assert model.running_mean is not None
    model.running_mean.copy_(torch.tensor([0.1, 1e-30, 3e30]))
    before = model.running_mean.clone()
    Shards(model, 3, seed=0).compute(0, lambda number, copied: copied(torch.randn(4, 3)))
    assert torch.equal(model.running_mean, before)


@pytest.mark.parametrize(
    ("layer", "shape", "whole"),
    [
        (nn.Dropout(0.5), (8, 40, 5, 5), ()),
        (nn.Dropout1d(0.5), (200, 40, 5), (2,)),
        (nn.Dropout2d(0.5), (200, 40, 5, 5), (2, 3)),
        (nn.Dropout3d(0.5), (100, 80, 2, 2, 2), (2, 3, 4)),
    ],
)
def test_dropout_drops_its_share_scales_the_rest_and_differs_between_shards_and_steps(
    layer: nn.Module, shape: tuple[int, ...], whole: tuple[int, ...]
) -> None:
    shards = Shards(nn.Sequential(layer), 2, seed=0)
    drawn = [
        each for step in range(2) for each in shards.compute(step, lambda _, copied: copied(torch.ones(shape)))
    ]
    for each in drawn:
        assert set(each.unique().tolist()) == {0.0, 2.0}
        assert each.mean().item() == pytest.approx(1, abs=0.05)
        if whole:
            assert torch.equal(each, each.mean(dim=whole, keepdim=True).expand(shape))
    assert not any(torch.equal(a, b) for i, a in enumerate(drawn) for b in drawn[:i])
    again = Shards(nn.Sequential(layer), 2, seed=0).compute(1, lambda _, copied: copied(torch.ones(shape)))
    assert torch.equal(again[0], drawn[2]) and torch.equal(again[1], drawn[3])


@pytest.mark.parametrize(("p", "training", "expected"), [(1.0, True, 0.0), (0.0, True, 1.0), (0.9, False, 1.0)])
def test_dropout_of_all_of_nothing_and_outside_training(p: float, training: bool, expected: float) -> None:
    model = nn.Sequential(nn.Dropout(p)).train(training)
    for each in Shards(model, 2, seed=0).compute(0, lambda _, copied: copied(torch.ones(6))):
        assert torch.equal(each, torch.full((6,), expected))


def test_the_model_itself_is_left_as_it_is() -> None:
    model = nn.Sequential(nn.Linear(4, 4), nn.Dropout(0.5))
    Shards(model, 2, seed=0).compute(0, lambda _, copied: copied(torch.ones(2, 4)))
    assert [type(module) for module in model] == [nn.Linear, nn.Dropout]
    assert len(list(model.parameters())) == 2
