from __future__ import annotations

import re

import numpy as np
import pytest
from numpy.typing import NDArray
from rich.cells import cell_len

from mnistkit.reporting.image_grid import can_show_greys, print_pictures
from tests.support.console import console_of, text_on

IMAGES = np.zeros((5, 28, 28), dtype=np.uint8)
IMAGES[:, 4:24, 12:16] = 255
CAPTIONS = ["zero", "1", "two", "three", "four"]


def draw(
    colours: str | None,
    width: int = 80,
    encoding: str = "utf-8",
    captions: list[str] = CAPTIONS,
    images: NDArray[np.uint8] = IMAGES,
) -> list[str]:
    console = console_of(width=width, colours=colours, terminal=colours is not None, encoding=encoding)
    print_pictures(console, images, captions)
    return text_on(console).split("\n")


def plain(line: str) -> str:
    return re.sub(r"\x1b\[[0-9;]*m", "", line)


@pytest.mark.parametrize(("width", "per_row"), [(20, 1), (57, 1), (58, 2), (80, 2), (88, 3), (120, 4), (400, 5)])
def test_as_many_in_a_row_as_fit(width: int, per_row: int) -> None:
    lines = [plain(line) for line in draw("truecolor", width)]
    captions = [line.split() for line in lines if set(line.split()) & set(CAPTIONS)]
    rows = -(-5 // per_row)
    assert captions == [CAPTIONS[start : start + per_row] for start in range(0, 5, per_row)]
    assert len(lines) == rows * 15 + (rows - 1) + 1
    assert max(cell_len(line) for line in lines) <= width


def test_half_blocks_carry_two_pixels_in_24_bit_colour() -> None:
    line = draw("truecolor")[2]
    assert plain(line) == "▀" * 28 + "  " + "▀" * 28
    assert "38;2;255;255;255;48;2;255;255;255" in line and "38;2;0;0;0;48;2;0;0;0" in line
    darker = IMAGES.copy()
    darker[0, 5] = 7
    assert "38;2;255;255;255;48;2;7;7;7" in draw("truecolor", images=darker)[2]


def test_256_colours_use_the_grey_ramp() -> None:
    line = draw("256")[2]
    assert "▀" in line and "38;5;" in line and "38;2;" not in line
    assert set(re.findall(r"38;5;(\d+)", line)) == {"16", "231"}


@pytest.mark.parametrize(
    ("colours", "encoding"), [(None, "utf-8"), ("standard", "utf-8"), ("truecolor", "ascii"), ("256", "latin-1")]
)
def test_ascii_where_nothing_else_can_be_shown(colours: str | None, encoding: str) -> None:
    lines = draw(colours, encoding=encoding)
    assert all(line.isascii() and "\x1b" not in line for line in lines)
    assert lines[2] == " " * 12 + "@@@@" + " " * (12 + 2 + 12) + "@@@@"
    assert not lines[0].strip()


def test_captions_are_centred_and_cut() -> None:
    lines = draw(None, captions=["ab", "x" * 60, "漢" * 40, "[bold]", ""])
    first = lines[14]
    assert first.index("ab") == 13
    assert first.endswith("x" * 27 + "…")
    assert cell_len(lines[30].split("  ")[0].rstrip()) <= 28
    assert "[bold]" in lines[30]


def test_what_a_terminal_can_show() -> None:
    assert can_show_greys(console_of(colours="256"))
    assert not can_show_greys(console_of())
    assert not can_show_greys(console_of(colours="256", encoding="ascii"))


@pytest.mark.parametrize("colours", ["truecolor", "256", None])
def test_warm_and_cool_stay_apart_whatever_the_terminal_can_show(colours: str | None) -> None:
    image = np.zeros((1, 2, 3, 3), dtype=np.uint8)
    image[0, :, 0], image[0, :, 1] = (245, 134, 52), (107, 174, 214)
    console = console_of(colours=colours, terminal=colours is not None)
    print_pictures(console, image, ["x"])
    line = text_on(console).split("\n")[0]
    if colours is None:
        assert line == "#-"
    else:
        assert len(set(re.findall(r"\x1b\[([0-9;]+)m▀", line))) == 3


def test_captions_of_several_lines_stand_below_their_images() -> None:
    console = console_of(terminal=False)
    print_pictures(console, np.zeros((2, 4, 10), dtype=np.uint8), ["one\ntwo", "three"])
    assert [line.split() for line in text_on(console).splitlines()[2:]] == [["one", "three"], ["two"]]
