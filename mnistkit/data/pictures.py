"""A picture file of any kind as 28x28 grey pixels, and many of them at once."""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from mnistkit.data.base import LoadOptions
from mnistkit.exceptions import DataError, PictureError
from mnistkit.imaging.decode import eight_bits, formats, open_picture, without_remarks
from mnistkit.recipe import IMAGE_SIZE

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from PIL import Image

UNIT = "pictures"
_MIDDLE_GREY = 127.5


@cache
def picture_suffixes() -> frozenset[str]:
    """Return the suffixes of all formats that are read (".png", ".jpg", ...)."""
    from PIL import Image

    return frozenset(suffix for suffix, kind in Image.registered_extensions().items() if kind.upper() in formats())


def read_pictures(
    paths: Sequence[Path], options: LoadOptions
) -> tuple[NDArray[np.uint8], NDArray[np.int64], list[DataError]]:
    """Read pictures with several threads, in the order of ``paths``.

    Returns:
        Images of shape (n, 28, 28), the places of the n readable ones in ``paths``, and an error for each other.

    Raises:
        DataError: a picture cannot be read and ``options.skip_bad`` is not set; the message names it.
    """
    import numpy as np

    images = np.empty((len(paths), *IMAGE_SIZE), dtype=np.uint8)
    good, errors = [], []
    with ThreadPoolExecutor(options.workers or os.cpu_count() or 1) as pool, without_remarks():
        jobs = [pool.submit(read_picture, path) for path in paths]
        for place, job in enumerate(jobs):
            try:
                images[place] = job.result()
                good.append(place)
            except DataError as error:
                if not options.skip_bad:
                    pool.shutdown(wait=False, cancel_futures=True)
                    raise
                errors.append(error)
            options.progress(place + 1, len(paths), UNIT)
    places = np.asarray(good, dtype=np.int64)
    return (images if not errors else images[places]), places, errors


def read_picture(path: Path) -> NDArray[np.uint8]:
    """Return a picture as grey pixels of shape (28, 28), whole, upright, with its proportions kept.

    A camera's orientation mark is obeyed. Transparent parts become white under dark ink and black under light ink.
    What the proportions leave free is filled with the median colour of the border. Of an animation the first
    picture counts.

    Raises:
        DataError: the file cannot be read, is damaged, or is too large.
    """
    from PIL import ImageOps

    try:
        with open_picture(path) as opened:
            opened.load()
            return _fit(_grey(ImageOps.exif_transpose(opened)))
    except PictureError as error:
        raise DataError(error.message, hint=_HINT) from None


_HINT = "repair or remove it; --skip-bad leaves out such pictures"


def _grey(picture: Image.Image) -> Image.Image:
    """Return the picture with 8 bits of grey, transparency removed."""
    from PIL import Image

    if picture.mode.startswith(("I", "F")):
        return eight_bits(picture)
    if not picture.has_transparency_data:
        return picture.convert("L")
    grey_alpha = picture.convert("RGBA").convert("LA")
    ink, alpha = grey_alpha.getchannel(0), grey_alpha.getchannel(1)
    weights = sum(alpha.histogram()[1:])
    mean = _weighted_mean(ink, alpha) if weights else 0.0
    background = Image.new("L", picture.size, 255 if mean < _MIDDLE_GREY else 0)
    background.paste(ink, mask=alpha)
    return background


def _weighted_mean(ink: Image.Image, alpha: Image.Image) -> float:
    import numpy as np

    return float(np.average(np.asarray(ink, dtype=np.float64), weights=np.asarray(alpha, dtype=np.float64)))


def _fit(picture: Image.Image) -> NDArray[np.uint8]:
    """Return the pixels of a grey picture scaled to fit 28x28, centred on its border's median colour."""
    import numpy as np
    from PIL import Image

    height, width = IMAGE_SIZE
    scale = min(width / picture.width, height / picture.height)
    size = max(1, round(picture.width * scale)), max(1, round(picture.height * scale))
    pixels = np.asarray(picture if size == picture.size else picture.resize(size, Image.Resampling.BICUBIC))
    result = np.full(IMAGE_SIZE, border_level(pixels[None]), dtype=np.uint8)
    top, left = (height - size[1]) // 2, (width - size[0]) // 2
    result[top : top + size[1], left : left + size[0]] = pixels
    return result


def border_level(images: NDArray[np.uint8]) -> float:
    """Return the median of the outermost pixels of images of shape (n, height, width)."""
    import numpy as np

    sides = [images[:, 0], images[:, -1], images[:, :, 0], images[:, :, -1]]
    return float(np.median(np.concatenate([side.reshape(-1) for side in sides])))


def is_dark_on_light(images: NDArray[np.uint8]) -> bool:
    """Say whether the background of the images, judged by all their borders, is the lighter part."""
    return border_level(images) > _MIDDLE_GREY
