"""Reading and preparing a few pictures at a time; whatever goes wrong with one is told of that one alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from mnistkit.exceptions import MnistkitError, PictureError
from mnistkit.imaging.limits import DEFAULT_LIMITS, Limits
from mnistkit.imaging.prepared import Prepared
from mnistkit.imaging.read_bytes import UNNAMED
from mnistkit.preparation import Preparation

if TYPE_CHECKING:
    from mnistkit.imaging.load import PictureSource

MOST = 32
"""Pictures in a chunk, at most: they are in memory together, and each takes up to 2 MB."""

_T = TypeVar("_T")


def read_chunk(
    sources: Sequence[PictureSource],
    preparation: Preparation,
    *,
    keep_steps: bool = False,
    limits: Limits = DEFAULT_LIMITS,
) -> list[Prepared | MnistkitError]:
    """Return the prepared pictures, and errors in the places of those that cannot be read or prepared.

    Args:
        sources: What :func:`mnistkit.imaging.load.load_picture` takes, at most ``MOST``.
        preparation: That of the model.
        keep_steps: Whether the stages of the preparation are kept.
        limits: What is refused.
    """
    from mnistkit.imaging.load import Picture, load_picture
    from mnistkit.imaging.prepare import preparations

    loaded = [_attempt(each, partial(load_picture, each, limits=limits)) for each in sources]
    work = preparations([each for each in loaded if isinstance(each, Picture)], preparation, keep_steps=keep_steps)
    return [
        _attempt(source, partial(_named, source, next(work))) if isinstance(each, Picture) else each
        for source, each in zip(sources, loaded, strict=True)
    ]


def picture_name(source: object) -> str:
    """Return how a picture is called in messages: its path where it has one."""
    return str(source) if isinstance(source, (str, Path)) else UNNAMED


def _named(source: object, work: Callable[[], Prepared]) -> Prepared:
    """Name the picture in what goes wrong while it is prepared; nobody knows the name there."""
    try:
        return work()
    except PictureError as error:
        raise PictureError(f"{picture_name(source)}: {error.message}", hint=error.hint) from None


def _attempt(source: object, work: Callable[[], _T]) -> _T | MnistkitError:
    name = picture_name(source)
    try:
        return work()
    except MnistkitError as error:
        return error
    except MemoryError:
        return PictureError(f"{name} does not fit into the memory")
    except Exception as error:
        text = " ".join(f"{type(error).__name__}: {error}".split())
        return PictureError(f"{name}: internal error: {text}", hint="please report it")
