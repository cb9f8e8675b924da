"""The layers of convnext against the paper and against products written out."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from mnistkit.models import build_model, get_architecture
from mnistkit.models.convnext import Block, Downsample, GlobalResponseNorm, Pointwise, Stem
from mnistkit.models.cpu_forms import use_cpu_forms, use_plain_forms


def by_the_paper(x: Tensor, gamma: Tensor, beta: Tensor) -> Tensor:
    """Global Response Normalization written as in the paper (section 3)."""
    norm = x.norm(p=2, dim=(1, 2), keepdim=True)
    return gamma * (x * (norm / (norm.mean(dim=-1, keepdim=True) + 1e-6))) + beta + x


def test_the_response_norm_and_its_gradients_are_those_of_the_paper() -> None:
    torch.manual_seed(0)
    layer = GlobalResponseNorm(6).double()
    torch.nn.init.normal_(layer.gamma)
    torch.nn.init.normal_(layer.beta)
    x = torch.randn(3, 5, 4, 6, dtype=torch.float64, requires_grad=True)
    upstream = torch.randn_like(x)
    ours, theirs = layer(x), by_the_paper(x, layer.gamma, layer.beta)
    torch.testing.assert_close(ours, theirs)
    inputs = [x, layer.gamma, layer.beta]
    for a, b in zip(
        torch.autograd.grad(ours, inputs, upstream), torch.autograd.grad(theirs, inputs, upstream), strict=True
    ):
        torch.testing.assert_close(a, b)


def test_a_channel_without_response_has_finite_gradients() -> None:
    x = torch.randn(2, 3, 3, 3)
    x[..., 1] = 0
    x.requires_grad_()
    layer = GlobalResponseNorm(3)
    torch.nn.init.ones_(layer.gamma)
    layer(x).square().sum().backward()
    assert x.grad is not None
    assert x.grad.isfinite().all()


@pytest.mark.parametrize("choose_form", [use_cpu_forms, use_plain_forms])
def test_half_precision_is_normalised_in_single(choose_form: Callable[[nn.Module], nn.Module]) -> None:
    # The squares of these values sum to more than the largest number of 16 bits.
    x = torch.full((1, 20, 15, 4), 16.0, dtype=torch.float16)
    normalised = choose_form(GlobalResponseNorm(4))(x)
    assert normalised.dtype == torch.float32
    torch.testing.assert_close(normalised, x.float())


def test_size_and_recipe_are_as_promised() -> None:
    model = build_model("convnext", 10)
    assert 450_000 <= sum(p.numel() for p in model.parameters()) <= 550_000
    assert sum(isinstance(part, Block) for part in model.stages) == 1 + 1 + 3 + 1
    recipe = get_architecture("convnext").recipe
    assert (recipe.optimizer, recipe.batch_size, recipe.epochs) == ("adamw", 128, 10)
    assert recipe.label_smoothing == 0
    assert recipe.warmup > 0
    assert min(recipe.augmentation.rotation, recipe.augmentation.translate_x, recipe.augmentation.zoom) > 0


def test_the_stages_are_as_large_as_promised() -> None:
    x, shapes = torch.zeros(2, 1, 28, 28), []
    for stage in build_model("convnext", 10).stages:
        x = stage(x)
        shapes.append(tuple(x.shape[1:]))
    assert shapes == [
        *[(14, 14, 16)] * 2,
        *[(7, 7, 32)] * 2,
        *[(7, 7, 40)] * 4,
        *[(3, 3, 208)] * 2,
    ]


def test_the_stem_is_two_convolutions() -> None:
    torch.manual_seed(0)
    stem, images = Stem(4, 6), torch.randn(2, 1, 28, 28)
    hidden = functional.gelu(functional.conv2d(images, stem.first.weight, stem.first.bias, padding=1))
    patch = hidden[:, :, 3:6, 5:8].flatten(1)
    pixel = functional.linear(patch, stem.second.weight.flatten(1), stem.second.bias)
    torch.testing.assert_close(stem(images)[:, 2, 3], stem.norm(pixel))


def test_a_block_is_a_residual() -> None:
    block = Block(8)
    torch.nn.init.zeros_(block.project.weight)
    torch.nn.init.zeros_(block.project.bias)
    x = torch.randn(2, 7, 7, 8)
    torch.testing.assert_close(block(x), x)


@pytest.mark.parametrize(("kernel", "side", "smaller"), [(2, 8, 4), (2, 14, 7), (3, 7, 3)])
def test_downsampling_merges_normalised_neighbours(kernel: int, side: int, smaller: int) -> None:
    layer = Downsample(3, 5, kernel)
    x = torch.randn(2, side, side, 3)
    y = layer(x)
    assert y.shape == (2, smaller, smaller, 5)
    patch = layer.norm(x[:, -kernel:, -kernel:]).permute(0, 3, 1, 2)
    corner = functional.linear(patch.flatten(1), layer.merge.weight.flatten(1), layer.merge.bias)
    torch.testing.assert_close(y[:, -1, -1], corner)


def test_pointwise_maps_each_position_by_itself() -> None:
    layer, x = Pointwise(3, 5), torch.randn(2, 4, 4, 3)
    torch.testing.assert_close(layer(x)[:, 1, 2], layer.map(layer.norm(x[:, 1, 2])))
