"""Captions of misclassifications."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from mnistkit.reporting.errors.text import ARROW, caption, line, pack
from tests.support.results import errors_result


@given(
    st.lists(st.text(st.characters(categories=("L", "N")), min_size=1, max_size=12), min_size=1, max_size=5),
    st.integers(12, 40),
)
def test_a_caption_keeps_every_part_whole_and_within_its_columns(parts: list[str], columns: int) -> None:
    lines = pack(parts, columns).split("\n")
    assert re.split(r"  |\n", "\n".join(lines)) == parts
    assert all(cell_len(line) <= max(columns, *(cell_len(part) for part in parts)) for line in lines)


def test_long_names_are_broken_after_the_arrow() -> None:
    assert pack([f"Ankle boot{ARROW}Sneaker 98.2 %", "#12"], 13) == f"Ankle boot{ARROW}\nSneaker 98.2\n%\n#12"
    assert pack([f"4{ARROW}9 98.2 %", "#12"], 28) == f"4{ARROW}9 98.2 %  #12"


@given(st.text(max_size=60), st.integers(14, 40))
def test_a_name_of_any_length_keeps_within_the_columns_of_its_caption(name: str, columns: int) -> None:
    result = errors_result(("a", "b", "c"), ("one", "two"), names=(f"x{name}",), explained=None)
    (image,) = result.misclassifications
    for shown in (caption(result, image, None, columns), caption(result, image, image.predictions[0], columns)):
        assert all(cell_len(part) <= columns and part.isprintable() for part in shown.split("\n"))


def test_a_name_is_shortened_in_its_middle_where_it_must_be() -> None:
    result = errors_result(("a", "b", "c"), ("one",), names=("a/page-of-1931.png",), explained=None)
    (image,) = result.misclassifications
    assert caption(result, image, None, 14) == f"a{ARROW}b 75.0 %\na/page-…31.png"
    assert line(result, image) == (f"a{ARROW}b 75.0 %", "a/page-of-1931.png", "")
