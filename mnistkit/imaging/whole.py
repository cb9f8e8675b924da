"""Pictures without looking for ink: taken as they are, or shrunk whole."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from mnistkit.exceptions import PictureError
from mnistkit.recipe import IMAGE_SIZE

_MIDDLE_GREY = 127.5


def take_as_tile(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return the grey levels of a picture that has the size of a tile.

    Args:
        pixels: As :attr:`mnistkit.imaging.load.Picture.pixels`.

    Raises:
        PictureError: it has another size.
    """
    if pixels.shape[:2] != IMAGE_SIZE:
        height, width = pixels.shape[:2]
        raise PictureError(
            f"it has {width}x{height} pixels, and only {IMAGE_SIZE[1]}x{IMAGE_SIZE[0]} can be taken as they are",
            hint="give pictures of that size, or train with --preparation whole or ink",
        )
    return np.array(_grey(pixels))


def shrink_whole(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return a picture as grey levels of shape (28, 28), whole, its proportions kept.

    What the proportions leave free is filled with the median level of the border.

    Args:
        pixels: As :attr:`mnistkit.imaging.load.Picture.pixels`.
    """
    picture = _grey(pixels)
    height, width = IMAGE_SIZE
    scale = min(width / picture.width, height / picture.height)
    size = max(1, round(picture.width * scale)), max(1, round(picture.height * scale))
    shrunk = np.asarray(picture if size == picture.size else picture.resize(size, Image.Resampling.BICUBIC))
    tile = np.full(IMAGE_SIZE, border_level([shrunk]), dtype=np.uint8)
    top, left = (height - size[1]) // 2, (width - size[0]) // 2
    tile[top : top + size[1], left : left + size[0]] = shrunk
    return tile


def border_level(images: Sequence[NDArray[np.uint8]]) -> float:
    """Return the median of the outermost pixels of grey images of shape (height, width)."""
    sides = (side for image in images for side in (image[0], image[-1], image[:, 0], image[:, -1]))
    return float(np.median(np.concatenate([side.reshape(-1) for side in sides])))


def is_dark_on_light(images: Sequence[NDArray[np.uint8]]) -> bool:
    """Say whether the background of grey images, judged by all their borders, is the lighter part."""
    return border_level(images) > _MIDDLE_GREY


def _grey(pixels: NDArray[np.uint8]) -> Image.Image:
    if pixels.ndim == 3 and pixels.shape[2] == 4:
        # It needs scipy, which takes longer to import than many pictures to shrink.
        from mnistkit.imaging.transparency import composite

        pixels = composite(pixels)
    return Image.fromarray(pixels).convert("L")
