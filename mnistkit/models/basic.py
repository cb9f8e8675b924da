"""The network that most PyTorch tutorials train on MNIST: two convolutions, two linear layers, dropout."""

from __future__ import annotations

from dataclasses import replace

from torch import nn

from mnistkit.models import register_model
from mnistkit.models._recipes import ONE_CYCLE
from mnistkit.models.layers import Layers
from mnistkit.recipe import Recipe


@register_model(
    description="the usual PyTorch example: two convolutions, two linear layers, dropout",
    recipe=replace(ONE_CYCLE, epochs=14, learning_rate=2e-3),
    recipes={
        # Zeiler (2012), "Adadelta", with a rate that is multiplied by 0.7 after every epoch.
        "authors": Recipe(
            epochs=14,
            batch_size=64,
            optimizer="adadelta",
            learning_rate=1.0,
            beta2=0.9,
            schedule="step",
            decay_epochs=1,
            decay_factor=0.7,
        )
    },
)
def basic(num_classes: int = 10) -> nn.Module:
    """Return the tutorials' network, with 1,199,882 parameters for ten classes."""
    return Layers(
        nn.Conv2d(1, 32, 3),
        nn.ReLU(),
        nn.Conv2d(32, 64, 3),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Dropout(0.25),
        nn.Flatten(),
        nn.Linear(64 * 12 * 12, 128),
        nn.ReLU(),
        nn.Dropout(0.5),
        nn.Linear(128, num_classes),
    )
