"""Captions of misclassifications, attribution maps as pictures, and coloured pictures in the terminal."""

from __future__ import annotations

import base64
import io
import re
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from rich.cells import cell_len

from mnistkit.evaluation.results.errors import (
    ErrorsResult,
    Misclassification,
    ModelErrors,
    Section,
    Selection,
    WrongPrediction,
)
from mnistkit.reporting.errors.images import overlaid, picture
from mnistkit.reporting.errors.page import to_html
from mnistkit.reporting.errors.text import ARROW, pack
from mnistkit.reporting.image_grid import print_pictures
from tests.support.console import console_of, text_on
from tests.support.html import read_page


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


PIXELS = np.full((2, 2), 100, dtype=np.uint8)
MAP = np.array([[1, -1], [0, 0]], dtype=np.float32)


def test_an_attribution_map_is_orange_for_and_blue_against_and_leaves_the_rest_grey() -> None:
    shown = overlaid(PIXELS, MAP)
    red, blue = shown[..., 0].astype(int), shown[..., 2].astype(int)
    assert red[0, 0] > blue[0, 0] + 100 and blue[0, 1] > red[0, 1] + 50
    assert len(set(shown[1, 0].tolist())) == 1


def test_the_attribution_map_stands_to_the_right_of_the_image() -> None:
    prediction = WrongPrediction(0, 1, np.array([0.4, 0.6]), 0.9, 0.2, attribution_map=MAP)
    image = Misclassification(0, 0, 0, PIXELS, (prediction,))
    shown = picture(image, prediction)
    assert shown.shape == (2, 6, 3)
    assert (shown[:, :2] == 100).all() and (shown[:, 4:] == overlaid(PIXELS, MAP)).all()
    assert picture(image, None) is PIXELS


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


def errors_of(classes: tuple[str, ...], models: tuple[str, ...], note: str = "") -> ErrorsResult:
    """Two images of class 0 that every model takes for class 1."""
    shares = np.array([0.25, 0.75, 0.0])
    predictions = tuple(
        WrongPrediction(place, 1, shares, 1.39, 0.5, attribution_map=np.ones((28, 28), dtype=np.float32))
        for place in range(len(models))
    )
    pixels = np.zeros((28, 28), dtype=np.uint8)
    images = tuple(Misclassification(i, 10 + i, 0, pixels, predictions, note) for i in range(2))
    return ErrorsResult(
        dataset="toys",
        split="test",
        n=10,
        classes=classes,
        device="cpu",
        precision="fp32",
        models=tuple(ModelErrors(name, None, 2) for name in models),
        selection=Selection(),
        sections=(Section("all", tuple(range(len(models))), 2, images),),
        explained="a method",
    )


def test_the_page_stands_alone_and_holds_a_card_for_each_wrong_prediction() -> None:
    page = read_page(to_html(errors_of(("a", "b", "c"), ("one", "two"))))
    assert page.count("figure") == page.count("details") == 4
    assert page.values("data-confidence") == ["0.750000"] * 4 and page.values("data-index") == [
        "10",
        "10",
        "11",
        "11",
    ]
    # The image and its attribution map.
    assert page.count("img") == 8
    for source in page.values("src"):
        with Image.open(io.BytesIO(base64.b64decode(source.removeprefix("data:image/png;base64,")))) as picture:
            assert picture.size == (28, 28)
    assert not page.values("href")


def test_no_name_can_break_the_page() -> None:
    odd = ("<b>bold</b>", "&lt;", '"quoted" it\'s')
    usual = read_page(to_html(errors_of(("a", "b", "c"), ("one", "two"), note="odd")))
    page = read_page(to_html(errors_of(odd, ("<script>", "\">'"), note="<i>&</i>")))
    assert [name for name, _ in page.elements] == [name for name, _ in usual.elements]
    assert {*odd, "<script>", "\">'", "<i>&</i>", f"{odd[0]} → {odd[1]}"} <= set(page.texts)


def test_a_page_without_errors_has_no_form() -> None:
    result = errors_of(("a", "b", "c"), ("one",))
    empty = Section("wrong", (0,), 0, ())
    page = read_page(to_html(replace(result, models=(ModelErrors("one", None, 0),), sections=(empty,))))
    assert "No errors at all: it classifies all 10 images correctly." in page.texts
    assert page.count("form") == page.count("script") == 0
