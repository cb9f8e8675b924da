"""Architectures, bundled models and bundling in the terminal."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from rich.console import Console

from mnistkit.evaluation.complexity import Layer, Summary
from mnistkit.inference.calibration import Calibration
from mnistkit.reporting.models import print_bundle, print_details, print_models
from mnistkit.workflows.bundle import BundleResult
from mnistkit.workflows.models import BundledModel, ModelDetails, ModelEntry, ModelList, RecipeSetting
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


def text_of(show: Callable[[Console], None]) -> str:
    console = console_of(width=200)
    show(console)
    return text_on(console)


def test_a_layer_has_its_figures_and_dashes_where_there_is_nothing_to_count() -> None:
    details = ModelDetails(10, "net", "a net", Summary(LAYERS, 1246, 56_789), RECIPE)
    lines = [line.split() for line in text_of(lambda console: print_details(console, details)).splitlines()]
    assert lines[0] == ["net:", "a", "net"]
    assert " ".join(lines[1]) == "1,246 parameters, 56,789 multiply-accumulates per image, 10 classes"
    assert ["(itself)", "Net", "10", "5", "-"] in lines
    assert ["first", "Conv2d", "6×28×28", "1,234", "56,789"] in lines
    assert ["unused", "Linear", "-", "7", "-"] in lines
    assert ["total", "1,246", "56,789"] in lines


def test_the_recipe_is_toml_with_what_each_key_means() -> None:
    details = ModelDetails(10, "net", "a net", Summary(LAYERS, 1246, 56_789), RECIPE)
    text = text_of(lambda console: print_details(console, details))
    recipe = text[text.index("# The recipe") :]
    assert tomllib.loads(recipe) == {"epochs": 3, "optimizer": "adamw", "augmentation": {"rotation": 10.0}}
    assert len({line.index("  # ") for line in recipe.splitlines()[1:] if "  # " in line}) == 1
    assert recipe.count("# degrees") == 1


@pytest.mark.parametrize("width", [40, 80, 120])
def test_layers_and_recipe_fit_the_screen_and_nothing_of_them_is_lost(width: int) -> None:
    details = ModelDetails(10, "net", "a net", Summary(LAYERS, 1246, 56_789), RECIPE)
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
    entry = ModelEntry("net", description, 123_456, 7_032_840, 10, ())
    bundled = BundledModel("one", "net", "mnist", "", {"test_accuracy": 0.99614}, {}, 9, True)
    console = console_of(width=width)
    print_models(console, ModelList(10, (entry,), (bundled,)))
    lines = text_on(console).splitlines()
    assert max(map(len, lines)) <= width
    text = " ".join(" ".join(lines).split())
    for each in ("123,456", "7,032,840", "99.61 %", "default", "architecture", "trained on", "description"):
        assert each in text
    assert all(word in text for word in description.split())


def test_models_that_ship_have_their_accuracies_and_the_default_is_marked() -> None:
    entry = ModelEntry("net", "a net", 1246, 56_789, 3, ())
    bundled = [
        BundledModel("one", "net", "mnist", "", {"test_accuracy": 0.99614, "val_accuracy": 0.5}, {}, 9, True),
        BundledModel("two", "net", "toys", "", {}, {}, 9, False),
    ]
    text = text_of(lambda console: print_models(console, ModelList(10, (entry,), tuple(bundled))))
    lines = [" ".join(line.split()) for line in text.splitlines()]
    assert "net 1,246 56,789 3 a net" in lines
    assert "one net mnist 99.61 % 50.00 % default" in lines
    assert "two net toys - -" in lines
    assert "bundled" not in text_of(lambda console: print_models(console, ModelList(10, (entry,), ())))


def test_a_bundled_model_is_told_with_its_size_and_calibration() -> None:
    calibration = Calibration(1.23456, 0.71, 0.00456, 5000)
    result = BundleResult(Path("weights/x.safetensors"), 1_000_000, 2_500_000, 9_000_000, calibration)
    assert text_of(lambda console: print_bundle(console, result)) == (
        f"{Path('weights/x.safetensors')}: 1,000,000 bytes, 2,500,000 of 9,000,000 with all bundled models\n"
        "temperature 1.2346, threshold 0.7100, which refuses 0.46 % of 5,000 validation images\n"
    )
