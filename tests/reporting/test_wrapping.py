"""Sentences on a narrow screen: broken between words alone; names shortened in their middle."""

from __future__ import annotations

import pytest

from mnistkit.reporting.wrapping import print_text, shortened, words, wrapped
from tests.support.console import console_of, text_on

SENTENCE = (
    "  test accuracy 99.61 ± 0.04 % after 9.3 s, of 18 MB, seed 0, in /a/path/of/some/length/that/stays/whole"
)


@pytest.mark.parametrize("width", range(16, 60))
def test_lines_end_between_words_and_never_between_a_number_and_its_unit(width: int) -> None:
    lines = wrapped(SENTENCE, width)
    assert all(len(line) <= width or len(words(line)) == 1 for line in lines)
    assert all(line.startswith("  ") and line[2] != " " for line in lines)
    text = "\n".join(lines)
    for unit in ("99.61 ± 0.04 %", "9.3 s", "18 MB", "seed 0", "/a/path/of/some/length/that/stays/whole"):
        assert unit in text


def test_what_fits_is_kept_as_it_is_and_what_follows_hangs() -> None:
    assert wrapped("two  spaces\n\n  and an indent", 40) == ["two  spaces", "", "  and an indent"]
    assert wrapped("one two three", 8, hang="  ") == ["one two", "  three"]
    assert wrapped("A  one, two three", 10) == ["A  one,", "two three"]
    assert wrapped("one runs/a", 6, hang="  ") == ["one", "runs/a"]
    assert wrapped("日本 日本", 5) == ["日本", "日本"]


@pytest.mark.parametrize(
    ("name", "width", "expected"),
    [
        ("picture.png", 11, "picture.png"),
        ("a/picture.png", 11, "a/pic…e.png"),
        ("日本語の名前.png", 10, "日本….png"),
        ("abc", 2, "ab"),
        ("abc", 0, ""),
    ],
)
def test_names_keep_both_ends(name: str, width: int, expected: str) -> None:
    assert shortened(name, width) == expected


def test_the_console_says_how_wide_lines_are() -> None:
    for width, expected in ((8, "one two\n three\n"), (80, "one two three\n")):
        console = console_of(width=width)
        print_text(console, "one two three", hang=" ")
        assert text_on(console) == expected
