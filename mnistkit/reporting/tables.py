"""Tables in the one style of this program: no frames, numbers to the right, readable at any width.

A table too wide for the screen breaks its texts between words; if that is not enough, its last column goes below
each row, and if that is not enough either, each row becomes a heading with a line "name  value" for each column.
No column is ever left out, and no number and no word is broken. A pipe gets whole rows.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace

from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from mnistkit.reporting.console import can_show
from mnistkit.reporting.wrapping import shortened, words, wrapped

_GAP = "  "
_INDENT = "  "
_RULE, _ASCII_RULE = "─", "-"
# The least columns for a text that is broken into lines, and for a path that is shortened in its middle.
_LEAST_TEXT, _LEAST_PATH = 20, 24


@dataclass(frozen=True)
class Table:
    """What a table holds; :func:`print_table` shows it, but for columns in which no row has anything.

    Attributes:
        headers: The column titles, of one or more lines.
        rows: One text per column each; a row of empty texts is an empty line.
        numbers: The titles of the columns that are aligned to the right.
        paths: The titles of the columns that may be shortened in their middle.
        title: A line above the table; empty for none.
        total: One more row, set apart below; empty for none.
    """

    headers: Sequence[str]
    rows: Sequence[Sequence[str]]
    numbers: Collection[str] = ()
    paths: Collection[str] = ()
    title: str = ""
    total: Sequence[str] = ()

    @property
    def all_rows(self) -> list[Sequence[str]]:
        """The rows, the total last."""
        return [*self.rows, *([self.total] if self.total else [])]


def print_table(console: Console, table: Table) -> None:
    """Print a table in the first form that fits the console's width."""
    rule = _RULE if can_show(console, _RULE) else _ASCII_RULE
    for line in table_lines(table, console.width, rule):
        console.print(line, soft_wrap=True)


def print_named(console: Console, values: Sequence[tuple[str, str]]) -> None:
    """Print a line "name  value" for each pair, the values in a column; one without room stands below its name."""
    width = max(cell_len(name) for name, _ in values)
    for name, value in values:
        for line in _named(name, value, width, console.width, indent=""):
            console.print(line, soft_wrap=True)


def table_lines(table: Table, width: int, rule: str = _RULE) -> list[Text]:
    """Return the lines of a table, none wider than ``width`` unless a single word or number is.

    Args:
        table: The table.
        width: Columns.
        rule: The character of the lines below the headers and above the total.
    """
    table = _without_empty_columns(table)
    lines = [Text(line, style="bold") for line in (wrapped(table.title, width) if table.title else ())]
    for hidden in (0, 1):
        shown = len(table.headers) - hidden
        if hidden and (shown < 2 or table.headers[-1] in table.numbers):
            break
        widths = _widths(table, shown, width)
        if widths:
            return [*lines, *_grid(table, widths, width, rule)]
    return [*lines, *_stacked(table, width)]


def _without_empty_columns(table: Table) -> Table:
    """Return the table without the columns, but for its first, in which no row has anything."""
    places = [
        place
        for place in range(len(table.headers))
        if not place or not table.all_rows or any(row[place] for row in table.all_rows)
    ]

    def chosen(row: Sequence[str]) -> list[str]:
        return [row[place] for place in places] if row else []

    rows = [chosen(row) for row in table.rows]
    return replace(table, headers=chosen(table.headers), rows=rows, total=chosen(table.total))


def _widths(table: Table, shown: int, width: int) -> list[int]:
    """Return the widths of the first ``shown`` columns; none if they do not fit."""
    columns = [[header, *cells] for header, *cells in zip(table.headers, *table.all_rows, strict=True)][:shown]
    natural = [max(cell_len(line) for cell in cells for line in cell.split("\n")) for cells in columns]
    least = [_least(table, cells, most) for cells, most in zip(columns, natural, strict=True)]
    room = width - len(_GAP) * (shown - 1)
    if sum(least) > room:
        return []
    widths = list(least)
    while sum(widths) < min(room, sum(natural)):
        # The column that lacks most gets the next one.
        lacking = [most - now for most, now in zip(natural, widths, strict=True)]
        widths[lacking.index(max(lacking))] += 1
    return widths


