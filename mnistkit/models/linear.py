"""Softmax regression: one linear layer, the least that learns."""

from __future__ import annotations

from torch import nn

from mnistkit.models import register_model
from mnistkit.recipe import IMAGE_SIZE, Recipe

_PIXELS = IMAGE_SIZE[0] * IMAGE_SIZE[1]


@register_model(
    description="softmax regression: one linear layer",
    recipe=Recipe(
        epochs=10, optimizer="adamw", learning_rate=3e-3, weight_decay=0.05, schedule="cosine", warmup=0.1
    ),
)
def linear(num_classes: int = 10) -> nn.Module:
    """Return softmax regression, with 7,850 parameters for ten classes."""
    return nn.Sequential(nn.Flatten(), nn.Linear(_PIXELS, num_classes))
