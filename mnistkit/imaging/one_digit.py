"""The case of one digit: from a picture to the tile a model is given, and what the picture shows.

A picture that already is such a tile is left as it is; the rest goes the way that every page goes.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mnistkit.imaging.load import Picture
from mnistkit.imaging.prepared import Finding, Prepared
from mnistkit.imaging.recorder import Recorder


def prepare_checked(picture: Picture, tile: NDArray[np.uint8] | None, *, keep_steps: bool = False) -> Prepared:
    """Turn a picture of one digit into a tile.

    Args:
        picture: As :func:`mnistkit.imaging.load.load_picture` gives it.
        tile: What :func:`mnistkit.imaging.mnist_like.as_tiles` has said of it.
        keep_steps: Whether the stages are kept for showing; costs time and memory.
    """
    recorder = Recorder(keep_steps)
    width, height = picture.size
    recorder.add("original", f"the picture, {width}x{height}", picture.pixels)
    if tile is None:
        # The steps need scipy, which takes as long to import as a thousand tiles to read.
        from mnistkit.imaging.find_digit import find_digit

        return find_digit(picture, recorder)
    recorder.add("tile", "already an MNIST-like tile: used as it is", tile)
    return Prepared(tile, Finding.DIGIT, 1, picture.size, picture.notes, tuple(recorder.steps))
