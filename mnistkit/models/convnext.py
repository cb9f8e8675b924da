"""A small ConvNeXt for 28x28 digits, and a larger one of the same shape. The small one:

    images (1, 28, 28)
    Stem             two overlapping 3x3 convolutions      14x14, 16 channels
    Block                                                  14x14, 16
    Downsample       2x2, stride 2                          7x7,  32
    Block                                                   7x7,  32
    Pointwise                                               7x7,  40
    Block x 3                                               7x7,  40
    Downsample       3x3, stride 2                          3x3, 208
    Block                                                   3x3, 208
    mean over the positions, LayerNorm, Linear             logits

The blocks are those of ConvNeXt V2 (Woo et al. 2023, section 3): depthwise convolution, LayerNorm, pointwise
expansion by four, GELU, Global Response Normalization, pointwise projection, all on a residual. What differs
from the ImageNet models suits small pictures: a stem of two overlapping convolutions instead of 4x4 patches,
3x3 depthwise kernels, an overlapping convolution before the last stage, and initial weights scaled by their
fan-in.

Tensors are (batch, height, width, channels) everywhere but in the convolutions: LayerNorm and the pointwise maps
want the channels last. A CPU computes some of these layers in the quicker forms of
:mod:`mnistkit.models.cpu_forms.convnext`.
"""

from __future__ import annotations

import math
from dataclasses import replace

import torch
from torch import Tensor, nn
from torch.nn import functional

from mnistkit.models import register_model
from mnistkit.recipe import Augmentation, Recipe

EPSILON = 1e-6


class ConvNeXt(nn.Module):
    """Stages of 1, 1, 3 and 1 blocks at 14x14, 7x7, 7x7 and 3x3, for one-channel 28x28 images.

    Args:
        num_classes: Columns of the logits.
        hidden: Channels between the stem's two convolutions.
        channels: Channels of each stage.
    """

    def __init__(self, num_classes: int, hidden: int, channels: tuple[int, int, int, int]) -> None:
        super().__init__()
        first, second, third, last = channels
        self.stages = nn.Sequential(
            Stem(hidden, first),
            Block(first),
            Downsample(first, second, kernel=2),
            Block(second),
            Pointwise(second, third),
            Block(third),
            Block(third),
            Block(third),
            Downsample(third, last, kernel=3),
            Block(last),
        )
        self.norm = nn.LayerNorm(last, eps=EPSILON)
        self.head = nn.Linear(last, num_classes)
        self.apply(_initialise)
        # Small first logits: the first steps should not have to unlearn random confidence.
        nn.init.trunc_normal_(self.head.weight, std=0.1 / math.sqrt(last))

    def forward(self, images: Tensor) -> Tensor:
        """Map (batch, 1, 28, 28) normalised images to (batch, classes) logits."""
        logits: Tensor = self.head(self.norm(self.stages(images).mean(dim=(1, 2))))
        return logits


