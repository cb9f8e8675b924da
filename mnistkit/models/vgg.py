"""A small VGG (Simonyan and Zisserman 2014): three blocks of 3x3 convolutions with normalisation and dropout."""

from __future__ import annotations

from dataclasses import replace

from torch import nn

from mnistkit.models import register_model
from mnistkit.models._recipes import ELASTIC, ONE_CYCLE
from mnistkit.models.layers import Layers
from mnistkit.recipe import Augmentation, Recipe


def _block(channels: int, maps: int, *, convolutions: int, dropout: float, pooled: bool) -> nn.Sequential:
    """Return convolutions of ``maps`` channels, each normalised, that keep height and width, halved by pooling."""
    layers: list[nn.Module] = []
    for inputs in [channels, *[maps] * (convolutions - 1)]:
        layers += [nn.Conv2d(inputs, maps, 3, padding=1), nn.BatchNorm2d(maps), nn.GELU()]
    return nn.Sequential(*layers, *[nn.MaxPool2d(2)] * pooled, nn.Dropout2d(dropout))


@register_model(
    description="three blocks of 3x3 convolutions with batch normalisation, GELU and dropout",
    recipe=replace(ONE_CYCLE, epochs=30, weight_decay=0.02, augmentation=ELASTIC),
    # The epochs are not stated: early stopping ends it.
    recipes={
        "authors": Recipe(
            epochs=50,
            batch_size=64,
            shards=1,
            optimizer="adam",
            learning_rate=1e-3,
            schedule="step",
            decay_epochs=10,
            decay_factor=0.5,
            label_smoothing=0.1,
            patience=5,
            augmentation=Augmentation(rotation=10, translate_x=0.1, translate_y=0.1, zoom=0.1),
        )
    },
)
def vgg(num_classes: int = 10) -> nn.Module:
    """Return the VGG for 28x28 images, with 3,357,418 parameters for ten classes."""
    return Layers(
        _block(1, 32, convolutions=2, dropout=0.2, pooled=True),
        _block(32, 64, convolutions=2, dropout=0.25, pooled=True),
        _block(64, 128, convolutions=1, dropout=0.3, pooled=False),
        nn.Flatten(),
        nn.Linear(128 * 7 * 7, 512),
        nn.BatchNorm1d(512),
        nn.GELU(),
        nn.Dropout(0.35),
        nn.Linear(512, num_classes),
    )
