"""Removing the lines of ruled and squared paper."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from mnistkit.imaging.polarity import shrink
from mnistkit.imaging.threshold import ink_levels

_SIDE = 160
# Slopes that are tried, up to about five degrees.
_SLOPES = np.linspace(-0.09, 0.09, 13)
# On a large picture a line would drift out of its row with the nearest of them.
_FINER = np.linspace(-0.0075, 0.0075, 5)
# A line covers this part of the picture from side to side; no stroke of a digit with a margin does.
_COVERED = 0.8
# It is at least this strong, in grey levels and compared with the rest of the rows.
_LEAST = 5.0
_OUTSTANDING = 5.0
# Lines are thin: so many rows of the small copy at most, and so large a part of all rows.
_WIDEST = 5
_MOST_ROWS = 0.5
# A pixel on a line that is this much stronger than the line is ink.
_INK = 1.6
# Lines nearly as strong as the ink must be at least so many: a digit that fills the picture has a stroke or two.
_WEAK_LINE = 0.6
_LINES = 3
# So must lines of any strength on a smaller picture: it is a crop of a digit, whose faint strokes cross it.
_SMALL = 96


def remove_lines(strength: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the strength of ink without straight lines that cross the whole picture.

    Args:
        strength: As :func:`mnistkit.imaging.background.flatten` gives it.
    """
    if min(strength.shape) < 48:
        return strength
    # Both directions are judged by the whole picture: where one kind of lines is gone, the other is interrupted.
    level = _remove_along_rows(strength)
    upright = _remove_along_rows(np.ascontiguousarray(strength.T)).T
    return np.minimum(level, upright)


def _remove_along_rows(strength: NDArray[np.float32]) -> NDArray[np.float32]:
    small = shrink(strength, _SIDE)
    slope = _sharpest(small, [slope for slope in _SLOPES if _is_line(_profile(_sheared(small, slope))).any()])
    if slope is None:
        return strength
    slope = _sharpest(strength, slope + _FINER) or 0.0
    sheared = _sheared(strength, slope)
    profile = _profile(sheared)
    line = _is_line(profile, widest=_WIDEST * strength.shape[0] / small.shape[0])
    if not line.any() or _is_stroke(line, profile, strength):
        return strength
    # The flanks of a line are weaker than what makes it known.
    reach = max(3, 2 * round(strength.shape[0] / small.shape[0]) + 1)
    level = ndimage.maximum_filter1d(np.where(line, profile, 0), reach).astype(np.float32)
    limit = (_INK * level)[:, None]
    ground = np.float32(np.median(strength))
    cleaned = np.where((level[:, None] > 0) & (sheared <= limit), np.minimum(sheared, ground), sheared)
    return _sheared(cleaned, -slope)


def _is_stroke(line: NDArray[np.bool_], profile: NDArray[np.float32], strength: NDArray[np.float32]) -> bool:
    """Say whether lines are strokes of a digit that fills its picture: few, and strong if it is large."""
    if int(ndimage.label(line)[1]) >= _LINES:
        return False
    if min(strength.shape) < _SMALL:
        return True
    levels = ink_levels(strength)
    return float(profile[line].max()) - levels.ground > _WEAK_LINE * levels.contrast


def _sharpest(strength: NDArray[np.float32], slopes: Sequence[float] | NDArray[np.float64]) -> float | None:
    """Return the slope along which the means of the rows differ most: there a line lies in few rows."""
    scores = [float(_sheared(strength, slope).mean(axis=1).var()) for slope in slopes]
    return float(slopes[int(np.argmax(scores))]) if scores else None


def _profile(strength: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return for each row the strength that the larger part of it exceeds; a pixel's deviation is forgiven."""
    tolerant = ndimage.maximum_filter1d(strength, 3, axis=0)
    place = int((1 - _COVERED) * strength.shape[1])
    return np.asarray(np.partition(tolerant, place, axis=1)[:, place])


def _is_line(profile: NDArray[np.float32], widest: float = _WIDEST) -> NDArray[np.bool_]:
    """Return which rows of a profile belong to thin lines."""
    usual = float(np.median(profile))
    spread = float(np.median(np.abs(profile - usual)))
    line = profile - usual > max(_LEAST, _OUTSTANDING * spread)
    labels, count = ndimage.label(line)
    widths = np.bincount(labels, minlength=count + 1)
    widths[0] = 0
    thin = (widths > 0) & (widths <= widest + 2)
    line = thin[labels]
    return line if line.mean() <= _MOST_ROWS else np.zeros_like(line)


def _sheared(strength: NDArray[np.float32], slope: float) -> NDArray[np.float32]:
    """Return the picture with its columns moved so that lines of this slope become level; rows wrap around."""
    height, width = strength.shape
    shifts = np.round(slope * (np.arange(width) - width / 2)).astype(np.intp) % height
    starts = [0, *(np.flatnonzero(np.diff(shifts)) + 1).tolist(), width]
    sheared = np.empty_like(strength)
    # Columns that move alike are moved together.
    for start, stop in pairwise(starts):
        kept = height - int(shifts[start])
        sheared[:kept, start:stop] = strength[height - kept :, start:stop]
        sheared[kept:, start:stop] = strength[: height - kept, start:stop]
    return sheared
