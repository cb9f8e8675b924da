"""A confusion matrix as a web page."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import product

import pytest

from mnistkit.reporting.confusion.page import to_html
from tests.support.html import read_page
from tests.support.results import FASHION, ODD, confusion_result


@pytest.mark.parametrize("models", [1, 2])
def test_the_page_stands_alone_and_holds_every_count(models):
    result = confusion_result(FASHION, models)
    page = read_page(to_html(result))
    assert not page.values("src") and not page.values("href")
    assert page.count("tr") == 1 + 4 + (1 if models == 2 else 2)
    cells = [each["title"] for name, each in page.elements if name == "td" and "title" in each]
    texts = [f"{value:+d}" if models == 2 and value else str(value) for value in result.values.ravel().tolist()]
    pairs = product(FASHION, FASHION)
    assert cells == [f"{true} read as {said}: {text}" for text, (true, said) in zip(texts, pairs, strict=True)]


def test_all_columns_are_as_wide_as_the_widest_number():
    assert "thead th:not(.margin) { min-width: 4ch; }" in to_html(confusion_result())


def test_no_name_can_break_the_page():
    usual, odd = confusion_result(FASHION), confusion_result(ODD)
    (model,) = odd.models
    named = replace(model, checkpoint=replace(model.checkpoint, name="<script>&amp;\"'"))
    page = read_page(to_html(replace(odd, models=(named,), dataset="<i>a & b</i>")))
    assert [name for name, _ in page.elements] == [name for name, _ in read_page(to_html(usual)).elements]
    assert set(ODD) <= set(page.texts)
    assert "<script>&amp;\"' on <i>a & b</i>, test split: 2,000 images" in page.texts
    assert f"{ODD[0]} read as {ODD[1]}" in {title.rpartition(":")[0] for title in page.values("title")}


def test_what_is_wider_than_a_phone_is_moved_by_itself_and_its_numbers_keep_their_units():
    page = to_html(confusion_result())
    elements = read_page(page).elements
    place = next(i for i, (name, _) in enumerate(elements) if name == "table")
    assert elements[place - 1] == ("div", {"id": "matrix"})
    assert "@media (max-width: 40rem)" in page and "#matrix { overflow-x: auto; }" in page
    # A browser ends no line at a no-break space.
    assert re.search(r"accuracy \d+\.\d\d\u00a0%,", page)
