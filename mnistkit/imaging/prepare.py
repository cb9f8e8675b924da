"""The one way from pictures to what a model is given, for training, evaluation and prediction alike."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial

from mnistkit.imaging.load import Picture
from mnistkit.imaging.mnist_like import as_tiles
from mnistkit.imaging.one_digit import prepare_checked
from mnistkit.imaging.prepared import Finding, Prepared
from mnistkit.imaging.recorder import Recorder
from mnistkit.imaging.whole import shrink_whole, take_as_tile
from mnistkit.preparation import Preparation


def prepare(picture: Picture, preparation: Preparation, *, keep_steps: bool = False) -> Prepared:
    """Turn a picture into the tile that a model is given.

    Args:
        picture: As :func:`mnistkit.imaging.load.load_picture` gives it.
        preparation: That of the model.
        keep_steps: Whether the stages are kept for showing; costs time and memory.

    Raises:
        PictureError: the picture cannot be prepared in this way.
    """
    (work,) = preparations([picture], preparation, keep_steps=keep_steps)
    return work()


def preparations(
    pictures: Sequence[Picture], preparation: Preparation, *, keep_steps: bool = False
) -> Iterator[Callable[[], Prepared]]:
    """Yield for each picture what does as :func:`prepare`; what can be asked of many at once is asked at once."""
    if preparation.kind == "ink":
        tiles = as_tiles([picture.pixels for picture in pictures])
        for picture, tile in zip(pictures, tiles, strict=True):
            yield partial(prepare_checked, picture, tile, keep_steps=keep_steps)
    else:
        for picture in pictures:
            yield partial(_without_looking_for_ink, picture, preparation, keep_steps)


def _without_looking_for_ink(picture: Picture, preparation: Preparation, keep_steps: bool) -> Prepared:
    recorder = Recorder(keep_steps)
    width, height = picture.size
    recorder.add("original", f"the picture, {width}x{height}", picture.pixels)
    tile = take_as_tile(picture.pixels) if preparation.kind == "tile" else shrink_whole(picture.pixels)
    if preparation.inverted:
        tile = 255 - tile
    recorder.add("tile", preparation.meaning, tile)
    return Prepared(tile, Finding.DIGIT, 1, picture.size, picture.notes, tuple(recorder.steps))
