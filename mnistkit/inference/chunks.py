"""Reading and preparing a few pictures at a time; whatever goes wrong with one is told of that one alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from mnistkit.exceptions import MnistkitError, PictureError
from mnistkit.inference.answers import Failure, ReadPicture
from mnistkit.workflows.picture_files import PictureInput

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from mnistkit.imaging.load import Picture

MOST = 32
"""Pictures in a packet, at most: they are in memory together, and each takes up to 2 MB."""

_T = TypeVar("_T")


def read_packet(
    inputs: Sequence[PictureInput], *, stdin: bytes = b"", keep_steps: bool = False
) -> list[ReadPicture | Failure]:
    """Return the prepared pictures, and failures in the places of those that cannot be read.

    Args:
        inputs: What to read, at most ``MOST``.
        stdin: The content of the picture that "-" stands for.
        keep_steps: Whether the stages of the preparation are kept.
    """
    from mnistkit.imaging.load import Picture, load_picture
    from mnistkit.imaging.tile import as_tiles

    loaded = [_attempt(each, partial(load_picture, each.path or stdin)) for each in inputs]
    tiles = iter(as_tiles([picture.pixels for picture in loaded if isinstance(picture, Picture)]))
    return [
        picture
        if isinstance(picture, Failure)
        else _attempt(each, partial(_prepared, each.name, picture, next(tiles), keep_steps))
        for each, picture in zip(inputs, loaded, strict=True)
    ]


def _prepared(name: str, picture: Picture, tile: NDArray[np.uint8] | None, keep_steps: bool) -> ReadPicture:
    from mnistkit.imaging.pipeline import prepare_checked

    made = prepare_checked(picture, tile, keep_steps=keep_steps)
    return ReadPicture(name, made.finding, made.count, made.tile, picture.size, picture.notes, made.steps)


def _attempt(given: PictureInput, work: Callable[[], _T]) -> _T | Failure:
    name = given.name
    try:
        return work()
    except MnistkitError as error:
        return Failure(name, error) if given.path else stdin_failure(name, error)
    except MemoryError:
        return Failure(name, PictureError(f"{name} does not fit into the memory"))
    except Exception as error:
        text = " ".join(f"{type(error).__name__}: {error}".split())
        return Failure(name, PictureError(f"{name}: internal error: {text}", hint="please report it"))


def stdin_failure(name: str, error: MnistkitError) -> Failure:
    """Return what is wrong with the picture on standard input."""
    return Failure(name, PictureError(f"standard input: {error.message}", hint=error.hint))
