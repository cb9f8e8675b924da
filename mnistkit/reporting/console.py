"""The two consoles: results go to standard output, everything else to standard error.

Both print text as it is (no markup, no highlighting), so that a file called ``[bold].png`` stays readable.
``NO_COLOR`` and ``TERM=dumb`` switch every escape sequence off, and nothing but a terminal gets any.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console

from mnistkit.exceptions import MnistkitError

PIPE_WIDTH = 10_000
"""Columns of an output that is no terminal: a table in a file must never lose the end of a cell."""

_is_quiet = False


def stdout() -> Console:
    """Return the console for results."""
    return _console(stderr=False)


def stderr() -> Console:
    """Return the console for warnings and errors."""
    return _console(stderr=True)


def progress() -> Console:
    """Return the console for progress and notes: standard error, or nothing inside of :func:`quiet`."""
    console = stderr()
    console.quiet = _is_quiet
    return console


@contextmanager
def quiet() -> Iterator[None]:
    """Leave out progress and notes inside of the block; results, warnings and errors stay."""
    global _is_quiet
    before, _is_quiet = _is_quiet, True
    try:
        yield
    finally:
        _is_quiet = before


def drawing_width(console: Console, default: int = 80) -> int:
    """Return how many columns a picture or plot may take: the terminal's, or ``default`` on a pipe."""
    return console.width if console.is_terminal else default


def can_show(console: Console, characters: str) -> bool:
    """Say whether the console's encoding has all of ``characters``."""
    try:
        characters.encode(console.encoding)
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def note(line: str) -> None:
    """Print one line about what is going on to standard error."""
    progress().print(line, soft_wrap=True)


def warn(line: str) -> None:
    """Print a warning to standard error."""
    console = stderr()
    console.print("warning:", style="yellow", end=" ")
    console.print(line, soft_wrap=True)


def show_error(error: MnistkitError) -> None:
    """Print "error: ..." and "hint: ..." on standard error, unwrapped so that paths can be copied."""
    console = stderr()
    for label, style, text in (("error", "bold red", error.message), ("hint", "cyan", error.hint)):
        if text:
            console.print(f"{label}:", style=style, end=" ", soft_wrap=True)
            console.print(text, soft_wrap=True)


def _console(*, stderr: bool) -> Console:
    console = Console(
        stderr=stderr,
        highlight=False,
        markup=False,
        emoji=False,
        # rich keeps bold and underline under NO_COLOR; a plain terminal is what people mean by it.
        color_system=None if os.environ.get("NO_COLOR") else "auto",
    )
    if not console.is_terminal and not os.environ.get("COLUMNS"):
        console.width = PIPE_WIDTH
    return console
