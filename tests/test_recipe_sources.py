from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mnistkit.exceptions import MnistkitError, RecipeError
from mnistkit.recipe import RENAMED_KEYS, Recipe, recipe_keys
from mnistkit.recipe_sources import apply_changes, name_or_file, read_recipe_file, recipe_changes, variable_names


def resolved(**sources: Any) -> Recipe:
    sources.setdefault("environment", {})
    return apply_changes(Recipe(), recipe_changes(**sources))


def test_precedence_is_option_over_set_over_environment_over_file(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text("epochs = 2\nbatch_size = 2\nseed = 2\nlabel_smoothing = 0.2\n")
    recipe = resolved(
        file=file,
        environment={"MNISTKIT_EPOCHS": "3", "MNISTKIT_BATCH_SIZE": "3", "MNISTKIT_SEED": "3"},
        settings=["epochs=4", "batch_size=4"],
        options={"epochs": 5, "batch_size": None},
    )
    assert (recipe.epochs, recipe.batch_size, recipe.seed, recipe.label_smoothing) == (5, 4, 3, 0.2)


@pytest.mark.parametrize(
    ("given", "name", "file"),
    [
        (None, None, None),
        ("authors", "authors", None),
        ("mine.toml", None, Path("mine.toml")),
        ("./mine", None, Path("mine")),
        ("runs/a/recipe.toml", None, Path("runs/a/recipe.toml")),
        (Path("mine"), None, Path("mine")),
    ],
)
def test_a_recipe_is_a_name_or_a_file(given: str | Path | None, name: str | None, file: Path | None) -> None:
    assert name_or_file(given) == (name, file)


def test_nested_keys_from_every_source(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text("[augmentation]\nrotation = 7\nzoom = 0.1\n")
    recipe = resolved(
        file=file, environment={"MNISTKIT_AUGMENTATION_ZOOM": "0.2"}, settings=["augmentation.shear=3"]
    )
    found = recipe.augmentation
    assert (found.rotation, found.zoom, found.shear) == (7, 0.2, 3)


def test_a_runs_own_description_is_passed_over(tmp_path: Path) -> None:
    file = tmp_path / "recipe.toml"
    file.write_text('epochs = 2\n[run]\narchitecture = "lenet5"\n')
    assert read_recipe_file(file) == {"epochs": 2}


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        (["epoch=3"], "did you mean 'epochs'"),
        (["epochs"], "key=value"),
        (["=3"], "key=value"),
        (["epochs=three"], "whole number"),
        (["epochs=0"], "at least 1"),
        (["learning_rate=-1"], "more than 0"),
        (["learning_rate=nan"], "learning_rate"),
        (["optimizer=adadelt"], "did you mean 'adadelta'"),
        (["augmentation.rotatoin=3"], "did you mean 'augmentation.rotation'"),
    ],
)
def test_bad_settings_are_one_clear_line(settings: list[str], words: str) -> None:
    with pytest.raises(RecipeError, match="--set") as caught:
        resolved(settings=settings)
    assert words in caught.value.message
    assert "\n" not in caught.value.message


@pytest.mark.parametrize("content", ["epochs = ", "[a\n", "\x00", "epochs = 1\nepochs = 2"])
def test_a_file_that_is_no_toml(tmp_path: Path, content: str) -> None:
    file = tmp_path / "bad.toml"
    file.write_text(content)
    with pytest.raises(RecipeError, match=r"bad\.toml"):
        resolved(file=file)


def test_a_file_that_is_missing(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match="cannot read"):
        resolved(file=tmp_path / "none.toml")


def test_a_mistyped_variable_is_warned_of() -> None:
    lines: list[str] = []
    resolved(environment={"MNISTKIT_EPOCH": "3", "MNISTKIT_CACHE": "/x", "HOME": "/y"}, warn=lines.append)
    assert len(lines) == 1
    assert "did you mean MNISTKIT_EPOCHS" in lines[0]


OLD = "augmentation.cooldown"
SAID = f"'{OLD}' is now called '{RENAMED_KEYS[OLD]}'"


def test_a_key_of_an_earlier_version_is_named_whatever_it_comes_from(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text("[augmentation]\ncooldown = 0.6\n")
    for source, given_in in {
        "environment": {"environment": {"MNISTKIT_AUGMENTATION_COOLDOWN": "0.6"}},
        "--set": {"settings": [f"{OLD}=0.6"]},
        str(file): {"file": file},
    }.items():
        with pytest.raises(RecipeError) as caught:
            resolved(**given_in)
        assert caught.value.message == f"{source}: the recipe key {SAID}"


def test_a_recipe_that_an_earlier_version_recorded_is_taken_over(tmp_path: Path) -> None:
    file = tmp_path / "recipe.toml"
    file.write_text("pin_memory = false\n[run]\nfull = false\n[augmentation]\ncooldown = 0.6\nremainder = 0.3\n")
    found = resolved(file=file).augmentation
    assert (found.ramp_down, found.final_share) == (0.6, 0.3)


def test_no_two_keys_share_a_variable() -> None:
    keys = [*recipe_keys(), *RENAMED_KEYS]
    assert len(variable_names(keys)) == len(keys)


def test_the_variable_of_a_key_in_any_table() -> None:
    names = variable_names(["epochs", "teaching.soft_labels"])
    assert names == {"MNISTKIT_EPOCHS": "epochs", "MNISTKIT_TEACHING_SOFT_LABELS": "teaching.soft_labels"}


@given(st.text(max_size=30))
def test_any_setting_is_applied_or_refused(text: str) -> None:
    try:
        resolved(settings=[text])
    except MnistkitError as error:
        assert "\n" not in error.message or "\n" in text


@given(st.binary(max_size=60))
def test_any_file_is_read_or_refused(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    file = tmp_path_factory.mktemp("recipes") / "any.toml"
    file.write_bytes(content)
    try:
        resolved(file=file)
    except RecipeError as error:
        assert str(file) in error.message
