from __future__ import annotations

import pytest
import torch
from torch import Tensor
from torch.nn import functional

from mnistkit.models import build_model, get_architecture
from mnistkit.models.convnext import (
    Block,
    Downsample,
    GlobalResponseNorm,
    MergeConv,
    ResponseProjection,
    Stem,
)


def by_the_paper(x: Tensor, gamma: Tensor, beta: Tensor) -> Tensor:
    """Global Response Normalization written as in the paper, with autograd's own gradients."""
    norm = x.norm(p=2, dim=1, keepdim=True)
    return gamma * (x * (norm / (norm.mean(dim=-1, keepdim=True) + 1e-6))) + beta + x


# Few positions are scaled one by one; for many, the projection's weights are.
@pytest.mark.parametrize("positions", [5, 30])
def test_response_and_projection_with_their_gradients_are_those_of_the_paper(positions: int) -> None:
    torch.manual_seed(0)
    response, project = GlobalResponseNorm(6), ResponseProjection(6, 3)
    torch.nn.init.normal_(response.gamma)
    torch.nn.init.normal_(response.beta)
    x = torch.randn(3, positions, 6, requires_grad=True)
    upstream = torch.randn(3, positions, 3)
    inputs = [x, response.gamma, response.beta, project.weight, project.bias]
    ours = project(x, response)
    theirs = functional.linear(by_the_paper(x, response.gamma, response.beta), project.weight, project.bias)
    torch.testing.assert_close(ours, theirs)
    for a, b in zip(
        torch.autograd.grad(ours, inputs, upstream), torch.autograd.grad(theirs, inputs, upstream), strict=True
    ):
        torch.testing.assert_close(a, b, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("positions", [4, 20])
def test_a_channel_without_response_has_finite_gradients(positions: int) -> None:
    x = torch.randn(2, positions, 3)
    x[..., 1] = 0
    x.requires_grad_()
    response, project = GlobalResponseNorm(3), ResponseProjection(3, 2)
    torch.nn.init.ones_(response.gamma)
    project(x, response).square().sum().backward()
    assert x.grad is not None
    assert torch.isfinite(x.grad).all()


def test_the_stem_is_two_convolutions() -> None:
    torch.manual_seed(0)
    stem, images = Stem(4, 6), torch.randn(2, 1, 28, 28)
    upstream = torch.randn(2, 14, 14, 6)
    first, second = stem.first, stem.second
    hidden = functional.gelu(functional.conv2d(images, first.weight, first.bias, padding=1))
    merged = functional.conv2d(hidden, second.weight, second.bias, stride=2, padding=1)
    plain, ours = stem.norm(merged.permute(0, 2, 3, 1)), stem(images)
    torch.testing.assert_close(ours, plain)
    for a, b in zip(
        torch.autograd.grad(ours, list(stem.parameters()), upstream),
        torch.autograd.grad(plain, list(stem.parameters()), upstream),
        strict=True,
    ):
        torch.testing.assert_close(a, b, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize(("kernel", "side"), [(2, 8), (2, 14), (3, 7)])
def test_merging_is_a_convolution(kernel: int, side: int) -> None:
    torch.manual_seed(0)
    layer, x = MergeConv(3, 5, kernel), torch.randn(2, side, side, 3, requires_grad=True)
    ours = layer(x)
    plain = functional.conv2d(x.permute(0, 3, 1, 2), layer.weight, layer.bias, stride=2).permute(0, 2, 3, 1)
    torch.testing.assert_close(ours, plain)
    inputs, upstream = [x, layer.weight, layer.bias], torch.randn_like(plain)
    for a, b in zip(
        torch.autograd.grad(ours, inputs, upstream), torch.autograd.grad(plain, inputs, upstream), strict=True
    ):
        torch.testing.assert_close(a, b, atol=1e-4, rtol=1e-4)


def test_size_and_recipe_are_as_promised() -> None:
    model = build_model("convnext", 10)
    assert 450_000 <= sum(p.numel() for p in model.parameters()) <= 550_000
    blocks = [type(part).__name__ for part in model.stages].count("Block")
    assert blocks == 1 + 1 + 3 + 1
    recipe = get_architecture("convnext").recipe
    assert (recipe.optimizer, recipe.batch_size, recipe.epochs) == ("adamw", 128, 10)
    assert recipe.label_smoothing == 0
    assert recipe.warmup > 0
    assert min(recipe.augmentation.rotation, recipe.augmentation.translate_x, recipe.augmentation.zoom) > 0


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


def test_half_precision_is_normalised_in_single() -> None:
    response, project = GlobalResponseNorm(4), ResponseProjection(4, 2)
    x = torch.full((1, 300, 4), 16.0, dtype=torch.float16)
    assert torch.isfinite(project(x, response)).all()
    assert project(x, response).dtype == torch.float32
