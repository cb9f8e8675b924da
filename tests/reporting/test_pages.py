"""Web pages: whatever is put into them stays text, and what is missing is an error."""

from __future__ import annotations

import pytest
from jinja2 import TemplateNotFound, UndefinedError

from mnistkit.reporting.pages import render
from tests.support.html import read_page


def page(**values: object) -> str:
    usual = {
        "title": "a title",
        "accuracies": [],
        "reading": [],
        "classes": [],
        "margin": [],
        "rows": [],
        "sums": {},
        "widest": 1,
    }
    return render("confusion", **{**usual, "verdict": "", "pairs": [], **values})


def test_text_stays_text() -> None:
    odd = "<script>alert('x')</script> & \"more\""
    read = read_page(page(title=odd, verdict=odd, classes=[odd]))
    assert read.count("script") == read_page(page()).count("script")
    assert read.texts.count(odd) >= 3


def test_what_a_template_needs_must_be_given() -> None:
    with pytest.raises(UndefinedError, match="'title' is undefined"):
        render("confusion")


def test_there_is_no_such_page() -> None:
    with pytest.raises(TemplateNotFound):
        render("nothing")
