"""In which order the glyphs of a page are read."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from mnistkit.imaging.box import Box

# Two glyphs lie beside each other if their rows overlap by this part of the lower one's height.
_BESIDE = 0.5
# A line that is shorter than about so many heights of its glyphs says little of the lines' slant.
_SHORT_LINE = 2.0

_Floats = NDArray[np.float64]


def reading_places(boxes: Sequence[Box]) -> list[tuple[int, int]]:
    """Return the reading place of each box: the number of its line and its place in the line, both from 0.

    The boxes are taken from left to right. Each continues the line in which the last box lies beside it, that is,
    shares half of the rows of the lower one of the two; where several lines qualify, that whose last box is the
    nearest; where none does, it begins a line. The lines are numbered from top to bottom by their mean height.

    All this is done twice: the lines found first show how much they rise or fall on their way, all together, and
    when this slant is taken out of the page, a line stays one line across gaps.
    """
    if len(boxes) < 2:
        return [(0, 0)] * len(boxes)
    left, right, top, bottom = np.array([(box.left, box.right, box.top, box.bottom) for box in boxes], float).T
    across = (left + right) / 2
    fall = _slant(_lines(left, right, top, bottom), across, (top + bottom) / 2, float(np.median(bottom - top)))
    top, bottom = top - fall * across, bottom - fall * across
    lines = sorted(_lines(left, right, top, bottom), key=lambda line: float((top + bottom)[line].mean()))
    places = [(0, 0)] * len(boxes)
    for number, line in enumerate(lines):
        for place, index in enumerate(line):
            places[index] = number, place
    return places


def _lines(left: _Floats, right: _Floats, top: _Floats, bottom: _Floats) -> list[list[int]]:
    """Return the numbers of the boxes of each line, from left to right."""
    lines: list[list[int]] = []
    last = np.empty(len(left), dtype=np.intp)  # the last box of each line
    for index in np.lexsort((top, left)).tolist():
        ends = last[: len(lines)]
        shared = np.minimum(bottom[ends], bottom[index]) - np.maximum(top[ends], top[index])
        lower = np.minimum(bottom[ends] - top[ends], bottom[index] - top[index])
        beside = np.flatnonzero(shared >= _BESIDE * lower)
        line = int(beside[np.argmax(right[ends[beside]])]) if beside.size else len(lines)
        if line == len(lines):
            lines.append([])
        lines[line].append(index)
        last[line] = index
    return lines


def _slant(lines: list[list[int]], x: _Floats, y: _Floats, height: float) -> float:
    """Return by how many rows a column the lines fall: least squares, drawn towards 0 where lines are short."""
    spread, fall = len(x) * (_SHORT_LINE * height) ** 2, 0.0
    for line in lines:
        along, down = x[line] - x[line].mean(), y[line] - y[line].mean()
        spread, fall = spread + float(along @ along), fall + float(along @ down)
    return fall / spread
