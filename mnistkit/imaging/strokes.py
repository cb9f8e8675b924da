"""The strokes of a mask: how wide they are, and how broken ones are joined."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from mnistkit.imaging.threshold import EIGHT

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
    # Distances run between the centres of pixels: of an odd width they are half a pixel more than of an even one.
    return 2.0 * float(np.median(ridge)) - 0.5 if ridge.size else 0.0


def join_broken(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Bridge gaps that are narrower than the strokes are wide, as chalk, pencils and bad scans leave them.

    Only what connects two pieces is filled in: the small loop of an 8 is a gap in nothing.
    """
    gap = min(_GAP * stroke_width(mask), _LONGEST_GAP * max(mask.shape))
    radius = round(gap / 2)
    pieces, count = ndimage.label(mask, EIGHT)
    if radius < 1 or count < 2:
        return mask
    size = 2 * radius + 1
    padded = np.pad(mask.view(np.uint8), radius)
    closed = ndimage.minimum_filter(ndimage.maximum_filter(padded, size), size)[radius:-radius, radius:-radius]
    added, bridges = ndimage.label((closed > 0) & ~mask, EIGHT)
    if not bridges:
        return mask
    last = ndimage.maximum_filter(pieces, 3)
    first = ndimage.minimum_filter(np.where(mask, pieces, count + 1), 3)
    numbers = np.arange(1, bridges + 1)
    places = added > 0
    joins = np.zeros(bridges + 1, dtype=bool)
    joins[1:] = ndimage.minimum(first[places], added[places], numbers) < ndimage.maximum(
        last[places], added[places], numbers
    )
    return np.asarray(mask | joins[added])
