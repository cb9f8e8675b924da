"""The stratified split of the training images into training and validation, the same for everyone, for ever."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mnistkit.exceptions import DataError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

# Part of the published split: changing it changes every figure ever reported.
_SPLIT_SEED = 20240601


def stratified_holdout(labels: NDArray[np.int64], size: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Split places 0 to n-1 into (kept, held out), class shares kept, both in ascending order.

    The held-out places of each class are the first of a permutation by ``numpy.random.RandomState``, whose
    stream numpy guarantees never to change; the classes' shares are rounded by largest remainder. Where ``size``
    allows, every class with at least two images has one on either side.

    Args:
        labels: int64 array of shape (n,).
        size: Number of places to hold out, at least one and less than n.

    Raises:
        DataError: there are too few images to hold out ``size`` of them.
    """
    import numpy as np

    if not 0 < size < len(labels):
        raise DataError(f"cannot hold out {size} of {len(labels)} images for validation")
    random = np.random.RandomState(_SPLIT_SEED)
    classes, counts = np.unique(labels, return_counts=True)
    shares = _both_sides(_largest_remainder(counts * size / len(labels), size), counts)
    held_out = np.concatenate(
        [
            random.permutation(np.flatnonzero(labels == label))[:share]
            for label, share in zip(classes, shares, strict=True)
        ]
    )
    mask = np.zeros(len(labels), dtype=bool)
    mask[held_out] = True
    return np.flatnonzero(~mask), np.flatnonzero(mask)


def _largest_remainder(exact: NDArray[np.float64], total: int) -> NDArray[np.int64]:
    import numpy as np

    shares = np.floor(exact).astype(np.int64)
    # A stable sort breaks ties by class number, so that the result does not depend on the machine.
    order = np.argsort(-(exact - shares), kind="stable")
    shares[order[: total - int(shares.sum())]] += 1
    return shares


def _both_sides(shares: NDArray[np.int64], counts: NDArray[np.int64]) -> NDArray[np.int64]:
    """Move places between classes, as few as possible, until none has all or nothing held out without need.

    Classes of thousands of images, as in MNIST, stay as they are.
    """
    shares = shares.copy()
    for empty in ((shares == 0) & (counts > 1)).nonzero()[0]:
        donor = int(shares.argmax())
        if shares[donor] > 1:
            shares[donor] -= 1
            shares[empty] += 1
    for full in ((shares == counts) & (counts > 1)).nonzero()[0]:
        taker = int((counts - shares).argmax())
        if counts[taker] - shares[taker] > 1:
            shares[full] -= 1
            shares[taker] += 1
    return shares
