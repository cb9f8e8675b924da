"""The recipe: what it takes, what it refuses and how it says so."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mnistkit.exceptions import RecipeError
from mnistkit.models import get_architecture, model_names
from mnistkit.recipe import (
    DEFAULT_RECIPE,
    REMOVED_KEYS,
    RENAMED_KEYS,
    Augmentation,
    Recipe,
    flatten,
    recipe_keys,
    setting,
    with_current_keys,
)
from mnistkit.recipe_sources import read_recipe_file

KEYS = recipe_keys()
EXPECTED = {bool: "true or false", int: "a whole number", float: "a number", str: "text"}


@dataclass(frozen=True)
class Teaching:
    """A table as an objective might add one."""

    teacher: str = setting("", "whose answers are learned")
    temperature: float = setting(1.0, "softness of the answers", above=0)
    hard: bool = setting(False, "whether the labels count too")


@dataclass(frozen=True)
class TaughtRecipe(Recipe):
    """A recipe with a second table, and a plain key after it."""

    teaching: Teaching = field(default_factory=Teaching)
    lessons: int = setting(3, "a plain key", low=1)


ALL_KEYS = recipe_keys(TaughtRecipe)


def message(changes: dict[str, Any], recipe: Recipe | None = None) -> str:
    with pytest.raises(RecipeError) as caught:
        (recipe or Recipe()).merged(changes, "--set")
    assert "\n" not in caught.value.message
    assert caught.value.exit_code == 2
    return caught.value.message


def test_every_key_is_documented_in_a_line_that_fits_a_terminal() -> None:
    flat = flatten(Recipe().to_dict())
    assert set(flat) == set(KEYS)
    for key, (_, limits) in KEYS.items():
        assert limits["help"], key
        assert len(f"{key.rpartition('.')[2]} = {flat[key]!r}") <= 26
        assert len(limits["help"]) <= 54, key


@pytest.mark.parametrize("name", model_names())
def test_the_recipe_of_every_architecture_is_valid_and_survives_the_round_trip(name: str) -> None:
    recipe = get_architecture(name).recipe
    assert Recipe.from_dict(recipe.to_dict()) == recipe


@pytest.mark.parametrize("key", KEYS)
def test_every_default_is_accepted_as_a_value_and_as_text(key: str) -> None:
    value = flatten(Recipe().to_dict())[key]
    assert Recipe().merged({key: value}, "x") == Recipe()
    assert Recipe().merged({key: str(value)}, "x") == Recipe()


def test_changes_are_applied_and_the_rest_is_kept() -> None:
    base = Recipe(epochs=7, augmentation=Augmentation(zoom=0.1))
    changed = base.merged({"learning_rate": "0.5", "augmentation.rotation": 15}, "x")
    assert (changed.epochs, changed.learning_rate) == (7, 0.5)
    assert changed.augmentation == Augmentation(zoom=0.1, rotation=15.0)
    assert isinstance(changed.augmentation.rotation, float)
    assert base.learning_rate == Recipe().learning_rate


@pytest.mark.parametrize(
    ("key", "close"),
    [
        ("epoch", "epochs"),
        ("Epochs", "epochs"),
        ("learnig_rate", "learning_rate"),
        ("rotation", "augmentation.rotation"),
        ("augmentation.rotaton", "augmentation.rotation"),
    ],
)
def test_an_unknown_key_gets_the_close_match(key: str, close: str) -> None:
    assert message({key: 1}) == f"--set: unknown recipe key '{key}'; did you mean '{close}'?"


@pytest.mark.parametrize("values", [{"augmentation": 3}, {"epochs": {"a": 1}}, {"": 1}, {"augmentation": {"": 1}}])
def test_tables_where_values_belong_and_the_reverse(values: dict[str, Any]) -> None:
    with pytest.raises(RecipeError, match="unknown recipe key"):
        Recipe.from_dict(values, "file.toml")


def test_any_number_of_tables() -> None:
    assert set(ALL_KEYS) == {*KEYS, "lessons", "teaching.teacher", "teaching.temperature", "teaching.hard"}
    changes = {"teaching": {"temperature": "4", "hard": "yes"}, "augmentation": {"zoom": 0.1}, "lessons": 5}
    recipe = TaughtRecipe.from_dict(changes)
    assert recipe == TaughtRecipe(
        teaching=Teaching(temperature=4.0, hard=True), augmentation=Augmentation(zoom=0.1), lessons=5
    )
    assert TaughtRecipe.from_dict(recipe.to_dict()) == recipe
    assert recipe.merged({"teaching.teacher": "convnext"}, "x").teaching == Teaching("convnext", 4.0, True)


def test_the_keys_of_tables_come_last_as_in_a_file() -> None:
    tables = [key.rpartition(".")[0] for key in ALL_KEYS]
    assert tables == sorted(tables)


def test_models_show_prints_every_table(run_cli, monkeypatch: pytest.MonkeyPatch) -> None:
    taught = replace(
        get_architecture("lenet5"), recipes={DEFAULT_RECIPE: TaughtRecipe(teaching=Teaching("convnext", 4.0))}
    )
    monkeypatch.setattr("mnistkit.workflows.models.get_architecture", lambda name: taught)
    result = run_cli("models", "show", "lenet5")
    Path("mine.toml").write_text("# " + result.out.partition("\n# ")[2], encoding="utf-8")
    assert TaughtRecipe().merged(read_recipe_file(Path("mine.toml")), "mine.toml") == taught.recipe


def test_every_table_checks_its_keys() -> None:
    for key, said in {
        "teaching.temprature": "did you mean 'teaching.temperature'",
        "teaching": "unknown recipe key 'teaching'",
        "teaching.temperature": "--set: teaching.temperature must be more than 0, not 0.0",
        "teaching.hard": "--set: teaching.hard must be true or false, not 0",
    }.items():
        with pytest.raises(RecipeError, match=said):
            TaughtRecipe().merged({key: 0}, "--set")


@pytest.mark.parametrize("key", RENAMED_KEYS)
def test_a_key_of_an_earlier_version_is_answered_by_its_new_name(key: str) -> None:
    assert message({key: 0.5}) == f"--set: the recipe key '{key}' is now called '{RENAMED_KEYS[key]}'"
    assert RENAMED_KEYS[key] in KEYS and key not in KEYS


@pytest.mark.parametrize("key", REMOVED_KEYS)
def test_a_key_that_is_no_more_is_to_be_left_out(key: str) -> None:
    with pytest.raises(RecipeError, match=f"there is no recipe key '{key}' any more") as caught:
        Recipe().merged({key: "true"}, "--set")
    assert caught.value.hint == f"leave it out: {REMOVED_KEYS[key]}"
    assert key not in KEYS


def test_what_an_earlier_version_recorded_is_taken_over() -> None:
    recorded = {"epochs": 3, "pin_memory": True, "augmentation.cooldown": 0.6, "augmentation.remainder": 0.3}
    recipe = Recipe().merged(with_current_keys(recorded), "recipe.toml")
    assert recipe == Recipe(epochs=3, augmentation=Augmentation(ramp_down=0.6, final_share=0.3))


WRONG: dict[type, list[Any]] = {
    bool: [1, 0.0, "maybe", "", None, [True]],
    int: [True, 1.0, "1.5", "one", "", "9" * 5000, None, [1], {1}],
    float: [True, "fast", "", None, [0.1], 10**400],
    str: [5, True, None, ["adam"]],
}


@pytest.mark.parametrize(
    ("key", "value"),
    [(key, value) for key, (kind, _) in ALL_KEYS.items() for value in WRONG[kind]],
    ids=lambda item: str(item)[:20],
)
def test_a_value_of_the_wrong_type(key: str, value: Any) -> None:
    text = message({key: value}, TaughtRecipe())
    assert text.startswith(f"--set: {key} must be {EXPECTED[ALL_KEYS[key][0]]}, not ")
    assert len(text) < 200


@pytest.mark.parametrize("key", [key for key, (kind, _) in KEYS.items() if kind is float])
@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf"), "nan", "1e999"])
def test_numbers_must_be_finite(key: str, value: Any) -> None:
    assert f"{key} must be a finite number" in message({key: value})


def _outside(limits: Any) -> list[float]:
    beyond = {"low": -1, "high": 1, "above": 0, "below": 0}
    return [limits[name] + step for name, step in beyond.items() if limits[name] is not None]


@pytest.mark.parametrize(
    ("key", "value"), [(key, value) for key, (_, limits) in KEYS.items() for value in _outside(limits)]
)
def test_values_out_of_range_are_answered_by_the_range(key: str, value: float) -> None:
    assert f"--set: {key} must be " in (text := message({key: value}))
    assert any(words in text for words in ("at least", "at most", "more than", "less than"))


@pytest.mark.parametrize("key", [key for key, (kind, _) in KEYS.items() if kind in (int, float)])
def test_every_number_has_a_lower_limit(key: str) -> None:
    limits = KEYS[key][1]
    assert limits["low"] is not None or limits["above"] is not None


@pytest.mark.parametrize("key", [key for key, (_, limits) in KEYS.items() if limits["choices"]])
def test_an_unknown_choice_gets_the_close_match(key: str) -> None:
    choice = KEYS[key][1]["choices"][0]
    assert f"--set: unknown {key} '{choice}x'; did you mean '{choice}" in message({key: f"{choice}x"})


@pytest.mark.parametrize("value", ["0", "-3", "two", 0, -1])
def test_epochs_that_make_no_sense(value: Any) -> None:
    assert "epochs must be" in message({"epochs": value})


anything = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
values = anything | st.lists(anything, max_size=2) | st.dictionaries(st.text(max_size=3), anything, max_size=2)


@settings(max_examples=150, deadline=None)
@given(st.dictionaries(st.sampled_from(sorted(KEYS)) | st.text(max_size=12), values, max_size=3))
def test_anything_is_taken_or_refused_in_one_line(changes: dict[str, Any]) -> None:
    try:
        recipe = Recipe().merged(flatten(changes), "--set")
    except RecipeError as error:
        assert error.message.count("\n") == 0
    else:
        assert Recipe.from_dict(recipe.to_dict()) == recipe
