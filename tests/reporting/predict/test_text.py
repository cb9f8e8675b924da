"""Answers in words, and names that break nothing."""

from __future__ import annotations

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mnistkit.inference.answers import Verdict
from mnistkit.reporting.predict.text import Summary, escaped
from tests.support.answers import answer
from tests.support.names import unescaped


def test_the_summary_counts_everything() -> None:
    summary = Summary()
    for verdict in Verdict:
        summary.add(answer(verdict))
    summary.add(answer())
    summary.add(None)
    assert list(summary.lines()) == [
        "7 pictures: digit 2, unsure 1, nothing 1, several 1, not-a-digit 1, error 1",
        "7: 2",
    ]


@pytest.mark.skipif(os.sep != "/", reason="a backslash separates folders")
@given(st.one_of(st.binary(max_size=30), st.text(st.characters(codec="utf-8"), max_size=30).map(str.encode)))
def test_escaped_names_are_printable_and_can_be_read_back(name: bytes) -> None:
    text = escaped(name.decode("utf-8", "surrogateescape"))
    assert text.isprintable()
    assert unescaped(text) == name


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("plain 7.png", "plain 7.png"),
        ("a\tb\nc\rd", "a\\tb\\nc\\rd"),
        ("\x1b[31m", "\\x1b[31m"),
        ("\udcff", "\\xff"),
    ],
)
def test_escapes(name: str, expected: str) -> None:
    assert escaped(name) == expected
