"""The strokes of a mask: how wide they are, and how broken ones are joined."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

_GAP = 0.6
_LONGEST_GAP = 0.06


def stroke_width(mask: NDArray[np.bool_]) -> float:
    """Return the usual width in pixels of the strokes: twice their area divided by the length of their edge."""
    area = np.count_nonzero(mask)
    if not area:
        return 0.0
    edge = area - np.count_nonzero(ndimage.binary_erosion(mask))
    return 2.0 * area / edge


def ridge_width(distance: NDArray[np.float32]) -> float:
    """Return the usual width of strokes from the distances to their edge: twice the median along their middle."""
    highest = ndimage.maximum_filter(distance, 3)
    ridge = distance[(distance == highest) & (distance > 0)]
    return 2.0 * float(np.median(ridge)) if ridge.size else 0.0


def join_broken(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Close gaps in strokes that are narrower than the strokes are wide, as chalk, pencils and bad scans leave them."""
    gap = min(_GAP * stroke_width(mask), _LONGEST_GAP * max(mask.shape))
    radius = round(gap / 2)
    if radius < 1:
        return mask
    size = 2 * radius + 1
    padded = np.pad(mask.view(np.uint8), radius)
    closed = ndimage.minimum_filter(ndimage.maximum_filter(padded, size), size)
    return np.asarray(closed[radius:-radius, radius:-radius] > 0) | mask
