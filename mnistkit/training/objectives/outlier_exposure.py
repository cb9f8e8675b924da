"""Cross-entropy, and doubt where there is nothing to be sure of: pictures of none of the classes in every batch.

Hendrycks, Mazeika and Dietterich (2019), "Deep anomaly detection with outlier exposure", ICLR.
"""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from mnistkit.data.base import DIGITS, Dataset
from mnistkit.exceptions import RecipeError
from mnistkit.recipe import Recipe
from mnistkit.training.objectives.base import Objective
from mnistkit.training.seeds import objective_generator, objective_set_up_generator

OUTLIER = -1
"""The label of an image that shows none of the classes."""

# Section 4.3 of the paper: their weight for images.
_WEIGHT = 0.5
# Drawn once a run, in a few seconds; the augmentation makes each new at every step.
_DRAWN = 3000


class OutlierExposure(Objective):
    """Cross-entropy of the digits plus half the divergence from the uniform distribution of what is none.

    That is section 3 of the paper, for classification. The outliers are drawn for the run, not downloaded.

    Args:
        recipe: Its ``outliers`` is how many of them a batch is shown, as a share of the batch.
        outliers: uint8 tensor of shape (m, 1, 28, 28) of pictures of none of the classes; None draws them.
    """

    name = "outlier exposure"

    def __init__(self, recipe: Recipe, outliers: Tensor | None = None) -> None:
        self._recipe = recipe
        self._outliers = outliers

    def __call__(
        self, model: nn.Module, inputs: Tensor, labels: Tensor, answers: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """Return the loss, its cross-entropy the mean over digits alone, in nats, and the logits."""
        logits = model(inputs)
        loss = functional.cross_entropy(
            logits, labels, ignore_index=OUTLIER, label_smoothing=self._recipe.label_smoothing
        )
        outliers = labels == OUTLIER
        if not outliers.any():
            return loss, logits
        return loss + _WEIGHT * _divergence_from_uniform(logits[outliers]), logits

    def set_up(self, dataset: Dataset, device: torch.device) -> None:
        """Draw the outliers.

        Raises:
            RecipeError: the classes are not digits, and letters may be among them.
        """
        if self._outliers is not None:
            return
        from mnistkit.data.outliers import draw_outliers

        if dataset.classes != DIGITS:
            raise RecipeError(
                f"outliers are letters and scribbles: for digits only; {dataset.name} has other classes",
                hint="leave the recipe's outliers at 0",
            )
        rng = objective_set_up_generator(self._recipe.seed)
        drawn = draw_outliers(_DRAWN, dataset.split("train").images, rng)
        self._outliers = torch.from_numpy(drawn).unsqueeze(1).to(device)

    def extend_batch(self, pixels: Tensor, labels: Tensor, step: int) -> tuple[Tensor, Tensor]:
        """Return the batch with outliers at its start, where they are always augmented."""
        if self._outliers is None:
            raise RuntimeError("set_up() comes before the first step")
        count = max(1, round(self._recipe.outliers * len(labels)))
        generator = objective_generator(self._recipe.seed, step)
        chosen = torch.randint(len(self._outliers), (count,), generator=generator)
        return (
            torch.cat([self._outliers[chosen.to(self._outliers.device)], pixels]),
            torch.cat([labels.new_full((count,), OUTLIER), labels]),
        )

    def describe(self) -> dict[str, Any]:
        """Return how many outliers there are, and the weight of their part of the loss."""
        count = _DRAWN if self._outliers is None else len(self._outliers)
        return {**super().describe(), "outliers": count, "weight": _WEIGHT}


def _divergence_from_uniform(logits: Tensor) -> Tensor:
    """Return the mean Kullback-Leibler divergence from the uniform distribution to the predicted ones, in nats."""
    return -logits.log_softmax(dim=1).mean() - math.log(logits.shape[1])