class Stem(nn.Module):
    """Two overlapping 3x3 convolutions, the second of stride 2, GELU between them and LayerNorm at the end."""

    def __init__(self, hidden: int, channels: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(1, hidden, 3, padding=1)
        self.second = nn.Conv2d(hidden, channels, 3, stride=2, padding=1)
        self.norm = nn.LayerNorm(channels, eps=EPSILON)

    def forward(self, images: Tensor) -> Tensor:
        """Map (batch, 1, height, width) to (batch, height / 2, width / 2, channels), rounded up."""
        x = self.second(functional.gelu(self.first(images)))
        normalised: Tensor = self.norm(channels_last(x))
        return normalised


class Block(nn.Module):
    """One residual ConvNeXt V2 block."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.depthwise = nn.Conv2d(channels, channels, 3, padding=1, groups=channels)
        self.norm = nn.LayerNorm(channels, eps=EPSILON)
        self.expand = nn.Linear(channels, 4 * channels)
        self.response = GlobalResponseNorm(4 * channels)
        self.project = nn.Linear(4 * channels, channels)

    def forward(self, x: Tensor) -> Tensor:
        """Map (batch, height, width, channels) to the same shape."""
        y = channels_last(self.depthwise(channels_first(x)))
        y = functional.gelu(self.expand(self.norm(y)))
        projected: Tensor = self.project(self.response(y))
        return x + projected


class GlobalResponseNorm(nn.Module):
    """Global Response Normalization (Woo et al. 2023, section 3): the features of an image compete."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.gamma = nn.Parameter(torch.zeros(channels))
        self.beta = nn.Parameter(torch.zeros(channels))

    def forward(self, x: Tensor) -> Tensor:
        """Map (batch, height, width, channels) to the same shape.

        Half-precision input is normalised in float32, since it is squared and summed.
        """
        x = x.to(torch.promote_types(x.dtype, torch.float32))
        # The epsilon keeps the gradient of a feature that is 0 everywhere finite. torch's own norm does that too,
        # but takes up to ten times as long on a CPU over dimensions that are not the last.
        norm = (x.square().sum(dim=(1, 2), keepdim=True) + EPSILON**2).sqrt()
        response = norm / (norm.mean(dim=-1, keepdim=True) + EPSILON)
        return x * (1 + self.gamma * response) + self.beta


class Downsample(nn.Module):
    """LayerNorm, then a convolution of stride 2 without padding."""

    def __init__(self, in_channels: int, out_channels: int, kernel: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(in_channels, eps=EPSILON)
        self.merge = nn.Conv2d(in_channels, out_channels, kernel, stride=2)

    def forward(self, x: Tensor) -> Tensor:
        """Map (batch, height, width, in) to (batch, (height - kernel) // 2 + 1, likewise for width, out)."""
        return channels_last(self.merge(channels_first(self.norm(x))))


class Pointwise(nn.Module):
    """LayerNorm, then a linear map of the channels; the resolution stays."""

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(in_channels, eps=EPSILON)
        self.map = nn.Linear(in_channels, out_channels)

    def forward(self, x: Tensor) -> Tensor:
        """Map (batch, height, width, in) to (batch, height, width, out)."""
        mapped: Tensor = self.map(self.norm(x))
        return mapped


def channels_first(x: Tensor) -> Tensor:
    """View (batch, height, width, channels) as (batch, channels, height, width), as convolutions want it."""
    return x.permute(0, 3, 1, 2)


def channels_last(x: Tensor) -> Tensor:
    """View (batch, channels, height, width) as (batch, height, width, channels)."""
    return x.permute(0, 2, 3, 1)


def _initialise(module: nn.Module) -> None:
    if isinstance(module, (nn.Conv2d, nn.Linear)):
        nn.init.trunc_normal_(module.weight, std=1 / math.sqrt(module.weight[0].numel()))
        if module.bias is not None:
            nn.init.zeros_(module.bias)


_RECIPE = Recipe(
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
        rotation=30,
        translate_x=0.1,
        translate_y=0.2,
        zoom=0.25,
        shear=10,
        elastic=1.0,
        ramp_down=0.6,
        final_share=0.3,
    ),
)


@register_model(
    description="ConvNeXt V2 blocks in four small stages; accurate, and quick on two cores",
    recipe=_RECIPE,
)
def convnext(num_classes: int = 10) -> nn.Module:
    """Return the ConvNeXt for ``num_classes`` classes."""
    return ConvNeXt(num_classes, hidden=8, channels=(16, 32, 40, 208))


@register_model(
    description="the same with about twice the channels; a teacher",
    recipe=replace(_RECIPE, epochs=20, learning_rate=4e-3, ema_decay=0.999),
)
def convnext_large(num_classes: int = 10) -> nn.Module:
    """Return the larger one, with 1,817,514 parameters for ten classes."""
    return ConvNeXt(num_classes, hidden=16, channels=(32, 64, 96, 384))
