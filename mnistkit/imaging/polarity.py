"""Which is the ink: the darker or the lighter part of a picture."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

_SIDE = 96
_ROUNDS = 6
# Strokes of these widths, in pixels of the small copy, are looked for against their surroundings.
_SCALES = (1.5, 3.0, 6.0, 12.0)


def is_ink_dark(grey: NDArray[np.float32]) -> bool:
    """Say whether the ink is darker than the ground.

    Ink is the rarer part, so against its surroundings it makes a long tail on one side. Which surroundings show it
    best depends on the strokes' width; an edge of light and shadow makes tails on both sides alike. The
    surroundings are blurs of several widths, and a smooth surface through the larger part of the whole picture.
    """
    small = shrink(grey, _SIDE)
    residuals = [small - ndimage.gaussian_filter(small, scale, truncate=2.5) for scale in _SCALES]
    residuals.append(small - ground_surface(small))
    return max((_skewness(residual) for residual in residuals), key=abs) <= 0


def _skewness(residual: NDArray[np.float32]) -> float:
    variance = float(np.mean(residual**2))
    # An even picture has only rounding errors, whose tail says nothing.
    return float(np.mean(residual**3) / max(variance, 1e-3) ** 1.5)


def shrink(grey: NDArray[np.float32], side: int) -> NDArray[np.float32]:
    """Return block means, with no side longer than about ``side``."""
    factor = max(1, -(-max(grey.shape) // side))
    if factor == 1:
        return grey
    height, width = (max(factor, length - length % factor) for length in grey.shape)
    missing = [(0, max(0, wanted - length)) for wanted, length in zip((height, width), grey.shape, strict=True)]
    whole = np.pad(grey, missing, mode="edge")[:height, :width]
    return np.asarray(whole.reshape(height // factor, factor, width // factor, factor).mean(axis=(1, 3)))


def ground_surface(grey: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return a quadratic surface through the larger part of the levels; outliers lose their weight."""
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
