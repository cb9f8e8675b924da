"""Telling pictures that already are MNIST images, and leaving them as they are."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from mnistkit.recipe import IMAGE_SIZE

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


def as_tiles(pictures: Sequence[NDArray[np.uint8]]) -> list[NDArray[np.uint8] | None]:
    """Return each picture, light on dark, if it was made as MNIST's images were, and None for the others.

    Such a picture has 28x28 pixels, an even black or white ground, a digit 20 pixels long, and its centre of mass
    in the middle. All images of MNIST's training set do, and none of their pixels is changed. Many are looked at
    together, since calling numpy takes longer than its work on a single one.

    Args:
        pictures: uint8 arrays of shape (height, width) or (height, width, channels).
    """
    tiles: list[NDArray[np.uint8] | None] = [None] * len(pictures)
    small = {i: pixels for i, pixels in enumerate(pictures) if pixels.shape[:2] == IMAGE_SIZE}
    grey = {i: levels for i, pixels in small.items() if (levels := _single_channel(pixels)) is not None}
    if not grey:
        return tiles
    stack = np.stack(list(grey.values()))
    is_light = stack[:, (0, -1)].sum(axis=(1, 2), dtype=np.int64) > 255 * IMAGE_SIZE[1]
    stack[is_light] = 255 - stack[is_light]
    for i, tile, is_made_so in zip(grey, stack, _are_made_like_mnist(stack), strict=True):
        if is_made_so:
            tiles[i] = tile
    return tiles


def _single_channel(pixels: NDArray[np.uint8]) -> NDArray[np.uint8] | None:
    """Return the grey levels of a picture without colour and transparency, else None."""
    if pixels.ndim == 2:
        return pixels
    grey = pixels[..., 0]
    if pixels.shape[2] == 4 and (pixels[..., 3] != 255).any():
        return None
    same = (pixels[..., 1] == grey).all() and (pixels[..., 2] == grey).all()
    return grey if same else None


def _are_made_like_mnist(tiles: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Return of each of the tiles, shape (n, height, width), whether it is like MNIST's."""
    columns, rows = tiles.max(axis=1), tiles.max(axis=2)
    longer = np.maximum(_extent(columns >= _INK), _extent(rows >= _INK))
    background = np.count_nonzero(tiles <= _BACKGROUND, axis=(1, 2))
    # Sums of so few whole numbers are exact.
    levels = tiles.astype(np.float32)
    by_row, by_column = levels.sum(axis=2), levels.sum(axis=1)
    total = np.maximum(by_row.sum(axis=1), 1)
    passed: NDArray[np.bool_] = (
        (background >= _BACKGROUND_PART * tiles[0].size)
        & (rows.max(axis=1) >= _BRIGHTEST)
        & (_LONGER_SIDE.start <= longer)
        & (longer < _LONGER_SIDE.stop)
    )
    for sums in (by_row, by_column):
        centre = sums @ _PLACES / total
        passed &= (centre >= _CENTRE[0]) & (centre <= _CENTRE[1])
    return passed


def _extent(is_ink: NDArray[np.bool_]) -> NDArray[np.intp]:
    """Return how far it is from the first to the last place with ink in each row of (n, places)."""
    length: NDArray[np.intp] = is_ink.shape[1] - is_ink.argmax(axis=1) - is_ink[:, ::-1].argmax(axis=1)
    return length
