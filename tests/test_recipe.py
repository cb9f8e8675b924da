"""The recipe: what it takes, what it refuses and how it says so."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mnistkit.exceptions import RecipeError
from mnistkit.models import get_architecture, model_names
from mnistkit.recipe import Augmentation, Recipe, flatten, recipe_keys

KEYS = recipe_keys()
EXPECTED = {bool: "true or false", int: "a whole number", float: "a number"}


def message(changes: dict[str, Any]) -> str:
    with pytest.raises(RecipeError) as caught:
        Recipe().merged(changes, "--set")
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
    changed = base.merged({"learning_rate": "0.5", "augmentation.rotation": 15, "pin_memory": "on"}, "x")
    assert (changed.epochs, changed.learning_rate, changed.pin_memory) == (7, 0.5, True)
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


WRONG: dict[type, list[Any]] = {
    bool: [1, 0.0, "maybe", "", None, [True]],
    int: [True, 1.0, "1.5", "one", "", "9" * 5000, None, [1], {1}],
    float: [True, "fast", "", None, [0.1], 10**400],
    str: [5, True, None, ["adam"]],
}


@pytest.mark.parametrize(
    ("key", "value"),
    [(key, value) for key, (kind, _) in KEYS.items() for value in WRONG[kind]],
    ids=lambda item: str(item)[:20],
)
def test_a_value_of_the_wrong_type(key: str, value: Any) -> None:
    text = message({key: value})
    assert text.startswith(f"--set: {key} must be {EXPECTED.get(KEYS[key][0], 'text')}, not ")
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
