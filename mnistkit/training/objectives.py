"""What training minimises."""

from __future__ import annotations

import math
from collections.abc import Callable

from torch import Tensor
from torch.nn import functional

from mnistkit.recipe import Recipe

Objective = Callable[[Tensor, Tensor], Tensor]

OUTLIER = -1
"""The label of an image that shows none of the classes."""

# Hendrycks, Mazeika and Dietterich (2019), section 4.3: their weight for images.
_OUTLIER_WEIGHT = 0.5


def cross_entropy(recipe: Recipe) -> Objective:
    """Return the cross-entropy with the recipe's label smoothing, and doubt where there is nothing to be sure of.

    The returned function maps logits (n, classes) and labels (n,) to the mean loss in nats, a scalar. For images
    labelled :data:`OUTLIER` it adds half the divergence of the uniform distribution from the predicted one, as in
    Hendrycks, Mazeika and Dietterich (2019), "Deep anomaly detection with outlier exposure", section 3.
    """

    def objective(logits: Tensor, labels: Tensor) -> Tensor:
        loss = functional.cross_entropy(
            logits, labels, ignore_index=OUTLIER, label_smoothing=recipe.label_smoothing
        )
        if not recipe.outliers:
            return loss
        return loss + _OUTLIER_WEIGHT * _divergence_from_uniform(logits[labels == OUTLIER])

    return objective


def _divergence_from_uniform(logits: Tensor) -> Tensor:
    """Return the mean Kullback-Leibler divergence from the uniform distribution to the predicted ones, in nats."""
    return -logits.log_softmax(dim=1).mean() - math.log(logits.shape[1])
