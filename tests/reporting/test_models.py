"""Architectures, bundled models and bundling in the terminal."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from mnistkit.evaluation.complexity import Layer, Summary
from mnistkit.inference.calibration import Calibration
from mnistkit.reporting.models import print_bundle, print_details, print_models
from mnistkit.workflows.bundle import BundleResult
from mnistkit.workflows.models import BundledModel, ModelDetails, ModelEntry, ModelList, RecipeEntry, RecipeSetting
from mnistkit.zoo import MeasuredRow, PublishedFigure
from tests.support.console import console_of, text_on

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib


LAYERS = (
    Layer("", "Net", (10,), 5, 0),
    Layer("first", "Conv2d", (6, 28, 28), 1234, 56_789),
    Layer("unused", "Linear", None, 7, 0),
)
RECIPE = (
    RecipeSetting("epochs", 3, "passes over the images"),
    RecipeSetting("optimizer", "adamw", "its name"),
    RecipeSetting("augmentation.rotation", 10.0, "degrees"),
)


ROW = MeasuredRow(
    kind="network",
    name="net",
    recipe="default",
    teacher=None,
    dataset="mnist",
    description="",
    parameters=1246,
    bytes=4984,
    macs=56_789,
    epochs=10,
    selection="best",
    n=10,
    images=10_000,
    seeds=[0, 1, 2],
    errors=[36, 38, 37],
    top2_errors=None,
    val_accuracy=[0.99, 0.99, 0.99],
    epochs_run=[10, 10, 10],
    mean=0.99614,
    std=0.00041,
    min=0.9955,
    max=0.9967,
    interval=[0.9955, 0.9969],
    top2_mean=None,
    top2_std=None,
    seconds_per_epoch=7.5,
    device="cpu (1 thread)",
    precision="fp32",
    versions={"torch": "2.15.0"},
    date="2026-11-25",
    command="mnistkit train --arch net --seeds 3",
    digest="0",
)


def entry_of(name: str, *recipes: RecipeEntry, **changes: Any) -> ModelEntry:
    entry = ModelEntry(
        name=name,
        description="a net",
        parameters=1246,
        bytes=4984,
        macs=56_789,
        epochs=3,
        recipes=recipes or (RecipeEntry("default", 3, None, is_current=False),),
        taught=(),
        published=(),
        bundled=(),
    )
    return replace(entry, **changes)


def row_of(name: str, **changes: Any) -> MeasuredRow:
    return replace(ROW, name=name, **changes)


def text_of(show: Callable[[Console], None]) -> str:
    console = console_of(width=200)
    show(console)
    return text_on(console)


def test_a_layer_has_its_figures_and_dashes_where_there_is_nothing_to_count() -> None:
    details = ModelDetails(10, "net", "a net", Summary(LAYERS, 1246, 56_789), RECIPE, "default", ("default",))
    lines = [line.split() for line in text_of(lambda console: print_details(console, details)).splitlines()]
    assert lines[0] == ["net:", "a", "net"]
    assert " ".join(lines[1]) == "1,246 parameters, 56,789 multiply-accumulates per image, 10 classes"
    assert ["(itself)", "Net", "10", "5", "-"] in lines
    assert ["first", "Conv2d", "6×28×28", "1,234", "56,789"] in lines
    assert ["unused", "Linear", "-", "7", "-"] in lines
    assert ["total", "1,246", "56,789"] in lines


def test_the_recipe_is_toml_with_what_each_key_means() -> None:
    details = ModelDetails(10, "net", "a net", Summary(LAYERS, 1246, 56_789), RECIPE, "default", ("default",))
    text = text_of(lambda console: print_details(console, details))
    recipe = text[text.index("# The recipe") :]
    assert tomllib.loads(recipe) == {"epochs": 3, "optimizer": "adamw", "augmentation": {"rotation": 10.0}}
    assert len({line.index("  # ") for line in recipe.splitlines()[1:] if "  # " in line}) == 1
    assert recipe.count("# degrees") == 1


@pytest.mark.parametrize("width", [40, 80, 120])
def test_layers_and_recipe_fit_the_screen_and_nothing_of_them_is_lost(width: int) -> None:
    details = ModelDetails(10, "net", "a net", Summary(LAYERS, 1246, 56_789), RECIPE, "default", ("default",))
    console = console_of(width=width)
    print_details(console, details)
    text = text_on(console)
    assert max(map(len, text.splitlines())) <= width
    assert all(number in text for number in ("1,234", "56,789", "1,246", "6×28×28"))
    assert all(header in text for header in ("kind", "output", "parameters", "MACs"))
    recipe = text[text.index("# The recipe") :]
    assert tomllib.loads(recipe) == {"epochs": 3, "optimizer": "adamw", "augmentation": {"rotation": 10.0}}
    assert "# passes over the images" in recipe


@pytest.mark.parametrize("width", [40, 60, 80, 120])
def test_the_lists_fit_the_screen_and_nothing_of_them_is_lost(width: int) -> None:
    description = "blocks of a kind that takes a long sentence to describe, and then some"
    entry = entry_of("net", description=description, parameters=123_456, macs=7_032_840)
    bundled = BundledModel("one", "net", "mnist", "", {"test_accuracy": 0.99614}, {}, 9, True)
    console = console_of(width=width)
    print_models(console, ModelList(10, (entry,), (), (), (bundled,)))
    lines = text_on(console).splitlines()
    assert max(map(len, lines)) <= width
    text = " ".join(" ".join(lines).split())
    for each in ("123,456", "7,032,840", "99.61 %", "default", "architecture", "trained on", "description"):
        assert each in text
    assert all(word in text for word in description.split())


def test_models_that_ship_have_their_accuracies_and_the_default_is_marked() -> None:
    entry = entry_of("net")
    bundled = [
        BundledModel("one", "net", "mnist", "", {"test_accuracy": 0.99614, "val_accuracy": 0.5}, {}, 9, True),
        BundledModel("two", "net", "toys", "", {}, {}, 9, False),
    ]
    text = text_of(lambda console: print_models(console, ModelList(10, (entry,), (), (), tuple(bundled))))
    lines = [" ".join(line.split()) for line in text.splitlines()]
    assert "net 1,246 56,789 3 not measured a net" in lines
    assert "one net mnist 99.61 % 50.00 % default" in lines
    assert "two net toys - -" in lines
    assert "bundled" not in text_of(lambda console: print_models(console, ModelList(10, (entry,), (), (), ())))


def test_a_bundled_model_is_told_with_its_size_and_calibration() -> None:
    calibration = Calibration(1.23456, 0.71, 0.00456, 5000)
    result = BundleResult(Path("weights/x.safetensors"), 1_000_000, 2_500_000, 9_000_000, calibration)
    assert text_of(lambda console: print_bundle(console, result)) == (
        f"{Path('weights/x.safetensors')}: 1,000,000 bytes, 2,500,000 of 9,000,000 with all bundled models\n"
        "temperature 1.2346, threshold 0.7100, which refuses 0.46 % of 5,000 validation images\n"
    )


def measured_list() -> ModelList:
    recipes = (
        RecipeEntry("default", 3, row_of("net"), is_current=True),
        RecipeEntry("authors", 15, row_of("net", recipe="authors"), is_current=False),
        RecipeEntry("long", 30, None, is_current=False),
    )
    same = PublishedFigure("theirs", "the same", 0.9946, "99.46 %", architecture="net")
    net = entry_of("net", *recipes, published=(same,), taught=(row_of("net", teacher="large"),))
    other = PublishedFigure("697 parameters", "a tiny net", 0.9903, "99.03 %", "the best of many runs", None, 697)
    neighbours = row_of("nearest neighbours", kind="classical", recipe="deskewed", description="k = 3", bytes=9000)
    return ModelList(10, (net,), (neighbours,), (other,), ())


def test_every_recipe_has_a_row_with_what_it_gave_beside_what_others_report() -> None:
    lines = [" ".join(line.split()) for line in text_of(lambda c: print_models(c, measured_list())).splitlines()]
    assert "net 1,246 56,789 3 99.61 ± 0.04 10 99.46 a net" in lines
    assert "authors 15 99.61 ± 0.04 10" in lines
    assert "long 30 not measured" in lines
    assert "from large 10 99.61 ± 0.04 10" in lines
    assert "nearest neighbours deskewed 99.61 ± 0.04 10 9.0 kB k = 3" in lines
    assert "697 parameters 697 99.03 the best of many runs" in lines
    assert "measured before network or recipe changed: net (authors)" in lines


@pytest.mark.parametrize("width", [40, 80, 120])
def test_rows_fit_the_screen_and_say_of_what_they_are(width: int) -> None:
    console = console_of(width=width)
    print_models(console, measured_list())
    lines = text_on(console).splitlines()
    assert max(map(len, lines)) <= width
    text = " ".join(" ".join(lines).split())
    for each in ("99.61 ± 0.04", "not measured", "99.46", "99.03", "9.0 kB", "no fair comparison"):
        assert each in text
    assert ("net (authors)\n" if width < 80 else "\n  authors ") in "\n".join(lines)
