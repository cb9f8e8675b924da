"""LeNet-5, the classic (LeCun et al., 1998, "Gradient-based learning applied to document recognition", II.B).

The modern reading of it: every map of the third layer sees all six of the second, max pooling and ReLU stand
for trainable pooling and tanh, and a linear layer ends it.
"""

from __future__ import annotations

from dataclasses import replace

from torch import Tensor, nn

from mnistkit.models import register_model
from mnistkit.models._recipes import ELASTIC, ONE_CYCLE
from mnistkit.recipe import Augmentation


class LeNet5(nn.Module):
    """conv 6@5x5 - pool - conv 16@5x5 - pool - 120 - 84 - classes, on 28x28 input padded to 32x32."""

    def __init__(self, num_classes: int) -> None:
        super().__init__()
        self.features = nn.Sequential(
            # Padding by 2 is the original's 32x32 input.
            nn.Conv2d(1, 6, 5, padding=2),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Conv2d(6, 16, 5),
            nn.ReLU(),
            nn.MaxPool2d(2),
        )
        self.classifier = nn.Sequential(
            nn.Flatten(),
            nn.Linear(16 * 5 * 5, 120),
            nn.ReLU(),
            nn.Linear(120, 84),
            nn.ReLU(),
            nn.Linear(84, num_classes),
        )

    def forward(self, images: Tensor) -> Tensor:
        """Map (batch, 1, 28, 28) normalised images to (batch, classes) logits."""
        logits: Tensor = self.classifier(self.features(images))
        return logits


_RECIPE = replace(ONE_CYCLE, learning_rate=6e-3, augmentation=ELASTIC)


@register_model(
    description="the classic of 1998: two convolutions, three linear layers",
    recipe=_RECIPE,
    recipes={
        "long": replace(_RECIPE, epochs=30),
        # Learns most in its first epochs, for models that are trained in passing.
        "quick": replace(
            ONE_CYCLE,
            epochs=10,
            ema_decay=0.0,
            augmentation=Augmentation(rotation=10, translate_x=0.07, translate_y=0.07, zoom=0.1),
        ),
    },
)
def lenet5(num_classes: int = 10) -> nn.Module:
    """Return LeNet-5 with 61,706 parameters for ten classes."""
    return LeNet5(num_classes)
