"""Counting which class a model takes for which."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mnistkit.evaluation.results.base import EvaluatedCheckpoint
from mnistkit.evaluation.results.confusion import ModelConfusion


def measure_confusion(
    checkpoint: EvaluatedCheckpoint,
    labels: NDArray[np.int64],
    predicted: NDArray[np.int64],
    classes: int,
    normalize: str,
) -> ModelConfusion:
    """Return the confusion matrix of one model, by scikit-learn.

    Args:
        checkpoint: The checkpoint.
        labels: int64 array of shape (n,): the true classes.
        predicted: int64 array of shape (n,).
        classes: How many classes there are, whether they all occur or not.
        normalize: "true", "pred" or "all" for shares of the row, the column or all images, where a row or column
            without images stays zero; "none" for counts.
    """
    from sklearn.metrics import confusion_matrix

    places = range(classes)
    counts = confusion_matrix(labels, predicted, labels=places)
    values = counts
    if normalize != "none":
        values = confusion_matrix(labels, predicted, labels=places, normalize=normalize)
    return ModelConfusion(checkpoint, counts, values)
