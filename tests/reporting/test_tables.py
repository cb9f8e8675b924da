"""Tables: numbers to the right and never cut, nothing broken or left out at any width."""

from __future__ import annotations

import pytest

from mnistkit.reporting.tables import Table, print_table
from tests.support.console import console_of, text_on

SIZES = Table(["name", "count"], [["a name of many letters", "1,234,567"], ["b", "8"]], ["count"], title="a title")
RUNS = Table(
    headers=["folder", "state", "accuracy", "trained on"],
    rows=[
        [
            "runs/convnext-fashion-mnist-seed0",
            "stopped in epoch 3 of 10",
            "-",
            "60,000 pictures of clothes and shoes",
        ],
        ["runs/lenet5-mnist-seed12", "finished", "99.44 ± 0.09 %", "mnist"],
    ],
    numbers=["accuracy"],
    paths=["folder"],
    total=["both", "", "99.00 %", ""],
)


def shown(table: Table, width: int, *, terminal: bool = True, encoding: str = "utf-8") -> list[str]:
    console = console_of(width=width, terminal=terminal, encoding=encoding)
    print_table(console, table)
    return text_on(console).splitlines()


def test_numbers_end_in_one_column() -> None:
    title, header, rule, first, second = shown(SIZES, 80)
    assert title == "a title"
    assert header.startswith("name") and header.endswith("count")
    assert first.endswith("1,234,567") and second.endswith("        8")
    assert len(header) == len(first) == len(second) == len(rule)
    assert set(rule) == {"─"}


def test_texts_are_broken_between_words_and_numbers_are_whole() -> None:
    lines = shown(SIZES, 31)
    assert lines[3:] == ["a name of many        1,234,567", "letters", "b                             8"]


def test_a_last_column_without_room_stands_below_its_row() -> None:
    assert shown(RUNS, 66) == [
        "folder                        state                       accuracy",
        "  trained on",
        "─" * 66,
        "runs/convnext-…n-mnist-seed0  stopped in epoch 3                 -",
        "                              of 10",
        "  60,000 pictures of clothes and shoes",
        "runs/lenet5-mnist-seed12      finished              99.44 ± 0.09 %",
        "  mnist",
        "─" * 66,
        "both                                                       99.00 %",
    ]


def test_on_a_narrow_screen_each_row_becomes_a_heading_with_named_values() -> None:
    assert shown(RUNS, 32) == [
        "runs/convnext-fa…ion-mnist-seed0",
        "  state       stopped in epoch 3",
        "              of 10",
        "  accuracy    -",
        "  trained on  60,000 pictures of",
        "              clothes and shoes",
        "runs/lenet5-mnist-seed12",
        "  state       finished",
        "  accuracy    99.44 ± 0.09 %",
        "  trained on  mnist",
        "both",
        "  accuracy    99.00 %",
    ]


def test_a_value_that_does_not_fit_beside_its_name_stands_below_it() -> None:
    table = Table(["a", "a rather long name"], [["x", "1,234,567,890"]], ["a rather long name"])
    assert shown(table, 20) == ["x", "  a rather long name", "    1,234,567,890"]


def test_empty_rows_and_headers_of_two_lines_are_kept() -> None:
    table = Table(["class", "A\nrecall"], [["one", "1.00"], ["", ""], ["two", "2.00"]], ["A\nrecall"])
    assert shown(table, 80) == ["            A", "class  recall", "─" * 13, "one      1.00", "", "two      2.00"]
    assert shown(table, 11) == ["one", "  A recall", "    1.00", "", "two", "  A recall", "    2.00"]


@pytest.mark.parametrize("width", [8, 80])
def test_a_column_in_which_no_row_has_anything_is_not_shown(width: int) -> None:
    lines = shown(Table(["run", "remark", "n"], [["a", "", "1"], ["b", "", "2"]], ["n"]), width)
    assert lines == ["run  n", "─" * 6, "a    1", "b    2"]


@pytest.mark.parametrize("width", [24, 40, 60, 80, 100, 120, 200])
def test_no_line_is_too_long_and_nothing_is_lost_or_broken(width: int) -> None:
    lines = shown(RUNS, width)
    assert max(map(len, lines)) <= width
    text = " ".join(" ".join(lines).split())
    for word in ("99.44 ± 0.09 %", "99.00 %", "60,000", "pictures", "clothes", "shoes", "stopped", "finished"):
        assert word in text
    assert all(header in text for header in ("state", "accuracy", "trained on"))
    # Both ends of a folder's name tell what it is.
    assert "runs/con" in text and "seed0" in text and "seed12" in text


def test_a_pipe_gets_whole_rows_and_an_old_terminal_a_rule_that_it_can_show() -> None:
    assert shown(RUNS, 10_000, terminal=False)[2].count("runs/convnext-fashion-mnist-seed0") == 1
    assert set(shown(SIZES, 80, encoding="ascii")[2]) == {"-"}
