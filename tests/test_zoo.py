"""What is recorded of the models, and how it is written."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from mnistkit.evaluation.intervals import pooled_interval, summarise_seeds
from mnistkit.exceptions import DataError, OutputError
from mnistkit.models import get_architecture
from mnistkit.recipe import Recipe
from mnistkit.zoo import (
    MEASURED,
    MeasuredRow,
    add_measured,
    read_architectures,
    read_measured,
    read_published,
    recipe_digest,
)

ROWS = read_measured()


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.title)
def test_the_figures_of_a_row_follow_from_the_errors_of_its_seeds(row: MeasuredRow) -> None:
    accuracies = [1 - wrong / row.images for wrong in row.errors]
    summary = summarise_seeds(accuracies)
    assert (row.n, list(row.seeds)) == (len(row.errors), list(range(len(row.errors))))
    assert (row.mean, row.min, row.max) == pytest.approx((summary.mean, min(accuracies), max(accuracies)))
    assert row.std == pytest.approx(summary.std, abs=1e-8)
    assert list(row.interval) == pytest.approx(list(pooled_interval(row.errors, row.images)))
    if row.top2_errors is not None:
        assert row.top2_mean == pytest.approx(1 - sum(row.top2_errors) / row.n / row.images)
    assert row.images == 10_000 and row.dataset == "mnist"


def test_networks_of_others_have_the_size_of_the_architecture_that_they_are() -> None:
    architectures = read_architectures()
    for figure in read_published():
        if figure.architecture in architectures and figure.parameters:
            assert figure.parameters == architectures[figure.architecture].parameters, figure.name
        assert 0.5 < figure.accuracy < 1 and f"{100 * figure.accuracy:.4g}" in figure.said


def row_of(name: str, **changes: object) -> MeasuredRow:
    return replace(ROWS[0], name=name, **changes)  # type: ignore[arg-type]


def test_rows_are_kept_in_one_order_with_a_line_for_each_field(tmp_path: Path) -> None:
    path = tmp_path / "measured.json"
    rows = [
        row_of("b", recipe="authors"),
        row_of("knn", kind="classical", recipe="deskewed"),
        row_of("b"),
        row_of("a", teacher="b"),
        row_of("a"),
    ]
    for row in rows:
        assert add_measured(row, path) is None
    found = read_measured(path)
    assert [row.title for row in found] == ["a", "a from b", "b", "b (authors)", "knn (deskewed)"]
    assert json.loads(path.read_text())["schema"] == "mnistkit/measured/1"
    before = path.read_text().splitlines()
    add_measured(replace(found[0], device="another"), path, replace=True)
    after = path.read_text().splitlines()
    assert [new for old, new in zip(before, after, strict=True) if old != new] == ['      "device": "another",']


def test_a_row_takes_the_place_of_another_only_on_demand(tmp_path: Path) -> None:
    path = tmp_path / "measured.json"
    first, second = row_of("a"), row_of("a", mean=0.5)
    add_measured(first, path)
    before = path.read_bytes()
    with pytest.raises(OutputError, match=f"has a row of it: {first}") as caught:
        add_measured(second, path)
    assert "--replace" in str(caught.value.hint) and path.read_bytes() == before
    assert add_measured(second, path, replace=True) == first
    assert [row.mean for row in read_measured(path)] == [0.5]


def test_a_damaged_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / "measured.json"
    path.write_text(MEASURED.read_text().replace('"device"', '"devise"', 1))
    with pytest.raises(DataError, match="other fields than this version knows: device, devise"):
        read_measured(path)
    path.write_text("{")
    with pytest.raises(DataError, match="cannot be read"):
        add_measured(ROWS[0], path)
    assert path.read_text() == "{"


def test_a_recipe_is_known_by_what_it_changes_in_training() -> None:
    recipe = get_architecture("lenet5").recipe
    same = [recipe.merged({key: value}, "") for key, value in (("seed", 7), ("precision", "bf16"), ("workers", 3))]
    assert {recipe_digest(each) for each in same} == {recipe_digest(recipe)}
    others = [recipe.merged({key: 0.5}, "") for key in ("learning_rate", "augmentation.blur", "label_smoothing")]
    assert len({recipe_digest(each) for each in (recipe, *others, Recipe())}) == 5
