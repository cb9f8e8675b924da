"""What the terminal shows of a confusion matrix."""

from __future__ import annotations

import re

import pytest

from mnistkit.reporting.confusion.terminal import print_confusion
from tests.support.console import console_of, text_on
from tests.support.results import DIGITS, EMNIST, FASHION, LETTERS, confusion_result


def text_of(result, width=80, *, terminal=True, colours=None, encoding="utf-8"):
    console = console_of(width=width, terminal=terminal, colours=colours, encoding=encoding)
    print_confusion(console, result)
    return text_on(console)


def table_of(text):
    """The lines between the two empty ones."""
    return text.split("\n\n")[1].splitlines()


def test_every_count_is_in_its_row_and_column():
    result = confusion_result()
    lines = table_of(text_of(result))
    counts = result.models[0].counts
    for name, line, row in zip(DIGITS, lines[1:], counts.tolist(), strict=False):
        cells = line.split()
        assert cells[0] == name
        assert [0 if cell == "·" else int(cell) for cell in cells[1:11]] == row
        assert int(cells[11]) == sum(row)
        assert float(cells[12]) == pytest.approx(100 * row[int(name)] / sum(row), abs=0.05)
    assert lines[11].split() == ["total", *map(str, counts.sum(axis=0)), "2000"]
    assert lines[12].split()[0] == "precision"


@pytest.mark.parametrize("models", [1, 2])
@pytest.mark.parametrize("normalize", ["all", "none"])
@pytest.mark.parametrize("classes", [DIGITS, LETTERS, EMNIST, FASHION], ids=len)
@pytest.mark.parametrize("width", [40, 60, 80, 140])
def test_it_fits_the_window(width, classes, normalize, models):
    text = text_of(confusion_result(classes, models, normalize=normalize), width)
    assert max(map(len, text.splitlines())) <= width


def test_26_classes_at_80_columns_are_all_there_abbreviated():
    text = text_of(confusion_result(LETTERS, wrong=0.5))
    lines = table_of(text)
    assert lines[0].split()[:26] == list(LETTERS)
    assert [line.split()[0] for line in lines[1:27]] == list(LETTERS)
    assert "cells: 1 to 9 images, + ten or more, ■ right" in text


def test_where_not_all_classes_fit_the_most_confused_are_shown():
    result = confusion_result(EMNIST, n=10_000)
    text = text_of(result, 40)
    worst = result.pairs()[0]
    shown = table_of(text)[0].split()
    assert {EMNIST[worst.true], EMNIST[worst.predicted]} <= set(shown)
    assert re.search(rf"the {len(shown) - 1} of 47 classes of the most confused pairs", " ".join(text.split()))


def test_a_pipe_gets_the_whole_table_without_colour():
    text = text_of(confusion_result(EMNIST), width=60, terminal=False)
    lines = table_of(text)
    assert "\x1b" not in text and "■" not in text
    assert len(lines) == 1 + 47 + 2 and lines[0].split()[:47] == list(EMNIST)


def test_names_that_do_not_fit_a_column_are_numbered():
    lines = table_of(text_of(confusion_result(FASHION)))
    assert lines[0].split()[:4] == ["0", "1", "2", "3"]
    assert lines[1].startswith("0 T-shirt/top ")


@pytest.mark.parametrize("colours", ["truecolor", "256", "standard"])
def test_errors_are_loud_zeros_quiet(colours):
    text = text_of(confusion_result(n=400), colours=colours)
    assert "\x1b[2m" in text
    # Cells have a text colour and a background, so that neither theme hides them.
    assert re.search(r"\x1b\[1;[34][^m]*;(4|10)[^m]*m +\d", text)


def test_an_output_without_the_characters():
    text = text_of(confusion_result(LETTERS), encoding="ascii")
    assert "?" not in text and "# right" in text and " . " in text


def test_errors_only_blanks_the_diagonal():
    result = confusion_result(errors_only=True)
    first = table_of(text_of(result))[1]
    assert str(result.models[0].counts[0, 0]) not in first.split()


def test_a_difference_has_signs():
    result = confusion_result(models=2)
    line = table_of(text_of(result))[1].split()
    expected = [f"{value:+d}" if value else "·" for value in result.values[0].tolist()]
    assert line[1:11] == expected
