"""A perceptron with two hidden layers of 800 units: the student of Hinton, Vinyals and Dean (2015, section 3)."""

from __future__ import annotations

from dataclasses import replace

from torch import nn

from mnistkit.models import register_model
from mnistkit.models._recipes import ELASTIC, ONE_CYCLE
from mnistkit.recipe import IMAGE_SIZE, Recipe

_PIXELS = IMAGE_SIZE[0] * IMAGE_SIZE[1]
_UNITS = 800


@register_model(
    description="two hidden layers of 800 units with ReLU and dropout",
    recipe=replace(ONE_CYCLE, epochs=40, learning_rate=1e-3, weight_decay=0.05, augmentation=ELASTIC),
    # Without augmentation, as in the paper.
    recipes={
        "authors": Recipe(
            epochs=30,
            batch_size=128,
            optimizer="adam",
            learning_rate=1e-3,
            schedule="step",
            decay_epochs=10,
            decay_factor=0.3,
        )
    },
)
def mlp(num_classes: int = 10) -> nn.Module:
    """Return 784-800-800-classes, with 1,276,810 parameters for ten classes."""
    return nn.Sequential(
        nn.Flatten(),
        nn.Linear(_PIXELS, _UNITS),
        nn.ReLU(),
        nn.Dropout(0.5),
        nn.Linear(_UNITS, _UNITS),
        nn.ReLU(),
        nn.Dropout(0.5),
        nn.Linear(_UNITS, num_classes),
    )
