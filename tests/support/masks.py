"""Strokes as masks, and pages they are written on, for the tests of single steps of the preparation."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Mask = NDArray[np.bool_]


def ring(side: int = 200, radius: float = 60, width: float = 12) -> Mask:
    """A zero in the middle of a square."""
    y, x = np.mgrid[:side, :side] - (side - 1) / 2
    return np.abs(np.hypot(y, x) - radius) <= width / 2


def bar(shape: tuple[int, int], top: int, left: int, height: int, width: int) -> Mask:
    mask = np.zeros(shape, dtype=bool)
    mask[top : top + height, left : left + width] = True
    return mask


def written(mask: Mask, paper: float = 220, ink: float = 40) -> NDArray[np.float32]:
    return np.where(mask, ink, paper).astype(np.float32)
