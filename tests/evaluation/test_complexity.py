"""Counting parameters and multiply-accumulates, against sums by hand."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.attention import SDPBackend, sdpa_kernel
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
def test_the_layers_add_up_to_what_torch_counts_for_the_plain_model(name: str) -> None:
    # As products, which every version of torch counts.
    with torch.no_grad(), sdpa_kernel(SDPBackend.MATH), FlopCounterMode(display=False) as counter:
        build_model(name, 10, plain=True).eval()(torch.zeros(1, 1, 28, 28))
    summary = summarise(build_model(name, 10))
    assert sum(layer.macs for layer in summary.layers) == summary.macs == counter.get_total_flops() // 2


def test_the_forms_for_a_cpu_are_not_what_is_counted() -> None:
    model = build_model("convnext", 10)
    kinds = [type(module) for module in model.modules()]
    by_name = {layer.name: layer for layer in summarise(model).layers}
    assert by_name["stages.0.first"].output_shape == (8, 28, 28)
    assert by_name["stages.0.first"].macs == 28 * 28 * 8 * 9
    assert by_name["stages.0.second"].macs == 14 * 14 * 16 * 8 * 9
    assert by_name["stages.1.depthwise"].macs == 14 * 14 * 16 * 9
    assert by_name["stages.1.response"].kind == "GlobalResponseNorm"
    assert [type(module) for module in model.modules()] == kinds


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


class Attending(nn.Module):
    """Attention written out as two products, on a layer of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.embed = nn.Linear(28, 6)

    def forward(self, images: Tensor) -> Tensor:
        rows = self.embed(images.squeeze(1))
        return torch.softmax(rows @ rows.transpose(1, 2), dim=-1) @ rows


class InOnePiece(Attending):
    """The same attention, as torch has it."""

    def forward(self, images: Tensor) -> Tensor:
        rows = self.embed(images)
        return functional.scaled_dot_product_attention(rows, rows, rows, scale=1.0)


@pytest.mark.parametrize("kind", [Attending, InOnePiece])
def test_products_inside_a_forward_belong_to_its_module(kind: type[nn.Module]) -> None:
    summary = summarise(nn.Sequential(kind()))
    assert [(layer.name, layer.macs) for layer in summary.layers] == [
        ("0", 2 * 28 * 28 * 6),
        ("0.embed", 28 * 28 * 6),
    ]
    assert summary.macs == 3 * 28 * 28 * 6


class Rows(nn.Module):
    """The image as 28 tokens of 28 numbers."""

    def forward(self, images: Tensor) -> Tensor:
        return images.squeeze(1)


def test_torchs_own_attention_is_counted() -> None:
    # Trained weights may be frozen; in evaluation mode torch would then take a path that its counter does not see.
    layer = nn.TransformerEncoderLayer(28, 4, 50, batch_first=True).requires_grad_(False)
    summary = summarise(nn.Sequential(Rows(), layer))
    by_name = {each.name: each for each in summary.layers}
    attention = 4 * 28 * 28 * 28 + 2 * 28 * 28 * 28
    assert by_name["1.self_attn"].macs == attention
    assert by_name["1.self_attn"].output_shape == (28, 28)
    assert summary.macs == attention + 2 * 28 * 28 * 50
    assert summary.parameters == 0


def test_groups_divide_the_cost_of_a_convolution() -> None:
    model = nn.Sequential(nn.Conv2d(1, 4, 1), nn.Conv2d(4, 8, 3, stride=2, groups=4))
    assert summarise(model).layers[1].macs == 13 * 13 * 8 * 9


def test_the_model_is_left_as_it_was() -> None:
    model = nn.Sequential(nn.BatchNorm2d(1), nn.Dropout(0.5)).train()
    summarise(model)
    assert model.training and model[1].training
    assert float(model[0].running_mean) == 0
    assert not model[0]._forward_hooks and not model[0]._forward_pre_hooks
    assert all(parameter.grad is None for parameter in model.parameters())
