"""What a notebook asks results for, and who answers."""

from __future__ import annotations

import pytest

from mnistkit import notebook
from mnistkit.reporting.notebook import png
from tests.support.answers import answer
from tests.support.results import confusion_result


def test_results_draw_nothing_until_someone_is_named_who_does(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(notebook, "_draw", None)
    result = answer()
    assert result._repr_png_() is None
    notebook.draw_with(lambda drawn: repr(drawn).encode())
    assert result._repr_png_() == repr(result).encode()


def test_what_has_no_figure_is_shown_as_text() -> None:
    assert png("text") is None


def test_names_are_drawn_as_they_are() -> None:
    odd = confusion_result(classes=("<b>", "$x$", "a_b"))
    assert (png(odd) or b"").startswith(b"\x89PNG")
    assert (png(answer(name="<img src=x>$1$")) or b"").startswith(b"\x89PNG")
