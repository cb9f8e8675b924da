"""Captions of misclassifications, attribution maps as pictures, and coloured pictures in the terminal."""

from __future__ import annotations

import io
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console

from mnistkit.reporting.errors.attribution import beside, overlaid
from mnistkit.reporting.errors.text import ARROW, letter, pack
from mnistkit.reporting.image_grid import print_pictures


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


def test_letters() -> None:
    assert [letter(i) for i in (0, 25, 26)] == ["A", "Z", "A1"]


def test_the_overlay_is_orange_for_and_blue_against_and_leaves_the_rest_grey() -> None:
    pixels = np.full((2, 2), 100, dtype=np.uint8)
    attributions = np.array([[1, -1], [0, 0]], dtype=np.float32)
    picture = overlaid(pixels, attributions)
    red, blue = picture[..., 0].astype(int), picture[..., 2].astype(int)
    assert red[0, 0] > blue[0, 0] + 100 and blue[0, 1] > red[0, 1] + 50
    assert len(set(picture[1, 0].tolist())) == 1
    assert beside(pixels, attributions).shape == (2, 6, 3)


@pytest.mark.parametrize("colours", ["truecolor", "256", None])
def test_warm_and_cool_stay_apart_whatever_the_terminal_can_show(colours: str | None) -> None:
    image = np.zeros((1, 2, 3, 3), dtype=np.uint8)
    image[0, :, 0], image[0, :, 1] = (245, 134, 52), (107, 174, 214)
    stream = io.StringIO()
    console = Console(
        file=stream, width=80, force_terminal=colours is not None, color_system=colours, legacy_windows=False
    )  # type: ignore[call-overload]
    print_pictures(console, image, ["x"])
    line = stream.getvalue().split("\n")[0]
    if colours is None:
        assert line == "#-"
    else:
        assert len(set(re.findall(r"\x1b\[([0-9;]+)m▀", line))) == 3


def test_captions_of_several_lines_stand_below_their_images() -> None:
    stream = io.StringIO()
    images = np.zeros((2, 4, 10), dtype=np.uint8)
    print_pictures(Console(file=stream, width=80), images, ["one\ntwo", "three"])
    assert [line.split() for line in stream.getvalue().splitlines()[2:]] == [["one", "three"], ["two"]]
