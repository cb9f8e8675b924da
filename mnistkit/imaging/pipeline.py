"""From a picture to the tile a model is given: a tile already is left as it is, the rest goes step by step."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mnistkit.imaging.load import Picture
from mnistkit.imaging.prepared import Finding, Prepared
from mnistkit.imaging.recorder import Recorder
from mnistkit.imaging.tile import as_tiles


def prepare(picture: Picture, *, keep_steps: bool = False) -> Prepared:
    """Turn a picture into a 28x28 tile.

    Args:
        picture: As :func:`mnistkit.imaging.load.load_picture` gives it.
        keep_steps: Whether the stages are kept for showing; costs time and memory.
    """
    (tile,) = as_tiles([picture.pixels])
    return prepare_checked(picture, tile, keep_steps=keep_steps)


def prepare_checked(picture: Picture, tile: NDArray[np.uint8] | None, *, keep_steps: bool = False) -> Prepared:
    """Do as :func:`prepare`, with what :func:`mnistkit.imaging.tile.as_tiles` has said of the picture."""
    recorder = Recorder(keep_steps)
    width, height = picture.size
    recorder.add("original", f"the picture, {width}x{height}", picture.pixels)
    if tile is None:
        # The steps need scipy, which takes as long to import as a thousand tiles to read.
        from mnistkit.imaging.steps import from_pixels

        return from_pixels(picture.pixels, recorder)._replace(size=picture.size, notes=picture.notes)
    recorder.add("tile", "already an MNIST-like tile: used as it is", tile)
    return Prepared(tile, Finding.DIGIT, 1, picture.size, picture.notes, tuple(recorder.steps))
