"""The cross-entropy of the predicted distribution and the label."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional

from mnistkit.recipe import Recipe
from mnistkit.training.objectives.base import Objective


class CrossEntropy(Objective):
    """Cross-entropy with the recipe's label smoothing.

    Szegedy et al. (2016), "Rethinking the Inception architecture for computer vision", section 7.
    """

    name = "cross-entropy"

    def __init__(self, recipe: Recipe) -> None:
        self._label_smoothing = recipe.label_smoothing

    def __call__(
        self, model: nn.Module, inputs: Tensor, labels: Tensor, answers: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """Return the mean loss in nats and the logits."""
        logits = model(inputs)
        return functional.cross_entropy(logits, labels, label_smoothing=self._label_smoothing), logits
