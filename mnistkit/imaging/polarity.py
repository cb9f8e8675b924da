"""Which is the ink: the darker or the lighter part of a picture."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_SIDE = 64
_ROUNDS = 6


def is_ink_dark(grey: NDArray[np.float32]) -> bool:
    """Say whether the ink is darker than the ground.

    The ground is the majority: a smooth surface fitted to it, with more weight at the edge of the picture, leaves
    the ink as the long tail on one side.
    """
    small = shrink(grey, _SIDE)
    residual = small - ground_surface(small)
    return float(np.sum(residual**3)) <= 0


def shrink(grey: NDArray[np.float32], side: int) -> NDArray[np.float32]:
    """Return block means, with no side longer than about ``side``."""
    factor = max(1, -(-max(grey.shape) // side))
    if factor == 1:
        return grey
    height, width = (max(factor, length - length % factor) for length in grey.shape)
    padded = np.pad(
        grey, [(0, max(0, height - grey.shape[0])), (0, max(0, width - grey.shape[1]))], mode="edge"
    )[:height, :width]
    return padded.reshape(height // factor, factor, width // factor, factor).mean(axis=(1, 3))


def ground_surface(grey: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return a quadratic surface through the larger part of the levels, fitted with shrinking weights of outliers."""
    height, width = grey.shape
    y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j].astype(np.float32)
    terms = np.stack([np.ones_like(x), x, y, x * y, x * x, y * y], axis=-1).reshape(-1, 6).astype(np.float64)
    values = grey.reshape(-1).astype(np.float64)
    edge = 1 + 2 * np.maximum(np.abs(x), np.abs(y)).reshape(-1).astype(np.float64) ** 4
    fitted = np.full_like(values, np.median(values))
    columns = 1
    for round_ in range(_ROUNDS):
        distance = np.abs(values - fitted)
        scale = max(1.0, 1.5 * float(np.median(distance)))
        weights = edge / (1 + (distance / scale) ** 2) ** 2
        columns = 1 if round_ < 1 else 6
        used = terms[:, :columns]
        weighted = used * weights[:, None]
        # The small ridge keeps pictures one pixel wide solvable.
        normal = weighted.T @ used + 1e-6 * np.trace(weighted.T @ used) * np.eye(columns)
        fitted = used @ np.linalg.solve(normal, weighted.T @ values)
    return fitted.reshape(height, width).astype(np.float32)
