"""The two consoles: results go to standard output, everything else to standard error.

Both print text as it is (no markup, no highlighting), so that a file called ``[bold].png`` stays readable.
``NO_COLOR`` and ``TERM=dumb`` switch every escape sequence off, and nothing but a terminal gets any.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from rich.console import Console

from mnistkit.exceptions import MnistkitError
from mnistkit.reporting.wrapping import print_text, wrapped

PIPE_WIDTH = 10_000
"""Columns of an output that is no terminal: a table in a file must never lose the end of a cell."""

_is_quiet = False
# The bar that stands on the terminal: its console, and what removes it.
_bar: tuple[Console, Callable[[], None]] | None = None


class _Screen(Console):
    """A console that removes a bar from the terminal before it prints, so that nothing runs into it."""

    def print(self, *objects: Any, **options: Any) -> None:
        if _bar is not None and _bar[0] is not self:
            remove_bar()
        super().print(*objects, **options)


def bar_shown(console: Console, remove: Callable[[], None]) -> None:
    """Take note that a bar stands on a console; another one is removed.

    Args:
        console: What is printed on it is rich's to put above the bar; printing on any other removes the bar.
        remove: Removes it.
    """
    global _bar
    remove_bar()
    _bar = (console, remove)


def remove_bar() -> None:
    """Remove the bar from the terminal, if there is one."""
    global _bar
    if _bar is not None:
        remove, _bar = _bar[1], None
        remove()


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


def can_move(console: Console) -> bool:
    """Say whether a bar can be drawn over itself: on a terminal that knows how to move its cursor."""
    return console.is_terminal and not console.is_dumb_terminal


def can_show(console: Console, characters: str) -> bool:
    """Say whether the console's encoding has all of ``characters``."""
    try:
        characters.encode(console.encoding)
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def note(line: str) -> None:
    """Print one line about what is going on to standard error."""
    print_text(progress(), line)


def warn(line: str) -> None:
    """Print a warning to standard error."""
    _labelled("warning", "bold magenta", line)


def show_error(error: MnistkitError) -> None:
    """Print "error: ..." and "hint: ..." on standard error; a path is left whole, so that it can be copied."""
    for label, style, text in (("error", "bold red", error.message), ("hint", "bold cyan", error.hint)):
        if text:
            _labelled(label, style, text)


def _labelled(label: str, style: str, text: str) -> None:
    console = stderr()
    first, *others = wrapped(f"{label}: {text}", console.width)
    # What may be broken is only what follows the label.
    console.print(f"{label}:", style=style, end="", soft_wrap=True)
    console.print("\n".join([first.removeprefix(f"{label}:"), *others]), soft_wrap=True)


def _console(*, stderr: bool) -> Console:
    console = _Screen(
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
