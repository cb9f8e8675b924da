"""LeNet-5 as it is often modernised: two convolutions for each of its two, batch normalisation and dropout."""

from __future__ import annotations

from dataclasses import replace

from torch import nn

from mnistkit.models import register_model
from mnistkit.models._recipes import ELASTIC, ONE_CYCLE
from mnistkit.models.layers import Layers
from mnistkit.recipe import Augmentation, Recipe

_DROPOUT = 0.25


def _double(channels: int, maps: int, kernel: int) -> list[nn.Module]:
    """Return two convolutions without padding, and a pooling: a side becomes (side - 2 (kernel - 1)) / 2."""
    return [
        nn.Conv2d(channels, maps, kernel),
        nn.ReLU(),
        # What the normalisation subtracts makes a bias before it pointless.
        nn.Conv2d(maps, maps, kernel, bias=False),
        nn.BatchNorm2d(maps),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Dropout(_DROPOUT),
    ]


def _hidden(inputs: int, units: int) -> list[nn.Module]:
    return [nn.Linear(inputs, units, bias=False), nn.BatchNorm1d(units), nn.ReLU()]


@register_model(
    description="LeNet-5 modernised: four convolutions, batch normalisation, dropout",
    recipe=replace(ONE_CYCLE, epochs=30, learning_rate=4e-3, weight_decay=0.02, augmentation=ELASTIC),
    # Stated are the epochs, augmentation, and a learning rate that decays; the rest is the usual.
    recipes={
        "authors": Recipe(
            epochs=30,
            batch_size=64,
            shards=1,
            optimizer="adam",
            learning_rate=1e-3,
            schedule="plateau",
            decay_factor=0.5,
            plateau_patience=2,
            augmentation=Augmentation(rotation=10, translate_x=0.1, translate_y=0.1, zoom=0.1),
        )
    },
)
def lenet5_modified(num_classes: int = 10) -> nn.Module:
    """Return the modified LeNet-5, with 274,746 parameters for ten classes."""
    return Layers(
        *_double(1, 32, kernel=5),
        *_double(32, 64, kernel=3),
        nn.Flatten(),
        *_hidden(64 * 3 * 3, 256),
        *_hidden(256, 128),
        *_hidden(128, 84),
        nn.Dropout(_DROPOUT),
        nn.Linear(84, num_classes),
    )
