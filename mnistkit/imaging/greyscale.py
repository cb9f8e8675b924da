"""Grey levels in which coloured ink stands out from a coloured ground."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

_SIDE = 96
# A direction of colour other than grey is taken only where it shows the ink this much better.
_BETTER = 1.25
_GREY = np.full(3, 1 / 3, dtype=np.float32)


def to_grey(pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return grey levels of shape (height, width) for a grey or a colour picture.

    The colours are projected on the direction from the ground's colour to the ink's. Yellow ink on white, or red
    on green, would be all but invisible in the brightness. The levels of a projection may lie below 0.
    """
    if pixels.ndim == 2:
        return pixels.astype(np.float32)
    direction = ink_direction(pixels)
    return pixels.astype(np.float32) @ direction


def ink_direction(pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return weights of red, green and blue, whose absolute values sum to 1."""
    differences = _local_differences(pixels)
    weights = np.square(differences).sum(axis=1)
    if weights.max() < 1:
        return _GREY
    # The strongest differences are ink: they count with the fourth power.
    covariance = (differences * weights[:, None]).T @ differences
    principal = np.linalg.eigh(covariance.astype(np.float64))[1][:, -1].astype(np.float32)
    principal *= np.sign(principal.sum() or 1) / np.abs(principal).sum()
    if _visibility(differences, principal) > _BETTER * _visibility(differences, _GREY):
        return principal
    return _GREY


def _local_differences(pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return what differs from the surroundings' mean colour on a small copy, as (n, 3)."""
    factor = max(1, max(pixels.shape[:2]) // _SIDE)
    small = np.asarray(Image.fromarray(pixels).reduce(factor), dtype=np.float32)
    spread = max(small.shape[:2]) / 4
    surroundings = np.asarray(ndimage.gaussian_filter(small, (spread, spread, 0), truncate=2.0))
    return np.asarray((small - surroundings).reshape(-1, 3))


def _visibility(differences: NDArray[np.float32], direction: NDArray[np.float32]) -> float:
    return float(np.percentile(np.abs(differences @ direction), 99))
