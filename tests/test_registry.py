"""The registry and the error for a name that is not in it."""

from __future__ import annotations

import pytest

from mnistkit.exceptions import UnknownNameError
from mnistkit.registry import Registry, check_name, close_names, either, unknown_name


def filled() -> Registry[int]:
    registry: Registry[int] = Registry("colour", hint="colours lists all")
    registry.register("red", 1)
    registry.register("blue", 2)
    return registry


def test_what_is_registered_is_found_in_alphabetical_order() -> None:
    registry = filled()
    assert registry.names() == ("blue", "red")
    assert registry.get("red") == 1
    assert "red" in registry and "green" not in registry
    assert len(registry) == 2


def test_a_second_registration_of_a_name_is_a_mistake() -> None:
    registry = filled()
    with pytest.raises(ValueError, match="colour 'red' is registered twice"):
        registry.register("red", 3)
    assert registry.get("red") == 1


def test_an_unknown_name_is_answered_by_the_close_match_and_the_hint() -> None:
    with pytest.raises(UnknownNameError) as caught:
        filled().get("blu")
    assert caught.value.message == "unknown colour 'blu'; did you mean 'blue'?"
    assert caught.value.hint == "colours lists all"
    assert caught.value.exit_code == 2


@pytest.mark.parametrize("name", ["zzzz", "", "?" * 10_000])
def test_without_a_close_match_every_name_is_given(name: str) -> None:
    assert unknown_name("colour", name, ("red", "blue")).message.endswith("known: red, blue")


def test_the_match_does_not_mind_capitals() -> None:
    assert "did you mean 'red'" in unknown_name("colour", "RED", ("red", "blue")).message


def test_a_name_is_checked_against_those_that_are_known() -> None:
    assert check_name("colour", "red", ("red", "blue")) == "red"
    with pytest.raises(UnknownNameError, match="unknown colour 'bleu'; did you mean 'blue'"):
        check_name("colour", "bleu", ("red", "blue"))


NAMES = ("convnext", "lenet5", "emnist-digits", "emnist-letters", "mnist", "kmnist", "cpu", "augmentation.blur")


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("convnet", ["convnext"]),
        ("lenet", ["lenet5"]),
        ("LENET", ["lenet5"]),
        ("emnist", ["emnist-digits", "emnist-letters"]),
        ("digits", ["emnist-digits"]),
        ("blur", ["augmentation.blur"]),
        ("mnsit", ["mnist"]),
        ("mnit", ["mnist"]),
        ("mmnist", ["mnist", "kmnist"]),
        ("cup", ["cpu"]),
        ("resnet", []),
        ("nonsense", []),
        ("cnn", []),
        ("m", []),
        ("", []),
        ("x" * 10_000, []),
    ],
)
def test_a_name_is_suggested_only_where_it_is_near(typed: str, meant: list[str]) -> None:
    assert close_names(typed, NAMES) == meant


def test_a_long_list_is_left_to_the_hint() -> None:
    error = unknown_name("key", "zzz", [f"name{i}" for i in range(30)], hint="keys lists all")
    assert (error.message, error.hint) == ("unknown key 'zzz'", "keys lists all")


def test_a_choice_in_words() -> None:
    assert [either(list(letters)) for letters in ("a", "ab", "abc")] == ["a", "a or b", "a, b or c"]
