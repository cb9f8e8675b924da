"""Captions of misclassifications."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from mnistkit.reporting.errors.text import ARROW, pack


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
