"""Which preparation suits a user's own data, judged by what the training pictures look like; no label counts."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from mnistkit.preparation import AUTO, INK, Preparation

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from mnistkit.imaging.load import Picture

# So many pictures are looked at; it takes a second or two for photos.
SAMPLE = 64
# A page in ten may be hard to read and still show that all are writing.
_MOST_INK = 0.8
_MOST_TILES = 0.9


def choose_for_pictures(paths: Sequence[Path], kind: str) -> tuple[Preparation, str]:
    """Return a preparation for picture files, and why.

    Pictures that show one piece of writing each are prepared as ink, as are pictures that already are MNIST-like
    tiles; other pictures of 28x28 pixels are taken as they are, and all others are shrunk whole.

    Args:
        paths: The training pictures. Some of them, evenly spread, are looked at; unreadable ones do not count.
        kind: One of :data:`mnistkit.preparation.CHOICES`.
    """
    if kind == "ink":
        return Preparation(kind), "as asked for"
    pictures = _sample(paths)
    if kind == AUTO:
        chosen, reason = _kind_for(pictures)
    else:
        chosen, reason = kind, "as asked for"
    return Preparation(chosen, chosen != "ink" and _is_dark_on_light(pictures)), reason


def choose_for_tiles(images: NDArray[np.uint8], kind: str) -> tuple[Preparation, str]:
    """Return a preparation for what is to be recognised by a model that learnt from tiles, and why.

    Args:
        images: uint8 array of shape (n, 28, 28): the training images, at least one.
        kind: One of :data:`mnistkit.preparation.CHOICES`.
    """
    if kind != AUTO:
        return Preparation(kind), "as asked for"
    from mnistkit.imaging.mnist_like import as_tiles

    sample = images[:: max(1, len(images) // SAMPLE)]
    share = sum(tile is not None for tile in as_tiles(list(sample))) / len(sample)
    if share >= _MOST_TILES:
        return INK, "the images are made as MNIST's are"
    return Preparation("tile"), "the images are not made as MNIST's are"


def _sample(paths: Sequence[Path]) -> list[Picture]:
    from mnistkit.data.read_pictures import spread
    from mnistkit.exceptions import PictureError
    from mnistkit.imaging.decode import without_remarks
    from mnistkit.imaging.load import load_picture

    pictures = []
    with without_remarks():
        for path in spread(paths, SAMPLE):
            try:
                pictures.append(load_picture(path))
            except PictureError:
                continue
    return pictures


def _kind_for(pictures: Sequence[Picture]) -> tuple[str, str]:
    from mnistkit.imaging.mnist_like import as_tiles
    from mnistkit.imaging.prepare import preparations
    from mnistkit.imaging.prepared import Finding
    from mnistkit.recipe import IMAGE_SIZE

    n = len(pictures)
    if n and all(picture.pixels.shape[:2] == IMAGE_SIZE for picture in pictures):
        tiles = sum(tile is not None for tile in as_tiles([picture.pixels for picture in pictures]))
        if tiles >= _MOST_TILES * n:
            return "ink", f"{tiles} of {n} pictures looked at are made as MNIST's are"
        return "tile", f"all of {n} pictures looked at have 28x28 pixels"
    found = sum(work().finding is Finding.DIGIT for work in preparations(pictures, INK))
    if n and found >= _MOST_INK * n:
        return "ink", f"{found} of {n} pictures looked at show one piece of writing"
    return "whole", f"only {found} of {n} pictures looked at show one piece of writing"


def _is_dark_on_light(pictures: Sequence[Picture]) -> bool:
    from mnistkit.imaging.whole import is_dark_on_light, shrink_whole

    return bool(pictures) and is_dark_on_light([shrink_whole(picture.pixels) for picture in pictures])
