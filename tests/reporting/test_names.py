"""Names that break nothing."""

from __future__ import annotations

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mnistkit.reporting.names import escaped
from tests.support.names import unescaped


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
