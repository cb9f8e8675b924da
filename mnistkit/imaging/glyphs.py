"""The glyphs of a page: where each is, what its ink is, and when it is read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mnistkit.imaging.box import Box
from mnistkit.imaging.components import MOST_PIECES, arrange
from mnistkit.imaging.reading_order import reading_places


@dataclass(frozen=True, eq=False)
class Glyph(Box):
    """One sign on a page: the connected pieces of ink that belong to it, and the smallest box around them.

    Attributes:
        mask: Its ink, of shape (height, width) of the box; the ink of others in the box is not in it.
        line: The number of its line, from 0 at the top, as :mod:`mnistkit.imaging.reading_order` tells it.
        number: Its place in the line, from 0 at the left.
        is_main: Whether it is the largest of the page, the one that a picture of one digit shows.
    """

    mask: NDArray[np.bool_]
    line: int
    number: int
    is_main: bool

    def on_page(self, shape: tuple[int, ...]) -> NDArray[np.bool_]:
        """Return its mask on a page of a shape (height, width)."""
        page = np.zeros(shape[:2], dtype=bool)
        page[self.place] = self.mask
        return page


def find_glyphs(mask: NDArray[np.bool_], most_pieces: int = MOST_PIECES) -> tuple[Glyph, ...]:
    """Return all glyphs of a page as they are read: from top to bottom, in a line from left to right.

    Specks, what comes in from the page's edge, and frames around glyphs are left out.

    Args:
        mask: The page's ink, shape (height, width), as :attr:`mnistkit.imaging.ink.Ink.mask`.
        most_pieces: How many connected pieces, the largest ones, are looked at.
    """
    found = arrange(mask, most_pieces)
    boxes = [_around(group) for group in found.groups]
    glyphs = [
        Glyph(box.top, box.bottom, box.left, box.right, found.mask_of(group, box), line, number, group == 0)
        for group, (box, (line, number)) in enumerate(zip(boxes, reading_places(boxes), strict=True))
    ]
    return tuple(sorted(glyphs, key=lambda glyph: (glyph.line, glyph.number)))


def main_glyph(glyphs: Sequence[Glyph]) -> Glyph | None:
    """Return the largest glyph, None where there are none."""
    return next((glyph for glyph in glyphs if glyph.is_main), None)


def whole_glyph(mask: NDArray[np.bool_]) -> Glyph:
    """Return all ink of a mask as one glyph; there must be some."""
    rows, columns = (np.flatnonzero(mask.any(axis=axis)) for axis in (1, 0))
    box = Box(int(rows[0]), int(rows[-1]) + 1, int(columns[0]), int(columns[-1]) + 1)
    return Glyph(box.top, box.bottom, box.left, box.right, mask[box.place], 0, 0, is_main=True)


def _around(boxes: Sequence[Box]) -> Box:
    """Return the smallest box that holds all of ``boxes``."""
    return Box(
        top=min(box.top for box in boxes),
        bottom=max(box.bottom for box in boxes),
        left=min(box.left for box in boxes),
        right=max(box.right for box in boxes),
    )
