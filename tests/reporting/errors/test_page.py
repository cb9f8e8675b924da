"""Misclassifications as a web page."""

from __future__ import annotations

import base64
import io
from dataclasses import replace

from PIL import Image

from mnistkit.evaluation.results.errors import (
    ModelErrors,
    Section,
)
from mnistkit.reporting.errors.page import to_html
from tests.support.html import read_page
from tests.support.results import errors_result


def test_the_page_stands_alone_and_holds_a_card_for_each_wrong_prediction() -> None:
    page = read_page(to_html(errors_result(("a", "b", "c"), ("one", "two"))))
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
    usual = read_page(to_html(errors_result(("a", "b", "c"), ("one", "two"), note="odd")))
    page = read_page(to_html(errors_result(odd, ("<script>", "\">'"), note="<i>&</i>")))
    assert [name for name, _ in page.elements] == [name for name, _ in usual.elements]
    assert {*odd, "<script>", "\">'", "<i>&</i>", f"{odd[0]} → {odd[1]}"} <= set(page.texts)


def test_each_card_names_its_file_in_printable_characters() -> None:
    names = ("cat/7.png", "<i>&\x1b\n.png", "\udcff.png")
    page = to_html(errors_result(("\udcfe", "b\x07", "c"), ("one",), names=names))
    page.encode("utf-8")
    texts = read_page(page).texts
    assert {"cat/7.png", "<i>&\\x1b\\n.png", "\\xff.png", "\\xfe → b\\x07"} <= set(texts)


def test_a_page_without_errors_has_no_form() -> None:
    result = errors_result(("a", "b", "c"), ("one",))
    empty = Section("wrong", (0,), 0, ())
    page = read_page(to_html(replace(result, models=(ModelErrors("one", None, 0),), sections=(empty,))))
    assert "No errors at all: it classifies all 12 images correctly." in page.texts
    assert page.count("form") == page.count("script") == 0
