"""From plain arrays to a :class:`Dataset`: indices, label type, normalisation and validation size."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mnistkit.data.base import Dataset, LabelledImages
from mnistkit.preparation import INK, Preparation

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

# MNIST holds out 5,000 of its 60,000 training images; other data the same part of its own.
_VALIDATION_PART = 12


def assemble(
    name: str,
    classes: tuple[str, ...],
    train: LabelledImages,
    test: LabelledImages,
    normalisation: tuple[float, float] | None = None,
    preparation: tuple[Preparation, str] = (INK, ""),
    held_out: int | None = None,
) -> Dataset:
    """Return the dataset made of two splits.

    Args:
        name: The registered name or the folder.
        classes: The class names in the order of the labels.
        train: The training images.
        test: The test images.
        normalisation: Mean and standard deviation of the training pixels on the 0 to 1 scale; None computes them.
        preparation: How pictures are prepared for a model that learns from it, and why.
        held_out: How many training images to hold out for validation; None for a twelfth, and at least one
            for each class.
    """
    mean, std = normalisation or pixel_statistics(train.images)
    size = held_out or validation_size(len(train), len(classes))
    chosen, reason = preparation
    return Dataset(
        name,
        classes,
        train,
        test,
        validation_size=size,
        mean=mean,
        std=std,
        preparation=chosen,
        preparation_reason=reason,
    )


def label_images(images: NDArray[np.uint8], labels: NDArray[np.integer]) -> LabelledImages:
    """Return images of shape (n, 28, 28) with their labels of shape (n,), indexed in their order."""
    import numpy as np

    return LabelledImages(images, np.asarray(labels, dtype=np.int64), np.arange(len(labels), dtype=np.int64))


def validation_size(images: int, classes: int) -> int:
    """Return how many of the training images to hold out: a twelfth, and at least one for each class."""
    return max(round(images / _VALIDATION_PART), classes)


def pixel_statistics(images: NDArray[np.uint8]) -> tuple[float, float]:
    """Return the mean and the standard deviation of all pixels on the 0 to 1 scale, exact to rounding.

    Images without any contrast get a standard deviation of 1, so that normalising divides by no zero.
    """
    import numpy as np

    counts = np.zeros(256, dtype=np.int64)
    # In parts, for bincount makes a copy of its input that is eight times as large.
    for start in range(0, len(images), 4096):
        counts += np.bincount(images[start : start + 4096].reshape(-1), minlength=256)
    values = np.arange(256) / 255
    mean = float((counts * values).sum() / counts.sum())
    variance = float((counts * (values - mean) ** 2).sum() / counts.sum())
    return mean, variance**0.5 or 1.0