def _least(table: Table, cells: Sequence[str], natural: int) -> int:
    """Return the fewest columns in which the cells of a column, its title first, are still easy to read."""
    if cells[0] in table.numbers:
        return natural
    if cells[0] in table.paths:
        return min(natural, max(_LEAST_PATH, cell_len(cells[0])))
    longest = max((cell_len(word) for cell in cells for word in words(cell)), default=0)
    return min(natural, max(longest, _LEAST_TEXT))


def _grid(table: Table, widths: Sequence[int], width: int, rule: str) -> Iterator[Text]:
    """Yield the lines of a table with a column for each of ``widths``; what is left of a row stands below it."""
    line = Text(rule * (sum(widths) + len(_GAP) * (len(widths) - 1)), style="dim")
    if any(table.headers):
        yield from _row(table, table.headers, widths, width, style="bold")
        yield line
    for row in table.rows:
        yield from _row(table, row, widths, width)
    if table.total:
        yield line
        yield from _row(table, table.total, widths, width)


def _row(table: Table, row: Sequence[str], widths: Sequence[int], width: int, style: str = "") -> Iterator[Text]:
    is_header = row is table.headers
    columns = []
    for header, cell, columns_wide in zip(table.headers, row, widths, strict=False):
        lines = [shortened(cell, columns_wide)] if header in table.paths else wrapped(cell, columns_wide)
        columns.append([_aligned(line, columns_wide, header in table.numbers) for line in lines])
    height = max(map(len, columns))
    for place, columns_wide in enumerate(widths):
        padding = [" " * columns_wide] * (height - len(columns[place]))
        # Titles stand on the rule, texts hang from their row.
        columns[place] = [*padding, *columns[place]] if is_header else [*columns[place], *padding]
    for parts in zip(*columns, strict=True):
        yield Text(_GAP.join(parts).rstrip(), style=style)
    for cell in row[len(widths) :]:
        if cell:
            yield from (Text(_INDENT + line, style=style) for line in wrapped(cell, width - len(_INDENT)))


def _stacked(table: Table, width: int) -> Iterator[Text]:
    """Yield each row's first cell as a heading, and below it a line for each other cell that is not empty."""
    labels = [" ".join(header.split("\n")) for header in table.headers]
    label_width = max(map(cell_len, labels[1:]))
    for row in table.all_rows:
        if not any(row):
            yield Text()
            continue
        heading = f"{labels[0]} {row[0]}" if table.headers[0] in table.numbers else row[0]
        fitting = shortened(heading, width) if table.headers[0] in table.paths else heading
        yield from (Text(line, style="bold") for line in wrapped(fitting, width))
        for header, label, cell in zip(table.headers[1:], labels[1:], row[1:], strict=True):
            if cell:
                yield from _named(label, cell, label_width, width, is_path=header in table.paths)


def _named(
    label: str, cell: str, label_width: int, width: int, *, indent: str = _INDENT, is_path: bool = False
) -> Iterator[Text]:
    start = indent + _aligned(label, label_width) + _GAP if label else indent
    room = width - cell_len(start)
    if not is_path and max(map(cell_len, words(cell)), default=0) > room:
        # Not even a word fits beside the name: the value stands below it.
        yield Text(start.rstrip())
        start = indent + _INDENT
        room = width - len(start)
    for line in [shortened(cell, room)] if is_path else wrapped(cell, room):
        yield Text(start + line)
        start = " " * cell_len(start)


def _aligned(text: str, width: int, right: bool = False) -> str:
    padding = " " * (width - cell_len(text))
    return padding + text if right else text + padding
