"""Confusion matrices in the terminal: as much of the table as the window can hold."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from rich.cells import cell_len, set_cell_size
from rich.console import Console
from rich.style import Style
from rich.text import Text

from mnistkit.evaluation.results.confusion import ConfusionResult
from mnistkit.reporting.colours import DIAGONAL, Scale, error_colour, errors, text_colour
from mnistkit.reporting.confusion import text
from mnistkit.reporting.console import can_show
from mnistkit.reporting.wrapping import print_text

# A class whose name is longer is headed by its number.
_LONGEST_HEADING = 5
_LONGEST_LABEL = 18
_BOLD, _DIM, _PLAIN = Style(bold=True), Style(dim=True), Style()
_FEWEST_CLASSES = 2


def print_confusion(console: Console, result: ConfusionResult) -> None:
    """Print the matrix as a table, and the most confused pairs in words.

    A table too wide for the window loses, in this order: digits of recall and precision, totals, the numbers
    from ten on, the space between its cells, and all but the most confused classes; a line says so. On a pipe it
    is always whole.
    """
    print_text(console, text.headline(result), "bold")
    for accuracy in text.accuracies(result):
        print_text(console, accuracy, hang="   " if result.is_difference else "")
    for line in text.reading(result, coloured=console.color_system is not None):
        print_text(console, line, "dim", hang="  ")
    console.print()
    glyphs = _Glyphs.of(console)
    layout, lines = _fitting(result, glyphs, console.width if console.is_terminal else None)
    for row in lines:
        if console.is_terminal:
            console.print(row, no_wrap=True, overflow="crop")
        else:
            console.print(row, soft_wrap=True)
    for note in _notes(result, layout, glyphs):
        print_text(console, note, "dim", hang="  ")
    console.print()
    print_text(console, text.verdict(result), "bold")
    for sentence in text.pair_lines(result):
        print_text(console, f"  {sentence}", hang="  ")


@dataclass(frozen=True)
class _Glyphs:
    """The characters for "none" and "right", in what the output's encoding has."""

    nothing: str
    right: str

    @classmethod
    def of(cls, console: Console) -> _Glyphs:
        return cls("·", "■") if can_show(console, "·■") else cls(".", "#")


@dataclass(frozen=True)
class _Layout:
    """How much of the table is shown.

    Attributes:
        classes: The places of the classes that have a row and a column of their own.
        padding: Columns left and right of the text of a cell.
        decimals: Decimals of recall and precision.
        totals: Whether the sums of rows and columns are shown.
        brief: Whether words are abbreviated.
        even: Whether all columns of the matrix are equally wide.
        compact: Whether a cell has one character.
    """

    classes: tuple[int, ...]
    padding: tuple[int, int]
    decimals: int = 1
    totals: bool = True
    brief: bool = False
    even: bool = False
    compact: bool = False

    @property
    def least_width(self) -> int:
        """The columns it takes at least, if all cells are of one character."""
        return len(self.classes) * (1 + sum(self.padding))


@dataclass(frozen=True)
class _Cell:
    text: str
    style: Style = _PLAIN


def _layouts(result: ConfusionResult) -> Iterator[_Layout]:
    """Yield the ways to show the table, the most generous first."""
    tight = _Layout(tuple(range(len(result.classes))), padding=(1, 0))
    compact = replace(tight, compact=True, decimals=0)
    short = replace(tight, decimals=0, brief=True)
    even = replace(tight, even=True)
    yield from (replace(even, padding=(1, 1)), even, tight)
    yield from (replace(tight, decimals=0, even=True), replace(tight, decimals=0))
    yield from (replace(short, even=True), short, replace(short, totals=False))
    yield from (compact, replace(compact, brief=True), replace(compact, brief=True, totals=False))
    dense = replace(compact, padding=(0, 0), brief=True)
    yield from (dense, replace(dense, totals=False))
    ranked = _most_confused(result)
    for count in range(len(ranked) - 1, _FEWEST_CLASSES - 1, -1):
        yield replace(short, classes=tuple(sorted(ranked[:count])), totals=False)


def _most_confused(result: ConfusionResult) -> list[int]:
    """Return the places of the classes, those of the most confused or changed pair first."""
    confused = (place for pair in result.pairs() for place in (pair.true, pair.predicted))
    return list(dict.fromkeys((*confused, *range(len(result.classes)))))


def _fitting(result: ConfusionResult, glyphs: _Glyphs, width: int | None) -> tuple[_Layout, list[Text]]:
    """Return the first layout that fits, or the narrowest, and its lines; without a width all fit."""
    for layout in _layouts(result):
        # Building the tables of many classes takes time; most are plainly too wide.
        if width is not None and layout.least_width > width:
            continue
        lines = _Table(result, layout, glyphs).lines()
        if width is None or max(line.cell_len for line in lines) <= width:
            return layout, lines
    return layout, _Table(result, layout, glyphs).lines()


def _notes(result: ConfusionResult, layout: _Layout, glyphs: _Glyphs) -> Iterator[str]:
    """Yield what must be known to read an abbreviated table."""
    if layout.compact:
        unit = "per cent, rounded up" if result.is_normalized else "images"
        many = "++ and -- ten or more" if result.is_difference else "+ ten or more"
        right = "" if result.is_difference or result.errors_only else f", {glyphs.right} right"
        yield f"cells: 1 to 9 {unit}, {many}{right}; a wider window shows the numbers"
    if len(layout.classes) < len(result.classes):
        kind = "changed" if result.is_difference else "confused"
        yield (
            f"the {len(layout.classes)} of {len(result.classes)} classes of the most {kind} pairs; "
            "a wider window shows more, --out FILE all"
        )


