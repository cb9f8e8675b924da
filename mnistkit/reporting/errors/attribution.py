"""Attribution maps as pictures: orange speaks for the predicted class, blue for the label."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mnistkit.reporting.colours import RIGHT, WRONG, rgb

FOR, AGAINST = WRONG[1], RIGHT[1]
# How bright the image is behind its attribution map, and how fast the colours rise: below 1, weak values show.
_INK, _GAMMA = 0.35, 0.6
_BETWEEN = 2


def reading(*, coloured: bool) -> str:
    """Return what the colours, or the characters where there are none, mean."""
    wrong, right = ("orange", "blue") if coloured else ("+ #", "- =")
    return f"attribution map: {wrong} speaks for the predicted class, {right} for the label"


def overlaid(pixels: NDArray[np.uint8], attributions: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Return an image with its attribution map over it.

    Args:
        pixels: uint8 array of shape (height, width).
        attributions: Float array of the same shape, from -1 to 1.

    Returns:
        uint8 array of shape (height, width, 3).
    """
    ink = np.repeat(pixels[..., None] * _INK, 3, axis=2)
    strength = np.abs(attributions)[..., None] ** _GAMMA
    colour = np.where(attributions[..., None] > 0, np.array(rgb(FOR)), np.array(rgb(AGAINST)))
    mixed: NDArray[np.uint8] = np.rint(ink + (colour - ink) * strength).astype(np.uint8)
    return mixed


def beside(pixels: NDArray[np.uint8], attributions: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Return an image and, to the right of it, its attribution map: uint8 array of shape (height, wider, 3)."""
    grey = np.repeat(pixels[..., None], 3, axis=2)
    gap = np.zeros((len(pixels), _BETWEEN, 3), dtype=np.uint8)
    return np.concatenate([grey, gap, overlaid(pixels, attributions)], axis=1)
