"""Recipes for few images."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mnistkit.data.batches import steps_per_epoch
from mnistkit.models import get_architecture
from mnistkit.recipe import Augmentation, Recipe, flatten
from mnistkit.training.small_data import SMALL, STEPS, STEPS_FROM_TRAINED, TINY, fit_recipe

RECIPE = Recipe(epochs=10, batch_size=128, learning_rate=6e-3, augmentation=Augmentation(rotation=30))


def steps(recipe: Recipe, images: int) -> int:
    return recipe.epochs * steps_per_epoch(images * recipe.repeats, recipe.batch_size)


def test_enough_images_leave_a_recipe_as_it_is() -> None:
    fitted = fit_recipe(RECIPE, SMALL)
    assert fitted.recipe == RECIPE and fitted.summary == ""


@given(st.integers(2, SMALL - 1), st.sampled_from(["convnext", "lenet5"]), st.booleans())
def test_there_are_enough_steps_but_not_many_more(images: int, architecture: str, from_trained: bool) -> None:
    recipe = get_architecture(architecture).recipe
    fitted = fit_recipe(recipe, images, from_trained=from_trained).recipe
    needed = STEPS_FROM_TRAINED if from_trained else STEPS
    own = steps(replace(recipe, batch_size=fitted.batch_size), images)
    assert needed <= steps(fitted, images) <= max(2.5 * needed, own)
    assert 16 <= fitted.batch_size <= recipe.batch_size


def test_what_is_changed_and_why_is_one_line() -> None:
    fitted = fit_recipe(RECIPE, 71)
    assert (fitted.recipe.batch_size, fitted.recipe.epochs, fitted.recipe.repeats) == (16, 20, 12)
    assert fitted.recipe.learning_rate == 0.0021
    assert fitted.recipe.augmentation == Augmentation(
        rotation=30, translate_x=0.1, translate_y=0.1, zoom=0.15, shear=10, elastic=1.0
    )
    assert fitted.recipe.selection == "last"
    assert fitted.summary == (
        "only 71 training images: 20 epochs of 12 passes instead of 10, batches of 16 instead of 128, "
        "learning rate 0.0021 instead of 0.006, more augmentation, the last epoch kept"
    )


def test_what_the_user_has_set_stays() -> None:
    given_keys = {"epochs", "batch_size", "augmentation.elastic", "selection"}
    fitted = fit_recipe(RECIPE, 71, given_keys).recipe
    assert (fitted.epochs, fitted.repeats, fitted.batch_size) == (10, 1, 128)
    assert (fitted.learning_rate, fitted.selection) == (6e-3, "best")
    assert (fitted.augmentation.elastic, fitted.augmentation.shear) == (0, 10)
    assert fit_recipe(RECIPE, 71, flatten(RECIPE.to_dict())).summary == ""


@pytest.mark.parametrize(("images", "is_tiny"), [(TINY - 1, True), (TINY, False)])
def test_only_of_very_few_images_the_last_epoch_is_kept(images: int, is_tiny: bool) -> None:
    fitted = fit_recipe(RECIPE, images).recipe
    assert (fitted.selection == "last") is is_tiny
    assert (fitted.augmentation != RECIPE.augmentation) is is_tiny
