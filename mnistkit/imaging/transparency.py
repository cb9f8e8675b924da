"""Transparent pictures on a ground that shows their ink."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

LUMINANCE = np.array([0.299, 0.587, 0.114], dtype=np.float32)
_SOLID = 128
_MIDDLE = 127.5
# How far ink and paper lie apart at least where the opaque part has both.
_OWN_PAPER = 60.0


def composite(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return a picture of shape (height, width, 4) without transparency, as (height, width, 3).

    Ink alone is laid on white or black, whichever it stands out from: white ink on nothing is as good as black.
    Where the opaque part holds both paper and ink, its own rim shows the paper's colour, which fills the rest.
    """
    colours, alpha = pixels[..., :3], pixels[..., 3]
    if alpha.min() == 255:
        return np.ascontiguousarray(colours)
    ground = _ground(colours, alpha)
    cover = (alpha / np.float32(255))[..., None]
    return (colours * cover + ground * (1 - cover)).round().astype(np.uint8)


def _ground(colours: NDArray[np.uint8], alpha: NDArray[np.uint8]) -> NDArray[np.float32]:
    solid = alpha >= _SOLID
    if not solid.any():
        solid = alpha > 0
        if not solid.any():
            return np.full(3, 255, dtype=np.float32)
    rim = solid & ~ndimage.binary_erosion(solid, np.ones((3, 3)), border_value=1)
    rim_colour = np.asarray(np.median(colours[rim], axis=0), dtype=np.float32) if rim.any() else None
    inside = colours[solid] @ LUMINANCE
    if rim_colour is not None and _holds_paper(inside, float(rim_colour @ LUMINANCE)):
        return rim_colour
    return np.full(3, 255 if float(inside.mean()) < _MIDDLE else 0, dtype=np.float32)


def _holds_paper(inside: NDArray[np.float32], rim: float) -> bool:
    """Say whether a fiftieth or more of the opaque part differs clearly from its rim."""
    return float(np.percentile(np.abs(inside - rim), 98)) > _OWN_PAPER
