"""Removing paper, light and shadow, so that only what is written stays."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

from mnistkit.imaging.polarity import ground_surface, shrink

# The ground is what remains of the picture when everything narrower than this part of its shorter side is gone.
_WIDEST_STROKE = 0.42
_SURFACE_SIDE = 64
# In a shadow ink and paper keep their ratio. It is trusted down to this part of the brightest ground.
_DARKEST_LIGHT = 0.35


def smooth(grey: NDArray[np.float32]) -> NDArray[np.float32]:
    """Take the finest noise out of a picture that is large enough to lose it."""
    side = min(grey.shape)
    if side < 64:
        return grey
    return np.asarray(ndimage.gaussian_filter(grey, 0.6 if side < 200 else 1.0, truncate=3.0))


def flatten(grey: NDArray[np.float32], dark_ink: bool, widest: float | None = None) -> NDArray[np.float32]:
    """Return the strength of ink, about 0 on the ground and positive on ink, in grey levels.

    A morphological closing (opening, for light ink) follows every edge of a shadow, which a mean or a median would
    blur into something that looks like ink. Serra (1982), "Image analysis and mathematical morphology". It is done
    twice: with the picture itself, where a slope at the picture's edge looks like ink, and without the smooth part
    of the light, which leaves a valley beside a shadow's edge that is taken for ink. What is ink in both is ink.

    Args:
        grey: Levels of shape (height, width).
        dark_ink: Whether the ink is darker than the ground.
        widest: Width in pixels up to which something is a stroke; by default a part of the picture's shorter side.
    """
    size = max(3, int(widest or _WIDEST_STROKE * min(grey.shape)) | 1)
    grounds = (light + _ground(grey - light, size, dark_ink) for light in (np.float32(0), _even_light(grey)))
    return np.minimum(*(_strength(grey, ground, size, dark_ink) for ground in grounds))


def _ground(grey: NDArray[np.float32], size: int, dark_ink: bool) -> NDArray[np.float32]:
    return _closed(grey, size) if dark_ink else -_closed(-grey, size)


def _strength(
    grey: NDArray[np.float32], ground: NDArray[np.float32], size: int, dark_ink: bool
) -> NDArray[np.float32]:
    if not dark_ink:
        return grey - ground
    strength = ground - grey
    if ground.min() > 0:
        step = max(1, size // 8)
        brightest = max(1.0, float(np.percentile(ground[::step, ::step], 95)))
        strength = strength / np.maximum(ground / np.float32(brightest), np.float32(_DARKEST_LIGHT))
    return strength


def _even_light(grey: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the smooth part of the light; at the picture's edge a closing would take a slope for ink."""
    surface = Image.fromarray(ground_surface(shrink(grey, _SURFACE_SIDE)))
    return np.array(surface.resize((grey.shape[1], grey.shape[0]), Image.Resampling.BILINEAR), dtype=np.float32)


def _closed(grey: NDArray[np.float32], size: int) -> NDArray[np.float32]:
    filled = ndimage.maximum_filter(grey, size, mode="nearest")
    return np.asarray(ndimage.minimum_filter(filled, size, mode="nearest"))