def _counts(result: ConfusionResult) -> NDArray[np.int64]:
    return result.models[0].counts


class _Table:
    """Builds the lines of one layout."""

    def __init__(self, result: ConfusionResult, layout: _Layout, glyphs: _Glyphs) -> None:
        self.result, self.layout, self.glyphs = result, layout, glyphs
        self.scale = Scale.of(result)
        self.errors = errors(result)
        self.decimals = text.decimals_of(result)
        self.by_number = max(map(cell_len, result.classes)) > _LONGEST_HEADING
        self.totals = layout.totals and not result.is_difference
        # Changes are mostly fractions of a point.
        decimals = max(1, layout.decimals) if result.is_difference else layout.decimals
        self.recall = text.class_shares(result, "recall", decimals)
        self.precision = text.class_shares(result, "precision", decimals)

    def lines(self) -> list[Text]:
        """Return the lines of the table, all columns aligned."""
        body = [self._row(place) for place in self.layout.classes]
        # A column of one character holds neither a sum nor a share.
        if self.totals and not self.layout.compact:
            body.append(self._totals())
        if not self.layout.compact:
            body.append(self._precision())
        widths = [max(cell_len(row[i].text) for row in body) for i in range(len(body[0]))]
        rows = [*self._header(widths), *body]
        widths = [max(cell_len(row[i].text) for row in rows) for i in range(len(widths))]
        if self.layout.even:
            last = 1 + len(self.layout.classes)
            widths[1:last] = [max(widths[1:last])] * (last - 1)
        return [self._line(row, widths) for row in rows]

    def _line(self, row: Sequence[_Cell], widths: Sequence[int]) -> Text:
        count = len(self.layout.classes)
        left, right = self.layout.padding
        line = Text().append(set_cell_size(row[0].text, widths[0]), row[0].style)
        if not left:
            line.append(" ")
        for place, (cell, width) in enumerate(zip(row[1:], widths[1:], strict=True)):
            padded = " " * (width - cell_len(cell.text)) + cell.text
            if place < count:
                line.append(" " * left + padded + " " * right, cell.style)
            else:
                # The margin of sums and shares stands apart from the matrix.
                line.append("  ").append(padded, cell.style)
        line.rstrip()
        return line

    def _header(self, widths: Sequence[int]) -> list[list[_Cell]]:
        """Return the headings; those wider than their compact column are written downwards."""
        headings = [self._heading(place) for place in self.layout.classes]
        if self.layout.compact:
            room = min(widths[1 : 1 + len(headings)])
            height = 1 if max(map(len, headings)) <= room else max(map(len, headings))
            stacks = [[text] if height == 1 else list(text.rjust(height)) for text in headings]
        else:
            stacks = [[heading] for heading in headings]
        lines = [[_Cell(""), *(_Cell(part, _BOLD) for part in line)] for line in zip(*stacks, strict=True)]
        margin = ["rec" if self.layout.brief else "recall"]
        if self.totals:
            margin.insert(0, "total")
        for line in lines[:-1]:
            line.extend(_Cell("") for _ in margin)
        lines[-1].extend(_Cell(label, _BOLD) for label in margin)
        return lines

    def _heading(self, place: int) -> str:
        return str(place) if self.by_number else self.result.classes[place]

    def _row(self, place: int) -> list[_Cell]:
        name = self.result.classes[place]
        label = f"{place} {name}" if self.by_number else name
        if cell_len(label) > _LONGEST_LABEL:
            label = set_cell_size(label, _LONGEST_LABEL - 1) + "…"
        row = [_Cell(label, _BOLD), *(self._cell(place, column) for column in self.layout.classes)]
        if self.totals:
            row.append(_Cell(str(_counts(self.result)[place].sum())))
        return [*row, _Cell(self.recall[place])]

    def _cell(self, row: int, column: int) -> _Cell:
        value = float(self.result.values[row, column])
        if row == column and self.result.errors_only:
            return _Cell("")
        if not value:
            return _Cell(self.glyphs.nothing, _DIM)
        if row == column and not self.result.is_difference:
            if self.layout.compact:
                return _Cell(self.glyphs.right, Style(color=DIAGONAL))
            return _Cell(text.cell(self.result, value, self.decimals), _chip(DIAGONAL, bold=False))
        colour = error_colour(float(self.errors[row, column]), self.scale)
        return _Cell(self._number(value), _chip(colour))

    def _number(self, value: float) -> str:
        if not self.layout.compact:
            return text.cell(self.result, value, self.decimals)
        size = math.ceil(abs(value) * (100 if self.result.is_normalized else 1))
        if not self.result.is_difference:
            return str(size) if size < 10 else "+"
        sign = "+" if value > 0 else "-"
        return f"{sign}{size}" if size < 10 else 2 * sign

    def _totals(self) -> list[_Cell]:
        sums = _counts(self.result).sum(axis=0)
        cells = [_Cell(str(sums[place])) for place in self.layout.classes]
        return [_Cell("total", _BOLD), *cells, _Cell(str(self.result.n)), _Cell("")]

    def _precision(self) -> list[_Cell]:
        label = "prec" if self.layout.brief else "precision"
        cells = [_Cell(self.precision[place]) for place in self.layout.classes]
        margin = [_Cell("")] * (2 if self.totals else 1)
        return [_Cell(label, _BOLD), *cells, *margin]


def _chip(background: str, *, bold: bool = True) -> Style:
    return Style(color=text_colour(background), bgcolor=background, bold=bold)
