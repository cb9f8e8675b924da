"""Out-of-sample predictions by cross-validation: each image is judged by a model that has not seen it.

That is the first step of confident learning: Northcutt, Jiang and Chuang (2021), "Confident learning: estimating
uncertainty in dataset labels", Journal of Artificial Intelligence Research 70, section 3.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

SOURCE = "confident learning (Northcutt, Jiang and Chuang 2021)"


def fold_numbers(labels: NDArray[np.int64], folds: int, seed: int) -> NDArray[np.int64]:
    """Divide images into equally large parts in which the classes have the same shares.

    Args:
        labels: int64 array of shape (n,).
        folds: Number of parts, at least two and at most as many as the rarest class has images.
        seed: Seed of the random division.

    Returns:
        int64 array of shape (n,): the part of each image, from 0.
    """
    from sklearn.model_selection import StratifiedKFold

    numbers = np.zeros(len(labels), dtype=np.int64)
    divider = StratifiedKFold(folds, shuffle=True, random_state=seed)
    for number, (_, places) in enumerate(divider.split(labels, labels)):
        numbers[places] = number
    return numbers
