"""What training minimises."""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor
from torch.nn import functional

from mnistkit.training.recipe import Recipe

Objective = Callable[[Tensor, Tensor], Tensor]


def cross_entropy(recipe: Recipe) -> Objective:
    """Return the cross-entropy with the recipe's label smoothing.

    The returned function maps logits (n, classes) and labels (n,) to the mean loss in nats, a scalar.
    """

    def objective(logits: Tensor, labels: Tensor) -> Tensor:
        return functional.cross_entropy(logits, labels, label_smoothing=recipe.label_smoothing)

    return objective
