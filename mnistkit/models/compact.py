"""Compact networks of 3x3 and 1x1 convolutions that end in global average pooling, as courses set them as a task.

A convolution of many maps looks at the picture, a 1x1 convolution squeezes its maps into few, and narrow
convolutions do the rest; the idea of the squeeze is that of Lin, Chen and Yan (2013, "Network in network",
section 3.1), and so is the average over all places instead of linear layers (section 3.2).

The parameter counts are the names: 190,442, 18,258, 6,270 and 7,074 for ten classes.
"""

from __future__ import annotations

from dataclasses import replace

from torch import nn

from mnistkit.models import register_model
from mnistkit.models._recipes import ONE_CYCLE
from mnistkit.models.layers import Layers, averaged, convolution
from mnistkit.recipe import Augmentation, Recipe

_AUTHORS = Recipe(epochs=15, batch_size=64, shards=1, optimizer="adam", learning_rate=1e-3, schedule="constant")
"""Stated of three of them are 15 epochs; the rest is what such networks are usually trained with. A batch is one
shard where an authors' recipe meets batch normalisation, whose statistics would be those of parts of it."""

_OURS = replace(ONE_CYCLE, learning_rate=1e-2)


@register_model(
    description="3x3 convolutions, global average pooling",
    recipe=ONE_CYCLE,
    recipes={"authors": _AUTHORS},
)
def compact_190k(num_classes: int = 10) -> nn.Module:
    """Return the widest, with 190,442 parameters for ten classes."""
    return Layers(
        convolution(1, 32),
        convolution(32, 64),
        convolution(64, 128),
        convolution(128, 32, kernel=1),
        convolution(32, 64),
        nn.MaxPool2d(2),
        convolution(64, 128),
        nn.Conv2d(128, num_classes, 1),
        averaged(),
    )


@register_model(
    description="3x3 and 1x1 convolutions, global average pooling",
    recipe=replace(ONE_CYCLE, learning_rate=5e-3),
    recipes={"authors": _AUTHORS},
)
def compact_18k(num_classes: int = 10) -> nn.Module:
    """Return the one with two squeezes and two poolings, with 18,258 parameters for ten classes."""
    return Layers(
        convolution(1, 128, same=True),
        convolution(128, 8, kernel=1),
        convolution(8, 16, same=True),
        nn.MaxPool2d(2),
        convolution(16, 16),
        convolution(16, 32),
        nn.MaxPool2d(2),
        convolution(32, 16, kernel=1),
        convolution(16, 16),
        convolution(16, 32),
        nn.Conv2d(32, num_classes, 1),
        averaged(),
    )


@register_model(
    description="the same, narrower, with batch normalisation",
    recipe=_OURS,
    recipes={"authors": _AUTHORS},
)
def compact_6k(num_classes: int = 10) -> nn.Module:
    """Return the narrow one with batch normalisation, with 6,270 parameters for ten classes."""
    return Layers(
        convolution(1, 128, same=True, normalised=True),
        convolution(128, 4, kernel=1),
        convolution(4, 8, same=True, normalised=True),
        nn.MaxPool2d(2),
        convolution(8, 8, normalised=True),
        convolution(8, 16, normalised=True),
        nn.MaxPool2d(2),
        convolution(16, 8, kernel=1),
        convolution(8, 8, normalised=True),
        convolution(8, 16, normalised=True),
        nn.Conv2d(16, num_classes, 1),
        averaged(),
    )


@register_model(
    description="one pooling, and the average taken before the last 1x1 convolution",
    recipe=_OURS,
    recipes={
        "authors": Recipe(
            epochs=15,
            batch_size=64,
            shards=1,
            optimizer="sgd",
            learning_rate=0.018,
            momentum=0.9,
            nesterov=False,
            schedule="step",
            decay_epochs=6,
            decay_factor=0.12,
            augmentation=Augmentation(rotation=15, crop_share=0.1, crop_size=22),
        )
    },
)
def compact_7k(num_classes: int = 10) -> nn.Module:
    """Return the one with a single pooling, with 7,074 parameters for ten classes."""
    return Layers(
        convolution(1, 128, normalised=True),
        convolution(128, 8, kernel=1),
        convolution(8, 8, normalised=True),
        nn.MaxPool2d(2),
        convolution(8, 8, normalised=True),
        convolution(8, 16, normalised=True),
        convolution(16, 8, kernel=1),
        convolution(8, 8, normalised=True),
        convolution(8, 16, normalised=True),
        nn.AdaptiveAvgPool2d(1),
        # The 1x1 convolution of one place is a linear layer.
        nn.Flatten(),
        nn.Linear(16, num_classes),
    )
