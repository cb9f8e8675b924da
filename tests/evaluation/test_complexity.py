"""Counting parameters and multiply-accumulates, against hand-made sums and torch's own counter."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from mnistkit.evaluation.complexity import summarise
from mnistkit.models import build_model, model_names


def test_lenet5_by_hand() -> None:
    summary = summarise(build_model("lenet5", 10))
    parameters = [6 * 25 + 6, 16 * 6 * 25 + 16, 400 * 120 + 120, 120 * 84 + 84, 84 * 10 + 10]
    macs = [28 * 28 * 6 * 25, 10 * 10 * 16 * 6 * 25, 400 * 120, 120 * 84, 84 * 10]
    counted = [layer for layer in summary.layers if layer.parameters]
    assert [layer.parameters for layer in counted] == parameters
    assert [layer.macs for layer in counted] == macs
    assert summary.parameters == sum(parameters) == 61_706
    assert summary.macs == sum(macs) == 416_520
    shapes = {layer.name: layer.output_shape for layer in summary.layers}
    assert shapes["features.0"] == (6, 28, 28)
    assert shapes["classifier.0"] == (400,)
    assert shapes["classifier.5"] == (10,)


def test_convnext_has_the_size_asked_for() -> None:
    assert 450_000 <= summarise(build_model("convnext", 10)).parameters <= 550_000


@pytest.mark.parametrize("name", model_names())
def test_every_trainable_number_is_counted_once(name: str) -> None:
    model = build_model(name, 10)
    assert summarise(model).parameters == sum(p.numel() for p in model.parameters() if p.requires_grad)


@pytest.mark.parametrize("name", model_names())
def test_the_multiply_accumulates_are_those_torch_counts(name: str) -> None:
    model = build_model(name, 10, plain=True).eval()
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        model(torch.zeros(1, 1, 28, 28))
    assert 2 * summarise(model).macs == counter.get_total_flops()


class Odd(nn.Module):
    """Parameters of its own beside children, a shared layer, a frozen one, and one that is never called."""

    def __init__(self) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.ones(5))
        self.mix = nn.Linear(28, 28, bias=False)
        self.tied = nn.Linear(28, 28, bias=False)
        self.tied.weight = self.mix.weight
        self.frozen = nn.Linear(28, 2)
        self.frozen.requires_grad_(False)
        self.unused = nn.Linear(3, 4)

    def forward(self, images: Tensor) -> Tensor:
        rows = self.tied(self.mix(self.mix(images)))
        return self.frozen(rows).flatten(1) * self.scale.sum()


def test_unusual_models() -> None:
    summary = summarise(Odd())
    by_name = {layer.name: layer for layer in summary.layers}
    assert by_name[""].parameters == 5
    assert by_name["mix"].parameters == 28 * 28
    # Called twice, at 28 positions.
    assert by_name["mix"].macs == 2 * 28 * 28 * 28
    assert by_name["tied"].parameters == 0
    assert by_name["tied"].macs == 28 * 28 * 28
    assert by_name["frozen"].parameters == 0
    assert by_name["unused"].output_shape is None
    assert by_name["unused"].macs == 0
    assert summary.parameters == 5 + 28 * 28 + 16
    assert summary.macs == 3 * 28 * 28 * 28 + 28 * 28 * 2


def test_groups_divide_the_cost_of_a_convolution() -> None:
    model = nn.Sequential(nn.Conv2d(1, 4, 1), nn.Conv2d(4, 8, 3, stride=2, groups=4))
    assert summarise(model).layers[1].macs == 13 * 13 * 8 * 9


def test_the_model_is_left_as_it_was() -> None:
    model = nn.Sequential(nn.BatchNorm2d(1), nn.Dropout(0.5)).train()
    summarise(model)
    assert model.training and model[1].training
    assert float(model[0].running_mean) == 0
    assert not model[0]._forward_hooks
