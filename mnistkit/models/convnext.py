"""A small ConvNeXt for 28x28 digits.

The blocks are those of ConvNeXt V2 (Woo et al. 2023, section 3): depthwise convolution, LayerNorm, pointwise
expansion by four, GELU, Global Response Normalization, pointwise projection, all on a residual. What differs
from the ImageNet models suits small pictures: a stem of two overlapping convolutions instead of 4x4 patches,
3x3 depthwise kernels, an overlapping convolution before the last stage, and initial weights scaled by their
fan-in.
"""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable
from torch.nn import functional

from mnistkit.models import register_model
from mnistkit.training.recipe import Augmentation, Recipe

_EPSILON = 1e-6


class _ResponseNorm(torch.autograd.Function):
    """Global Response Normalization with its gradient written out.

    Left to autograd, the norm over the positions and its gradient take about half of a block's time on a CPU:
    many passes over the largest tensor of the block, one of them (the norm's) not vectorised. Written out, the
    forward pass is two products and a sum over it, the backward pass three products and two sums.
    """

    @staticmethod
    def forward(ctx: Any, x: Tensor, gamma: Tensor, beta: Tensor) -> Tensor:
        """Return x * (1 + gamma * g / mean(g)) + beta, where g is the norm of x over its positions."""
        norm = (x * x).sum(dim=1, keepdim=True).sqrt_()
        mean = norm.mean(dim=-1, keepdim=True) + _EPSILON
        response = norm / mean
        factor = 1 + gamma * response
        ctx.save_for_backward(x, gamma, norm, mean, response, factor)
        return torch.addcmul(beta, x, factor)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return the gradients of x, gamma and beta."""
        x, gamma, norm, mean, response, factor = ctx.saved_tensors
        product = grad * x
        grad_factor = product.sum(dim=1, keepdim=True)
        grad_response = grad_factor * gamma
        grad_norm = (grad_response - (grad_response * response).mean(dim=-1, keepdim=True)) / mean
        # The largest tensor's memory is used again for the result.
        grad_x = torch.mul(grad, factor, out=product)
        grad_x.addcmul_(x, grad_norm / (norm + _EPSILON))
        return grad_x, (grad_factor * response).sum(dim=(0, 1)), grad.sum(dim=(0, 1))


class GlobalResponseNorm(nn.Module):
    """Global Response Normalization (Woo et al. 2023, section 3) of (batch, positions, channels)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.gamma = nn.Parameter(torch.zeros(channels))
        self.beta = nn.Parameter(torch.zeros(channels))

    def forward(self, x: Tensor) -> Tensor:
        """Normalise; half-precision input is computed in float32, since it is squared and summed."""
        result: Tensor = _ResponseNorm.apply(x.float(), self.gamma, self.beta)
        return result


class Block(nn.Module):
    """One residual ConvNeXt V2 block on (batch, height, width, channels)."""

    def __init__(self, channels: int, kernel: int = 3) -> None:
        super().__init__()
        self.depthwise = nn.Conv2d(channels, channels, kernel, padding=kernel // 2, groups=channels)
        self.norm = nn.LayerNorm(channels, eps=_EPSILON)
        self.expand = nn.Linear(channels, 4 * channels)
        self.response = GlobalResponseNorm(4 * channels)
        self.project = nn.Linear(4 * channels, channels)

    def forward(self, x: Tensor) -> Tensor:
        """Return a tensor of the input's shape."""
        y = self.depthwise(x.permute(0, 3, 1, 2)).permute(0, 2, 3, 1)
        y = self.expand(self.norm(y.flatten(1, 2)))
        y = self.project(self.response(functional.gelu(y)))
        return torch.add(x, y.view_as(x))


class Downsample(nn.Module):
    """LayerNorm, then a convolution of stride 2 without padding."""

    def __init__(self, in_channels: int, out_channels: int, kernel: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(in_channels, eps=_EPSILON)
        self.merge = nn.Conv2d(in_channels, out_channels, kernel, stride=2)

    def forward(self, x: Tensor) -> Tensor:
        """Map (batch, height, width, in) to (batch, (height - kernel) // 2 + 1, likewise for width, out)."""
        merged: Tensor = self.merge(self.norm(x).permute(0, 3, 1, 2)).permute(0, 2, 3, 1)
        return merged


class Pointwise(nn.Module):
    """LayerNorm, then a linear map of the channels; the resolution stays."""

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(in_channels, eps=_EPSILON)
        self.map = nn.Linear(in_channels, out_channels)

    def forward(self, x: Tensor) -> Tensor:
        """Map (batch, height, width, in) to (batch, height, width, out)."""
        mapped: Tensor = self.map(self.norm(x))
        return mapped


class Stem(nn.Module):
    """Two overlapping 3x3 convolutions, the second of stride 2, GELU between them and LayerNorm at the end."""

    def __init__(self, hidden: int, channels: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(1, hidden, 3, padding=1)
        self.second = nn.Conv2d(hidden, channels, 3, stride=2, padding=1)
        self.norm = nn.LayerNorm(channels, eps=_EPSILON)

    def forward(self, images: Tensor) -> Tensor:
        """Map (batch, 1, height, width) to (batch, height / 2, width / 2, channels)."""
        x = functional.gelu(self.first(images.contiguous(memory_format=torch.channels_last)))
        normalised: Tensor = self.norm(self.second(x).permute(0, 2, 3, 1))
        return normalised


class ConvNeXt(nn.Module):
    """Four stages of depth 1-1-3-1 at 14x14, 7x7, 7x7 and 3x3, for one-channel 28x28 images.

    Inside, the channels are the last dimension: LayerNorm and the pointwise maps want them there.
    """

    def __init__(self, num_classes: int) -> None:
        super().__init__()
        self.stages = nn.Sequential(
            Stem(8, 16),
            Block(16),
            Downsample(16, 32, kernel=2),
            Block(32),
            Pointwise(32, 40),
            Block(40),
            Block(40),
            Block(40),
            Downsample(40, 208, kernel=3),
            Block(208),
        )
        self.norm = nn.LayerNorm(208, eps=_EPSILON)
        self.head = nn.Linear(208, num_classes)
        self.apply(_initialise)
        # Small first logits: the first steps should not have to unlearn random confidence.
        nn.init.trunc_normal_(self.head.weight, std=0.1 / math.sqrt(208))

    def forward(self, images: Tensor) -> Tensor:
        """Map (batch, 1, 28, 28) normalised images to (batch, classes) logits."""
        logits: Tensor = self.head(self.norm(self.stages(images).mean(dim=(1, 2))))
        return logits


def _initialise(module: nn.Module) -> None:
    if isinstance(module, (nn.Conv2d, nn.Linear)):
        nn.init.trunc_normal_(module.weight, std=1 / math.sqrt(module.weight[0].numel()))
        if module.bias is not None:
            nn.init.zeros_(module.bias)


@register_model(
    description="ConvNeXt V2 blocks in four small stages; accurate, and quick on two cores",
    recipe=Recipe(
        epochs=10,
        batch_size=128,
        optimizer="adamw",
        learning_rate=6e-3,
        beta2=0.99,
        weight_decay=0.05,
        schedule="cosine",
        warmup=0.1,
        ema_decay=0.998,
        augmentation=Augmentation(
            rotation=30, translate_x=0.1, translate_y=0.2, zoom=0.25, shear=10, cooldown=0.3
        ),
    ),
)
def convnext(num_classes: int = 10) -> nn.Module:
    """Return the ConvNeXt for ``num_classes`` classes."""
    return ConvNeXt(num_classes)
