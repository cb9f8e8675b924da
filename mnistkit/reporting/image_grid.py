"""Pictures in the terminal: grids of small images with captions, in what the terminal can show."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cache
from itertools import groupby
from typing import TYPE_CHECKING

from rich.cells import cell_len, set_cell_size
from rich.color import Color, ColorSystem
from rich.console import Console
from rich.style import Style
from rich.text import Text

from mnistkit.reporting.console import can_show, drawing_width

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_GAP = 2
_HALF_BLOCK = "▀"
# From no ink to full ink, and for colours from weak to strong.
_ASCII_INK, _ASCII_WARM, _ASCII_COOL = " .:-=+*#%@", "+#", "-="
# Of 255: how far red and blue are apart in what counts as a colour, and in a strong one.
_COLOURED, _STRONG = 40, 110
_GREYS = {"truecolor": ColorSystem.TRUECOLOR, "256": ColorSystem.EIGHT_BIT}


def print_pictures(console: Console, images: NDArray[np.uint8], captions: Sequence[str]) -> None:
    """Print images in rows, as many in a row as fit, each with its caption below.

    A character shows two pixels, one above the other: as a half block in 24-bit or 256 colours (rich chooses the
    nearest that there is), and as one of ten ASCII characters where there are fewer colours, on a pipe, or where
    the output's encoding has no half block. In ASCII, warm colours are + and #, cool ones - and =.

    Args:
        console: Where to print.
        images: uint8 array of shape (n, height, width), or (n, height, width, 3) for RGB; height even.
        captions: n texts of one line or more; lines too long for their image are cut.
    """
    width = images.shape[2]
    per_row = pictures_per_row(console, width)
    lines_of = _lines_for(console)
    for start in range(0, len(images), per_row):
        texts = [caption.split("\n") for caption in captions[start : start + per_row]]
        height = max(map(len, texts))
        rows = [
            [*lines_of(image), *(Text(_centred(line, width)) for line in text + [""] * (height - len(text)))]
            for image, text in zip(images[start : start + per_row], texts, strict=True)
        ]
        for parts in zip(*rows, strict=True):
            line = Text(" " * _GAP).join(parts)
            line.rstrip()
            console.print(line, no_wrap=True, crop=True, overflow="crop")
        if start + per_row < len(images):
            console.print()


def pictures_per_row(console: Console, width: int) -> int:
    """Return how many images that are ``width`` pixels wide :func:`print_pictures` sets side by side."""
    return max(1, (drawing_width(console) + _GAP) // (width + _GAP))


def picture_lines(console: Console, image: NDArray[np.uint8]) -> list[Text]:
    """Return the lines of one image as :func:`print_pictures` draws it, to be set beside something else."""
    return _lines_for(console)(image)


def can_show_greys(console: Console) -> bool:
    """Say whether the console has enough greys, and the half block, for pictures in colour."""
    return console.color_system in _GREYS and can_show(console, _HALF_BLOCK)


def _lines_for(console: Console) -> Callable[[NDArray[np.uint8]], list[Text]]:
    if not can_show_greys(console):
        return _ascii
    colours = _GREYS[console.color_system or ""]
    return lambda image: [_half_block_line(top, bottom, colours) for top, bottom in _row_pairs(image)]


def _half_block_line(top: NDArray[np.uint8], bottom: NDArray[np.uint8], colours: ColorSystem) -> Text:
    line = Text()
    for (upper, lower), run in groupby(zip(_levels(top), _levels(bottom), strict=True)):
        style = Style(color=_colour(upper, colours), bgcolor=_colour(lower, colours))
        line.append(_HALF_BLOCK * len(list(run)), style)
    return line


def _levels(row: NDArray[np.uint8]) -> list[tuple[int, int, int]]:
    """Return a row's pixels, grey or RGB, as red, green and blue."""
    pixels = row.tolist()
    return [tuple(pixel) for pixel in pixels] if row.ndim > 1 else [(level,) * 3 for level in pixels]


@cache
def _colour(levels: tuple[int, int, int], colours: ColorSystem) -> Color:
    # Chosen here and not while printing: rich remembers a style's escape codes for the first console it meets.
    return Color.from_rgb(*levels).downgrade(colours)


def _ascii(image: NDArray[np.uint8]) -> list[Text]:
    return [Text("".join(map(_character, _levels(top), _levels(bottom)))) for top, bottom in _row_pairs(image)]


def _character(upper: tuple[int, int, int], lower: tuple[int, int, int]) -> str:
    red, green, blue = ((a + b) / 2 for a, b in zip(upper, lower, strict=True))
    warmth = red - blue
    if abs(warmth) > _COLOURED:
        return (_ASCII_WARM if warmth > 0 else _ASCII_COOL)[abs(warmth) > _STRONG]
    return _ASCII_INK[round((red + green + blue) / (3 * 255) * (len(_ASCII_INK) - 1))]


def _row_pairs(image: NDArray[np.uint8]) -> Iterator[tuple[NDArray[np.uint8], NDArray[np.uint8]]]:
    return zip(image[::2], image[1::2], strict=True)


def _centred(caption: str, width: int) -> str:
    """Return the caption in exactly ``width`` columns, wide characters counted as two."""
    text = caption if cell_len(caption) <= width else set_cell_size(caption, width - 1) + "…"
    return set_cell_size(" " * ((width - cell_len(text)) // 2) + text, width)
