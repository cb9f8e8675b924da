"""Accuracy against parameters: which points are drawn, and that a figure comes of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from mnistkit.exceptions import DataError
from mnistkit.reporting.frontier import FORMATS, Point, frontier, points, write_frontier
from mnistkit.workflows.models import ModelList, list_models


def point(label: str, parameters: int, accuracy: float) -> Point:
    return Point(label, parameters, accuracy, 0.0, "measured")


def test_the_frontier_holds_what_nothing_smaller_is_as_good_as() -> None:
    drawn = [point("c", 300, 0.98), point("a", 100, 0.97), point("b", 200, 0.96), point("d", 100, 0.95)]
    assert [each.label for each in frontier(drawn)] == ["a", "c"]
    assert frontier([point("e", 500, 0.97), point("a", 100, 0.97)]) == [point("a", 100, 0.97)]


def test_every_row_and_every_figure_of_others_is_drawn_once() -> None:
    known = list_models()
    drawn = points(known)
    measured = [recipe.measured for entry in known.models for recipe in entry.recipes if recipe.measured]
    measured += [row for entry in known.models for row in entry.taught]
    ours = [each for each in drawn if each.is_ours]
    assert {each.label: (each.accuracy, each.std) for each in ours} == {
        row.title: (row.mean, row.std or 0) for row in measured
    }
    others = {each.label: each.parameters for each in drawn if not each.is_ours}
    assert others["LeNet-5, modified"] == 274_746, "an architecture knows what its publication does not say"
    assert "1,500 networks" not in others, "of which no parameters are known"
    assert len(drawn) == len(ours) + len(others)


@pytest.mark.parametrize("suffix", FORMATS.suffixes)
def test_the_figure_is_written(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"frontier{suffix}"
    write_frontier(list_models(), path)
    assert path.stat().st_size > 10_000


def test_without_measured_models_there_is_nothing_to_draw(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no measured model"):
        write_frontier(ModelList(10, (), (), (), ()), tmp_path / "frontier.png")
    assert not list(tmp_path.iterdir())
