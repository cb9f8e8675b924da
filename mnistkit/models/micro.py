"""Networks as accurate as their few parameters let them be: at most 700, 2,000, 5,000, 8,000 and 20,000.

    images (1, 28, 28)
    two 3x3 convolutions                26x26, 24x24
    max pooling                         12x12
    two or three 3x3 convolutions       10x10, 8x8, 6x6
    mean over the positions, Linear     logits

One pooling, where a position has seen 5x5 pixels, and the mean before the last layer, so that this needs one
weight for each map and class. No convolution is padded or has a bias: batch normalisation follows each. Up to
2,000 parameters all convolutions but the first are separable (Howard et al. 2017, "MobileNets", section 3.1): one
kernel for each map, then a 1x1 convolution, which takes a fraction of the parameters.
"""

from __future__ import annotations

from dataclasses import replace

from torch import nn

from mnistkit.models import register_model
from mnistkit.models._recipes import ONE_CYCLE
from mnistkit.models.layers import Layers, averaged

_RECIPE = replace(ONE_CYCLE, learning_rate=1e-2)


def shaped(shape: str, num_classes: int = 10) -> nn.Module:
    """Return the network that a shape describes.

    Args:
        shape: The layers in order, with hyphens between: a number is a 3x3 convolution to so many maps, one after
            an ``s`` a separable one, and ``p`` is the pooling. The mean and the linear layer come by themselves.
        num_classes: Columns of the logits.
    """
    layers: list[nn.Module] = []
    channels = 1
    for part in shape.split("-"):
        if part == "p":
            layers += [nn.MaxPool2d(2)]
            continue
        maps = int(part.removeprefix("s"))
        convolution = _separable if part.startswith("s") else _plain
        layers += [*convolution(channels, maps), nn.BatchNorm2d(maps), nn.ReLU()]
        channels = maps
    return Layers(*layers, averaged(), nn.Linear(channels, num_classes))


def _plain(channels: int, maps: int) -> list[nn.Module]:
    return [nn.Conv2d(channels, maps, 3, bias=False)]


def _separable(channels: int, maps: int) -> list[nn.Module]:
    return [
        nn.Conv2d(channels, channels, 3, groups=channels, bias=False),
        nn.Conv2d(channels, maps, 1, bias=False),
    ]


@register_model(description="at most 700 parameters: separable convolutions", recipe=replace(_RECIPE, epochs=30))
def micro_700(num_classes: int = 10) -> nn.Module:
    """Return four convolutions, three of them separable, with 664 parameters for ten classes."""
    return shaped("4-s8-p-s10-s12", num_classes)


@register_model(description="at most 2,000 parameters: separable convolutions", recipe=replace(_RECIPE, epochs=30))
def micro_2k(num_classes: int = 10) -> nn.Module:
    """Return four convolutions, three of them separable, with 1,910 parameters for ten classes."""
    return shaped("8-s16-p-s20-s28", num_classes)


@register_model(
    description="at most 5,000 parameters: narrow 3x3 convolutions", recipe=replace(_RECIPE, epochs=30)
)
def micro_5k(num_classes: int = 10) -> nn.Module:
    """Return five convolutions with 4,818 parameters for ten classes."""
    return shaped("8-8-p-12-12-16", num_classes)


@register_model(description="at most 8,000 parameters: narrow 3x3 convolutions", recipe=_RECIPE)
def micro_8k(num_classes: int = 10) -> nn.Module:
    """Return five convolutions with 7,890 parameters for ten classes."""
    return shaped("8-12-p-16-16-18", num_classes)


@register_model(description="at most 20,000 parameters: narrow 3x3 convolutions", recipe=_RECIPE)
def micro_20k(num_classes: int = 10) -> nn.Module:
    """Return five convolutions with 18,554 parameters for ten classes."""
    return shaped("16-16-p-24-24-32", num_classes)
