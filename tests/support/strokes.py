"""A digit's strokes at any size and width, from its 28x28 image."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

_MARGIN = 0.3


@dataclass(frozen=True)
class StrokeField:
    """Signed distance to the strokes' edge, positive inside, in pixels of an enlarged field.

    Attributes:
        distance: float32 of shape (n, n), with a margin around the digit.
        mask: Where the strokes of the MNIST image are.
        height: Longer side of the digit in the field.
        aspect: Its width divided by its longer side.
    """

    distance: NDArray[np.float32]
    mask: NDArray[np.bool_]
    height: int
    aspect: float

    def redrawn(self, pen: float) -> StrokeField:
        """Return the digit drawn along the middle of its strokes with a round pen ``pen`` pixels wide."""
        skeleton = thin(self.mask)
        distance = pen / 2 - ndimage.distance_transform_edt(~skeleton)
        smooth = ndimage.gaussian_filter(distance.astype(np.float32), 1.5)
        return StrokeField(smooth, self.mask, self.height, self.aspect)

    def with_width(self, pen: float) -> StrokeField:
        """Return the digit with its own strokes thickened to about ``pen`` pixels; they are never thinned."""
        inside = self.distance[thin(self.mask)]
        change = max(0.0, pen / 2 - float(np.median(inside)))
        return StrokeField(self.distance + np.float32(change), self.mask, self.height, self.aspect)

    def draw(
        self, shape: tuple[int, int], centre: NDArray[np.float64], size: float, angle: float
    ) -> NDArray[np.float32]:
        """Return the coverage, 0 to 1, of a picture by the digit, ``size`` long around ``centre`` (y, x)."""
        step = self.height / size
        turn = step * np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
        middle = (np.array(self.distance.shape) - 1) / 2
        distance = ndimage.affine_transform(
            self.distance, turn, middle - turn @ (centre - 0.5), output_shape=shape, order=1, cval=-1e3
        )
        return np.clip(distance / step + 0.5, 0, 1).astype(np.float32)


def stroke_field(tile: NDArray[np.uint8], height: int) -> StrokeField:
    """Enlarge an MNIST image of shape (28, 28) smoothly until its digit's longer side is ``height`` pixels."""
    rows, columns = (np.flatnonzero((tile > 64).any(axis=axis)) for axis in (1, 0))
    digit = tile[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    factor = height / max(digit.shape)
    pad = int(28 * _MARGIN)
    smooth = ndimage.zoom(np.pad(digit.astype(np.float32), pad), factor, order=3)
    mask = ndimage.gaussian_filter(smooth, factor * 0.4) > 110
    side = max(mask.shape)
    before = [(side - length) // 2 for length in mask.shape]
    mask = np.pad(mask, [(b, side - length - b) for b, length in zip(before, mask.shape, strict=True)])
    inside, outside = ndimage.distance_transform_edt(mask), ndimage.distance_transform_edt(~mask)
    distance = (inside - outside).astype(np.float32)
    return StrokeField(distance, mask, height, digit.shape[1] / max(digit.shape))


def thin(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return the middle lines of strokes.

    Zhang and Suen (1984), "A fast parallel algorithm for thinning digital patterns".
    """
    mask = np.pad(mask, 1)
    changed = True
    while changed:
        changed = False
        for first in (True, False):
            n = _neighbours(mask)
            count = n.sum(axis=0)
            turns = sum((~n[i] & n[(i + 1) % 8]) for i in range(8))
            up, right, down, left = n[0], n[2], n[4], n[6]
            if first:
                free = ~(up & right & down) & ~(right & down & left)
            else:
                free = ~(up & right & left) & ~(up & down & left)
            drop = mask[1:-1, 1:-1] & (count >= 2) & (count <= 6) & (turns == 1) & free
            if drop.any():
                mask[1:-1, 1:-1] &= ~drop
                changed = True
    return mask[1:-1, 1:-1]


def _neighbours(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return the eight neighbours of each inner pixel, clockwise from the upper one."""
    h, w = mask.shape[0] - 2, mask.shape[1] - 2
    offsets = ((0, 1), (0, 2), (1, 2), (2, 2), (2, 1), (2, 0), (1, 0), (0, 0))
    return np.stack([mask[y : y + h, x : x + w] for y, x in offsets])
