"""From plain arrays to a :class:`Dataset`: indices, label type, normalisation and validation size."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from mnistkit.data.base import Dataset, LabelledImages

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

# MNIST holds out 5,000 of its 60,000 training images; other data the same part of its own.
VALIDATION_PART = 12


class Arrays(NamedTuple):
    """One split as read: uint8 images of shape (n, 28, 28) and integer labels of shape (n,)."""

    images: NDArray[np.uint8]
    labels: NDArray[np.integer]


def assemble(
    name: str,
    classes: tuple[str, ...],
    train: Arrays,
    test: Arrays,
    normalisation: tuple[float, float] | None = None,
) -> Dataset:
    """Return the dataset made of two splits.

    Args:
        name: The registered name or the folder.
        classes: The class names in the order of the labels.
        train: The training images.
        test: The test images.
        normalisation: Mean and standard deviation of the training pixels on the 0 to 1 scale; None computes them.
    """
    mean, std = normalisation or pixel_statistics(train.images)
    return Dataset(
        name=name,
        classes=classes,
        train=_labelled(train),
        test=_labelled(test),
        validation_size=validation_size(len(train.labels), len(classes)),
        mean=mean,
        std=std,
    )


def validation_size(images: int, classes: int) -> int:
    """Return how many of the training images to hold out: a twelfth, and at least one for each class."""
    return max(round(images / VALIDATION_PART), classes)


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


def _labelled(arrays: Arrays) -> LabelledImages:
    import numpy as np

    labels = np.asarray(arrays.labels, dtype=np.int64)
    return LabelledImages(arrays.images, labels, np.arange(len(labels), dtype=np.int64))
