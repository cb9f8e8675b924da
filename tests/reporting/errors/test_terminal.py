"""Misclassifications on standard output: within a terminal's window, or as rows on a pipe."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest
from rich.cells import cell_len

from mnistkit.evaluation.results.errors import ErrorsResult, Section, Selection
from mnistkit.reporting.errors.terminal import print_errors
from mnistkit.reporting.errors.window import without_blank_edges
from tests.support.console import console_of, text_on
from tests.support.results import errors_result

CLASSES = ("cat", "dog", "bird")
HINT = r"--limit 90 (draws|shows) all of them"
# What can end a line, move the cursor, turn the direction of writing, or be no text at all.
ODD = ("a\nb.png", "\x1b[2J.png", "\udcff.png", "\u202egnp.exe", "[bold]x.png", "日本語.png", "l" * 100 + ".png")


def shown(result: ErrorsResult, width: int = 80, height: int = 24) -> list[str]:
    console = console_of(width=width)
    console.height = height
    print_errors(console, result)
    return text_on(console).splitlines()


def sections_of(result: ErrorsResult) -> ErrorsResult:
    """Return the result of two models with a section for each of them and one for both."""
    (section,) = result.sections
    alone = [Section("only", (place,), section.total, section.misclassifications) for place in (0, 1)]
    return replace(result, sections=(*alone, section))


@pytest.mark.parametrize("height", [24, 30, 50, 80])
@pytest.mark.parametrize("width", [40, 80, 120])
@pytest.mark.parametrize("models", [("one",), ("one", "two")])
@pytest.mark.parametrize("explained", [None, "a method"])
def test_all_fits_the_window_and_the_summary_is_last(
    models: tuple[str, ...], width: int, height: int, explained: str | None
) -> None:
    result = errors_result(CLASSES, models, note="odd", images=90, explained=explained)
    result = sections_of(result) if len(models) > 1 else result
    lines = shown(result, width, height)
    # The prompt takes a line.
    assert len(lines) < height
    assert max(map(cell_len, lines)) <= width
    summary = " ".join(line.strip() for line in lines[lines.index(next(x for x in lines if " on toys" in x)) :])
    assert summary.startswith(" and ".join(models) + " on toys, test split: 100 images")
    assert re.search(HINT, summary)
    assert sum("cat" in line for line in lines) >= len(result.sections)


@pytest.mark.parametrize(("height", "rows"), [(20, 1), (40, 2), (80, 6)])
def test_a_higher_window_shows_more_pictures(height: int, rows: int) -> None:
    lines = shown(errors_result(CLASSES, ("one",), images=90, explained=None), height=height)
    assert sum(line.count("cat→dog 75.0 %") for line in lines) == 2 * rows
    assert sum("@@@@" in line for line in lines) == 10 * rows
    assert f"wrong: 90, by loss, the first {2 * rows} shown" in lines


@pytest.mark.parametrize(("width", "height"), [(80, 12), (20, 40)])
def test_without_room_for_pictures_each_is_a_line(width: int, height: int) -> None:
    lines = shown(errors_result(CLASSES, ("one",), images=90, explained=None), width, height)
    assert not any("@" in line for line in lines)
    assert lines[2 if width == 20 else 1].split() == ["cat→dog", "75.0", "%", "#10"]
    assert re.search(HINT, " ".join(line.strip() for line in lines))


def test_as_many_as_were_asked_for_are_drawn_whatever_the_window() -> None:
    result = errors_result(CLASSES, ("one",), images=7, explained=None)
    result = replace(result, selection=Selection(limit=7))
    assert sum(line.count("cat→dog") for line in shown(result)) == 7
    assert "one on toys, test split: 17 images" in shown(result)[-2]


@pytest.mark.parametrize("height", [12, 200])
def test_files_are_named_and_no_name_breaks_the_layout(height: int) -> None:
    result = errors_result(CLASSES, ("one",), names=("cat/img_0012.png", *ODD), explained=None)
    console = console_of()
    console.height = height
    print_errors(console, result)
    text = text_on(console)
    assert "cat/img_0012.png" in text and "toys/" not in text
    assert set(text) - {"\n"} == {each for each in text if each.isprintable()}
    assert max(map(cell_len, text.splitlines())) <= 80
    if height == 200:
        for name in ("a\\nb.png", "\\x1b[2J.png", "\\xff.png", "\\u202egnp.exe", "[bold]x.png", "本語.png", "l…l"):
            assert name in text


def test_a_pipe_gets_a_row_for_each_and_the_summary_stands_apart(capsys: pytest.CaptureFixture[str]) -> None:
    console = console_of(terminal=False)
    print_errors(console, errors_result(CLASSES, ("one", "two"), note="odd", names=("cat/7.png", "a\tb\n.png")))
    rows = [line.split("\t") for line in text_on(console).splitlines()]
    assert rows == [
        [name, "cat", "dog", "0.750000", model, "odd"]
        for name in ("toys/cat/7.png", "toys/a\\tb\\n.png")
        for model in ("one", "two")
    ]
    assert capsys.readouterr().err.splitlines()[0] == "one and two on toys, test split: 12 images"


def test_a_pipe_gets_the_index_of_what_is_no_file() -> None:
    console = console_of(terminal=False)
    print_errors(console, errors_result(CLASSES, ("one",), images=1))
    assert text_on(console) == "#10\tcat\tdog\t0.750000\t\n"


def test_blank_edges_are_left_out_of_all_images_alike() -> None:
    images = np.zeros((2, 28, 28), dtype=np.uint8)
    assert without_blank_edges(images).shape == (2, 2, 28)
    images[0, 5], images[1, 20] = 1, 1
    np.testing.assert_array_equal(without_blank_edges(images), images[:, 4:22])
    coloured = np.repeat(images[..., None], 3, axis=3)
    np.testing.assert_array_equal(without_blank_edges(coloured), coloured[:, 4:22])
