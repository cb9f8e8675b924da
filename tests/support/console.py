"""Consoles that write into memory, as if they were a terminal or a pipe of some kind."""

from __future__ import annotations

import io
from typing import Any

from rich.console import Console


def console_of(*, width: int = 80, colours: Any = None, terminal: bool = True, encoding: str = "utf-8") -> Console:
    """Return a console whose output :func:`text_on` returns.

    Args:
        width: Columns.
        colours: "truecolor", "256" or "standard"; None for a terminal without, or a pipe.
        terminal: Whether it is a terminal.
        encoding: Characters that it lacks are written as "?".
    """
    stream = io.TextIOWrapper(io.BytesIO(), encoding=encoding, errors="replace", newline="")
    return Console(
        file=stream,
        width=width,
        force_terminal=terminal,
        color_system=colours,
        legacy_windows=False,
        highlight=False,
        markup=False,
    )


def text_on(console: Console) -> str:
    """Return what was written to a console of :func:`console_of`."""
    stream = console.file
    assert isinstance(stream, io.TextIOWrapper) and isinstance(stream.buffer, io.BytesIO)
    stream.flush()
    return stream.buffer.getvalue().decode(stream.encoding)
