"""Tables in the one style of this program: no frames, numbers to the right."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from rich import box
from rich.table import Table


def make_table(
    headers: Sequence[str],
    rows: Iterable[Sequence[str]] = (),
    *,
    numbers: Collection[str] = (),
    title: str | None = None,
) -> Table:
    """Return a table to print on a console.

    Args:
        headers: The column titles.
        rows: One text per column; more can be added with the table's ``add_row``.
        numbers: The titles of those columns that are aligned to the right; they are never wrapped.
        title: A line above the table.
    """
    table = Table(
        box=box.SIMPLE_HEAD,
        show_edge=False,
        pad_edge=False,
        title=title,
        title_justify="left",
        title_style="bold",
        header_style="bold",
    )
    for header in headers:
        is_number = header in numbers
        table.add_column(header, justify="right" if is_number else "left", no_wrap=is_number, overflow="fold")
    for row in rows:
        table.add_row(*row)
    return table
