"""Where a command's result goes: to standard output, for people or as JSON, and into files.

A file's suffix chooses its format, and an unknown one is refused before any work is done.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Generic, TypeVar

from rich.console import Console

from mnistkit.exceptions import UsageError
from mnistkit.files import write_text
from mnistkit.reporting import console
from mnistkit.reporting.documents import Document, document_text

T = TypeVar("T")
D = TypeVar("D", bound=Document)


def check_suffix(path: Path, known: Iterable[str]) -> str:
    """Return the suffix of ``path`` in lower case, if it is among the ``known`` ones.

    Raises:
        UsageError: it is not, or there is none; the message lists the known ones.
    """
    suffix = path.suffix.lower()
    names = list(known)
    if suffix not in names:
        what = f"the suffix '{path.suffix}' names no known format" if suffix else "it has no suffix"
        raise UsageError(f"cannot write {path}: {what}; it must be one of {', '.join(names)}")
    return suffix


class OutputFormats(Generic[T]):
    """The formats that one kind of result can be written in.

    Args:
        writers: For each suffix ("." and lower case) the function that writes a result to a path, whole or not at
            all: :func:`as_text` makes one, :func:`mnistkit.reporting.figures.figure_file` helps with another.
    """

    def __init__(self, writers: Mapping[str, Callable[[T, Path], None]]) -> None:
        self._writers = dict(writers)

    @property
    def suffixes(self) -> tuple[str, ...]:
        """The known suffixes."""
        return tuple(self._writers)

    def check(self, paths: Sequence[Path]) -> None:
        """Raise if not all of ``paths`` can be written in the formats that they name.

        Raises:
            UsageError: an unknown suffix, a folder, or the same file twice.
        """
        for place, path in enumerate(paths):
            check_suffix(path, self._writers)
            if path.is_dir():
                raise UsageError(f"cannot write {path}: it is a folder")
            if path in paths[:place]:
                raise UsageError(f"{path} is given as an output more than once")

    def write(self, result: T, paths: Sequence[Path]) -> Iterator[Path]:
        """Write ``result`` to each of ``paths``, and yield each when it is there.

        Raises:
            UsageError: as for :meth:`check`.
            OutputError: a file cannot be written; one that was there before is left as it was.
        """
        self.check(paths)
        for path in paths:
            self._writers[check_suffix(path, self._writers)](result, path)
            yield path


def as_text(render: Callable[[T], str]) -> Callable[[T, Path], None]:
    """Return the writer of a format whose files are the text that ``render`` returns, in UTF-8."""

    def write(result: T, path: Path) -> None:
        write_text(path, render(result))

    return write


class Output:
    """Where the result of one command goes. Made before any work is done.

    Args:
        as_json: Whether standard output gets one JSON document instead of text for people.
        formats: What the result can be written in; None for a command that writes no files.
        files: The files to write it to.

    Raises:
        UsageError: as for :meth:`OutputFormats.check`.
    """

    def __init__(
        self, *, as_json: bool, formats: OutputFormats[Any] | None = None, files: Sequence[Path] | None = None
    ) -> None:
        self._as_json = as_json
        self._formats = formats or OutputFormats({})
        self._files = tuple(files or ())
        self._formats.check(self._files)

    def show(self, result: D, print_result: Callable[[Console, D], None]) -> None:
        """Write the result to the files, print it, and say on standard error what was written.

        The files come first, since whoever reads what is printed may stop in the middle of it, as ``head`` does.

        Args:
            result: The result.
            print_result: Prints it for people.

        Raises:
            OutputError: a file cannot be written; one that was there before is left as it was.
        """
        written: list[Path] = []
        try:
            written += self._formats.write(result, self._files)
        finally:
            if self._as_json:
                sys.stdout.write(document_text(result))
            else:
                print_result(console.stdout(), result)
        for path in written:
            console.note(f"wrote {path}")
