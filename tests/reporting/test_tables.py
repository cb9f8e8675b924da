"""Tables: numbers to the right and never cut, names folded where there is no room."""

from __future__ import annotations

from mnistkit.reporting.tables import make_table
from tests.support.console import console_of, text_on


def shown(width: int) -> list[str]:
    console = console_of(width=width)
    rows = [["a name of many letters", "1,234,567"], ["b", "8"]]
    console.print(make_table(["name", "count"], rows, numbers=["count"], title="a title"))
    return [line.rstrip() for line in text_on(console).splitlines()]


def test_numbers_end_in_one_column() -> None:
    title, header, _, first, second = shown(80)[:5]
    assert title == "a title"
    assert header.startswith("name") and header.endswith("count")
    assert first.endswith("1,234,567") and second.endswith("        8")
    assert len(header) == len(first) == len(second)


def test_where_there_is_no_room_names_are_folded_and_numbers_are_whole() -> None:
    lines = shown(22)
    assert max(map(len, lines)) <= 22
    assert sum("1,234,567" in line for line in lines) == 1
    letters = "".join(line[:11].strip() for line in lines[3:-1])
    assert letters.replace(" ", "") == "anameofmanyletters"
