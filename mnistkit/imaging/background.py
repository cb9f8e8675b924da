"""Removing paper, light and shadow, so that only what is written stays."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

# The ground is what remains of the picture when everything narrower than this part of its shorter side is wiped off.
_WIDEST_STROKE = 0.36
# In a shadow ink and paper keep their ratio. It is trusted down to this part of the brightest ground.
_DARKEST_LIGHT = 0.35


def smooth(grey: NDArray[np.float32]) -> NDArray[np.float32]:
    """Take the finest noise out of a picture that is large enough to lose it."""
    side = min(grey.shape)
    if side < 64:
        return grey
    return ndimage.gaussian_filter(grey, 0.6 if side < 200 else 1.0, truncate=3.0)


def flatten(grey: NDArray[np.float32], dark_ink: bool, widest: float | None = None) -> NDArray[np.float32]:
    """Return the strength of ink, about 0 on the ground and positive on ink, in grey levels of the brightest ground.

    A morphological closing (opening, for light ink) follows every edge of a shadow, which a mean or a median would
    blur into something that looks like ink. Serra (1982), "Image analysis and mathematical morphology".

    Args:
        grey: Levels of shape (height, width).
        dark_ink: Whether the ink is darker than the ground.
        widest: Width in pixels up to which something is a stroke; by default a part of the picture's shorter side.
    """
    size = int(widest or _WIDEST_STROKE * min(grey.shape)) | 1
    size = max(size, 3)
    ground = _closed(grey, size) if dark_ink else -_closed(-grey, size)
    strength = ground - grey if dark_ink else grey - ground
    if dark_ink and ground.min() > 0:
        brightest = float(np.percentile(ground[:: max(1, size // 8), :: max(1, size // 8)], 95))
        strength = strength / np.maximum(ground / max(brightest, 1.0), _DARKEST_LIGHT)
    return strength


def _closed(grey: NDArray[np.float32], size: int) -> NDArray[np.float32]:
    filled = ndimage.maximum_filter(grey, size, mode="nearest")
    return ndimage.minimum_filter(filled, size, mode="nearest")
