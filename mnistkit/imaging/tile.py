"""Telling a picture that already is an MNIST image, and leaving it as it is."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mnistkit.data.base import IMAGE_SIZE

# What counts as ink; the same level measures all of MNIST's training images as stated below.
_INK = 64
# The longer side of a digit is 20 pixels in 59,912 of the 60,000 training images, and 14 to 19 in the others.
_LONGER_SIDE = range(14, 22)
# Their centres of mass lie between 13.48 and 14.50: the centre of the field, moved by whole pixels.
_CENTRE = (13.3, 14.7)
# At least 55 % of each is background; JPEG leaves a little noise in it.
_BACKGROUND_PART = 0.5
_BACKGROUND = 12
_BRIGHTEST = 192
_PLACES = np.arange(IMAGE_SIZE[0], dtype=np.float32)
_ONES = np.ones(IMAGE_SIZE[0], dtype=np.float32)


def as_tile(pixels: NDArray[np.uint8]) -> NDArray[np.uint8] | None:
    """Return the picture, light on dark, if it was made as MNIST's images were, and None otherwise.

    Such a picture has 28x28 pixels, an even black or white ground, a digit 20 pixels long, and its centre of mass
    in the middle. All images of MNIST's training set do, and none of their pixels is changed.

    Args:
        pixels: uint8 of shape (height, width) or (height, width, channels).
    """
    if pixels.shape[:2] != IMAGE_SIZE:
        return None
    grey = _single_channel(pixels)
    if grey is None:
        return None
    tile = 255 - grey if int(grey[0].sum()) + int(grey[-1].sum()) > 255 * IMAGE_SIZE[1] else grey
    return tile if _is_made_like_mnist(tile) else None


def _single_channel(pixels: NDArray[np.uint8]) -> NDArray[np.uint8] | None:
    """Return the grey levels of a picture without colour and transparency, else None."""
    if pixels.ndim == 2:
        return pixels
    grey = pixels[..., 0]
    if pixels.shape[2] == 4 and (pixels[..., 3] != 255).any():
        return None
    same = (pixels[..., 1] == grey).all() and (pixels[..., 2] == grey).all()
    return grey if same else None


def _is_made_like_mnist(tile: NDArray[np.uint8]) -> bool:
    if np.count_nonzero(tile <= _BACKGROUND) < _BACKGROUND_PART * tile.size:
        return False
    highest = tile.max(axis=0), tile.max(axis=1)
    if highest[0].max() < _BRIGHTEST:
        return False
    sides = [np.flatnonzero(side >= _INK) for side in highest]
    if max(int(side[-1] - side[0]) + 1 for side in sides) not in _LONGER_SIDE:
        return False
    ink = tile.astype(np.float32)
    rows = ink @ _ONES
    total = float(rows @ _ONES)
    centre = float(rows @ _PLACES) / total, float(_ONES @ ink @ _PLACES) / total
    return all(_CENTRE[0] <= place <= _CENTRE[1] for place in centre)
