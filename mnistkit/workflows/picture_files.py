"""Which pictures are meant by files, folders, patterns and "-"; nothing is decoded, nothing heavy is imported."""

from __future__ import annotations

import glob
import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from mnistkit.exceptions import PictureError, UsageError
from mnistkit.imaging.read_bytes import no_file
from mnistkit.inference.answers import Failure
from mnistkit.inference.read_ahead import PictureInput
from mnistkit.numbers import counted
from mnistkit.own_figures import is_own_figure
from mnistkit.paths import is_url

STDIN = "-"
# What people call pictures. HEIC and SVG are among them: that they cannot be read is said, instead of leaving them
# out without a word.
_SUFFIXES = (
    *(".png", ".apng", ".jpg", ".jpeg", ".jpe", ".jfif", ".gif", ".bmp", ".dib", ".pbm", ".pgm", ".ppm", ".pnm"),
    *(".webp", ".tif", ".tiff", ".mpo", ".jp2", ".j2k", ".avif", ".ico", ".pcx", ".tga", ".psd", ".sgi", ".qoi"),
    *(".icns", ".xbm", ".xpm", ".heic", ".heif", ".svg", ".jxl"),
)


def find_pictures(
    specs: Sequence[str], announce: Callable[[str], None] = lambda line: None
) -> list[PictureInput | Failure]:
    """Return the pictures that ``specs`` mean, in their order, and a failure in the place of each that means none.

    A file is taken whatever its suffix. Folders are searched with all folders below, in sorted order, for files
    with the suffix of a picture; names that begin with a dot are left out. A text with ``*``, ``?`` or ``[`` that
    names no file is a pattern, in which ``**`` means any folders. Figures that mnistkit drew are left out.

    Args:
        specs: Files, folders, patterns, and "-" for standard input.
        announce: Called with one line where figures are left out.

    Raises:
        UsageError: nothing is given, or standard input more than once.
    """
    if not specs:
        raise UsageError("no picture is given", hint="mnistkit predict digit.png")
    if list(specs).count(STDIN) > 1:
        raise UsageError("'-', standard input, can be given only once")
    found: list[PictureInput | Failure] = []
    for spec in specs:
        if spec == STDIN:
            found.append(PictureInput(STDIN, None))
        else:
            found.extend(_of_spec(spec))
    return _without_own_figures(found, announce)


def _without_own_figures(
    found: list[PictureInput | Failure], announce: Callable[[str], None]
) -> list[PictureInput | Failure]:
    """Leave out what ``--explain`` wrote among the pictures, or say that there is nothing else."""
    own = [each.name for each in found if isinstance(each, PictureInput) and _is_own(each)]
    if not own:
        return found
    if len(own) == len(found):
        return [Failure(own[0], PictureError(f"{own[0]} is a figure that mnistkit drew, no picture of digits"))]
    announce(f"left out {counted(len(own), 'figure')} that mnistkit drew, such as {own[0]}")
    drawn = set(own)
    return [each for each in found if each.name not in drawn]


def _is_own(picture: PictureInput) -> bool:
    return picture.path is not None and is_own_figure(Path(picture.path))


def _of_spec(spec: str) -> Iterator[PictureInput | Failure]:
    # Its query is no pattern.
    if is_url(spec):
        yield Failure(spec, no_file(spec))
        return
    try:
        is_folder, is_there = os.path.isdir(spec), os.path.lexists(spec)  # noqa: PTH112
    except ValueError:  # a name that no file can have
        is_folder = is_there = False
    if is_folder:
        yield from _or_failure(spec, _in_folder(spec), f"{spec} holds no pictures")
    elif not is_there and glob.has_magic(spec):
        yield from _or_failure(spec, _matching(spec), f"no picture matches {spec}")
    elif is_there:
        yield PictureInput(spec, spec)
    else:
        yield Failure(spec, no_file(spec))


def _or_failure(
    spec: str, found: Iterator[PictureInput | Failure], message: str
) -> Iterator[PictureInput | Failure]:
    """Yield what was found, or a failure with ``message`` if it is nothing."""
    is_empty = True
    for each in found:
        is_empty = False
        yield each
    if is_empty:
        yield Failure(spec, PictureError(message, hint="pictures are known by suffixes such as .png and .jpg"))


def _in_folder(folder: str) -> Iterator[PictureInput | Failure]:
    refused: list[OSError] = []
    for place, folders, files in os.walk(folder, onerror=refused.append):
        while refused:
            yield _unreadable(refused.pop(0))
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(files):
            if name.lower().endswith(_SUFFIXES) and not name.startswith("."):
                path = os.path.join(place, name)  # noqa: PTH118
                yield PictureInput(path, path)
    yield from map(_unreadable, refused)


def _unreadable(error: OSError) -> Failure:
    name = str(error.filename)
    return Failure(name, PictureError(f"{name} cannot be read: {error.strerror}"))


def _matching(pattern: str) -> Iterator[PictureInput | Failure]:
    for path in sorted(glob.glob(pattern, recursive=True)):  # noqa: PTH207
        if not os.path.isdir(path):  # noqa: PTH112
            yield PictureInput(path, path)
