"""Text on a narrow screen: lines end between words, never inside one or between a number and its unit."""

from __future__ import annotations

import re
from collections.abc import Iterator

from rich.cells import cell_len, set_cell_size
from rich.console import Console

TIE = "\0"
"""A space at which no line ends: no text and no name of a file has this character."""

# Spaces at which no line may end: "99.61 %", "99.61 ± 0.04 %", "18 MB", "9.3 s", "seed 0".
_TIED = re.compile(r"(?<=\d) (?=(?:%|±|[kMG]?i?B|s|ms)(?!\w))|(?<=±) |(?<=\bseed) (?=\d)")
# A word and the spaces in front of it.
_WORD = re.compile(r"(\s*)(\S+)")
_ELLIPSIS = "…"


def words(text: str) -> list[str]:
    """Return the parts of a text that stay in one line; a number and its unit are one part.

    >>> words("accuracy 99.61 ± 0.04 % of 2 runs")
    ['accuracy', '99.61 ± 0.04 %', 'of', '2', 'runs']
    """
    return [word.replace(TIE, " ") for word in tied(text).split()]


def tied(text: str, space: str = TIE) -> str:
    """Return a text with another character for the spaces between a number and its unit."""
    return _TIED.sub(space, text)


def wrapped(text: str, width: int, hang: str = "") -> list[str]:
    """Return a text in lines of at most ``width`` columns; a single longer word, such as a path, is left whole.

    Args:
        text: One or several lines; what is in front of each is kept, and in front of what follows of it.
        width: Columns.
        hang: Put in front of every line that continues another, after what the first has in front.
    """
    return [part for line in text.split("\n") for part in _wrapped_line(line, width, hang)]


def _wrapped_line(text: str, width: int, hang: str) -> Iterator[str]:
    if cell_len(text) <= width:
        yield text.replace(TIE, " ")
        return
    indent = text[: len(text) - len(text.lstrip())]
    line, has_word = indent, False
    for gap, word in _WORD.findall(tied(text[len(indent) :])):
        word = word.replace(TIE, " ")
        if has_word and cell_len(line + gap + word) > width:
            yield line
            # A name that just fits is not broken for the sake of what is put in front.
            line, gap = indent + hang if cell_len(indent + hang + word) <= width else indent, ""
        line += gap + word
        has_word = True
    yield line


def shortened(name: str, width: int) -> str:
    """Return a name of at most ``width`` columns: what is left out of a longer one is in its middle.

    >>> shortened("runs/convnext-mnist-seed0", 15)
    'runs/co…t-seed0'
    """
    if cell_len(name) <= width:
        return name
    if width < 3:
        return set_cell_size(name, max(0, width))
    left = set_cell_size(name, width // 2).rstrip()
    return left + _ELLIPSIS + _end(name, width - cell_len(left) - 1)


def print_text(console: Console, text: str, style: str | None = None, *, hang: str = "") -> None:
    """Print sentences as :func:`wrapped` breaks them at the console's width, which is endless on a pipe.

    Args:
        console: Where to print.
        text: One or several lines.
        style: Of all of it.
        hang: In front of continued lines.
    """
    console.print("\n".join(wrapped(text, console.width, hang)), style=style, soft_wrap=True)


def _end(name: str, width: int) -> str:
    """Return the last characters of a name that fit into ``width`` columns."""
    start = len(name)
    while start and cell_len(name[start - 1 :]) <= width:
        start -= 1
    return name[start:]
