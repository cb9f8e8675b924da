"""The images of MNIST's test set whose labels are known to be wrong or undecidable.

Source: Northcutt, Athalye and Mueller (2021), "Pervasive label errors in test sets destabilize machine learning
benchmarks", NeurIPS Datasets and Benchmarks; the votes of five reviewers an image stand in
https://github.com/cleanlab/label-errors (mturk/mnist_mturk.json). Indices count from 0 in t10k-images-idx3-ubyte.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_DATASET, _SPLIT = "mnist", "test"

RELABELLED = {
    947: 9,
    1621: 6,
    1901: 4,
    2462: 0,
    2597: 3,
    3558: 0,
    5937: 3,
    6651: 6,
    6783: 6,
    9729: 6,
}
"""Index to the label that most reviewers gave instead of the one in the file."""

AMBIGUOUS = (2130, 2654, 3520, 8527, 9679)
"""Indices for which most reviewers chose neither label, or no label had most votes."""

CITATION = "Northcutt, Athalye and Mueller 2021, NeurIPS Datasets and Benchmarks"
"""Whom to name beside a mark, in short."""

LABEL_ERRORS = tuple(sorted((*RELABELLED, *AMBIGUOUS)))
"""All fifteen indices."""


EXPLANATION = f"label error, ambiguous label: what most of five reviewers voted ({CITATION})"
"""Says what :func:`describe` means."""


def are_known(dataset: str, split: str) -> bool:
    """Say whether the label errors of a dataset's split are known: those of MNIST's test set are."""
    return (dataset, split) == (_DATASET, _SPLIT)


def describe(index: int) -> str:
    """Return what is known about the label of an image of MNIST's test set, in a few words; "" if nothing is."""
    if index in RELABELLED:
        return f"label error: voted {RELABELLED[index]}"
    return "ambiguous label" if index in AMBIGUOUS else ""


def without_label_errors(indices: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Return a mask of shape (n,), false for the images of MNIST's test set that are known label errors.

    Args:
        indices: int64 array of shape (n,): each image's place in the original test file.
    """
    import numpy as np

    return ~np.isin(indices, LABEL_ERRORS)
