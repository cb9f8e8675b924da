"""The shape of the ink: how thick, how long, how entangled."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from mnistkit.imaging.fit import BOX
from mnistkit.imaging.strokes import ridge_width

# Smaller holes are pores of the ink: a square of this side, compared with the longer side.
SMALLEST_HOLE = 0.035
# The width of ragged hairlines is not known better than this, compared with the longer side.
_HAIR = 0.035
FRAME = 0.9
"""A rectangle lines at least so much of each side of the box around it; a 0 does not."""
# What counts as close to a side, as a part of the shorter one.
_LINING_DEPTH = 0.1


@dataclass(frozen=True)
class Shape:
    """Figures of one digit's mask; lengths in pixels of the 20x20 box it will be fitted into.

    Attributes:
        width: The strokes' usual width.
        thickest: Diameter of the largest disc inside the ink.
        path: Length of the strokes, measured in the longer side.
        holes: Background regions that the strokes enclose.
        aspect: Width divided by height.
        filled: Part of the box around it that is ink, 0 to 1.
        lining: As :func:`lining` returns it.
    """

    width: float
    thickest: float
    path: float
    holes: int
    aspect: float
    filled: float
    lining: float


def lining_depth(ink: NDArray[np.bool_]) -> int:
    """Return how many rows or columns of a mask count as close to its side."""
    return max(2, round(_LINING_DEPTH * int(min(ink.shape))))


def lining(ink: NDArray[np.bool_]) -> float:
    """Return how much of each side of a mask, the least of the four, has ink close to it: 1 for any rectangle."""
    deep = lining_depth(ink)
    level = (side.any(axis=0).mean() for side in (ink[:deep], ink[-deep:]))
    upright = (side.any(axis=1).mean() for side in (ink[:, :deep], ink[:, -deep:]))
    return float(min(*level, *upright))


def measure(mask: NDArray[np.bool_]) -> Shape:
    """Measure a mask that is cut to its ink, as :func:`mnistkit.imaging.fit.enlarge` gives it."""
    padded = np.pad(mask, 1)
    inside = ndimage.distance_transform_edt(padded).astype(np.float32)
    longer = max(mask.shape)
    width = ridge_width(inside)
    regions, _ = ndimage.label(~padded)
    areas = np.bincount(regions.reshape(-1))[2:]  # after the ink and the outside
    return Shape(
        width=width * BOX / longer,
        thickest=2 * float(inside.max()) * BOX / longer,
        path=np.count_nonzero(mask) / (max(width, _HAIR * longer) * longer),
        holes=int(np.count_nonzero(areas >= (SMALLEST_HOLE * longer) ** 2)),
        aspect=mask.shape[1] / mask.shape[0],
        filled=np.count_nonzero(mask) / mask.size,
        lining=lining(mask),
    )
