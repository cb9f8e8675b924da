"""What a recipe that was made for tens of thousands of images lacks where there are few: the one place for that.

The architectures' recipes count in epochs of large batches. Of 300 pictures an epoch is two such batches, and ten
epochs end before anything is learnt. ``tests/benchmarks/own_folder.py`` measures what is chosen here.
"""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import dataclass, replace

from mnistkit.recipe import Augmentation, Recipe, flatten

SMALL = 5000
"""From so many training images on, recipes stay as they are."""

TINY = 1000
"""Below so many, images are changed more, and too few are left for validation to choose an epoch by."""

STEPS, STEPS_FROM_TRAINED = 1000, 500
"""The least number of training steps, from new weights and from trained ones."""

_EPOCHS = 20
_SMALLEST_BATCH = 16
_BATCHES_PER_PASS = 16
_AUGMENTATION = Augmentation(rotation=15, translate_x=0.1, translate_y=0.1, zoom=0.15, shear=10, elastic=1.0)


@dataclass(frozen=True)
class Fitted:
    """A recipe that suits the number of images.

    Attributes:
        recipe: The recipe.
        summary: What was changed, and why, in one line for people; empty if nothing was.
    """

    recipe: Recipe
    summary: str = ""


def fit_recipe(recipe: Recipe, images: int, given: Collection[str] = (), *, from_trained: bool = False) -> Fitted:
    """Return ``recipe`` with smaller batches, enough steps and more augmentation if there are few images.

    The learning rate follows the square root of the batch size, as suits Adam (Malladi et al. 2022, "On the SDEs
    and scaling rules for adaptive gradient algorithms", section 5); the weights of the last epoch are kept.

    Args:
        recipe: The resolved recipe.
        images: Number of training images, those for validation not counted.
        given: Dotted keys that the user has set; they stay.
        from_trained: Whether the training starts from trained weights.
    """
    if images >= SMALL:
        return Fitted(recipe)
    changes = _changes(recipe, images, given, from_trained)
    fitted = recipe.merged({key: value for key, value in changes.items() if key not in given}, "small data")
    return Fitted(fitted, _summary(recipe, fitted, images) if fitted != recipe else "")


def _changes(recipe: Recipe, images: int, given: Collection[str], from_trained: bool) -> dict[str, float | str]:
    changes: dict[str, float | str] = {}
    batch = recipe.batch_size
    if "batch_size" not in given:
        wanted = 2 ** math.floor(math.log2(max(1, images / _BATCHES_PER_PASS)))
        batch = min(batch, max(_SMALLEST_BATCH, wanted))
        changes["batch_size"] = batch
        changes["learning_rate"] = float(f"{recipe.learning_rate * math.sqrt(batch / recipe.batch_size):.2g}")
    steps = STEPS_FROM_TRAINED if from_trained else STEPS
    own_steps = recipe.epochs * max(1, images * recipe.repeats // batch)
    if not {"epochs", "repeats"} & set(given) and own_steps < steps:
        epochs = max(recipe.epochs, _EPOCHS)
        changes["epochs"] = epochs
        changes["repeats"] = math.ceil(math.ceil(steps / epochs) * batch / images)
    if images < TINY:
        own = flatten({"augmentation": recipe.to_dict()["augmentation"]})
        wider = flatten({"augmentation": replace(recipe, augmentation=_AUGMENTATION).to_dict()["augmentation"]})
        changes |= {key: max(value, wider[key]) for key, value in own.items() if value < wider[key]}
        changes["selection"] = "last"
    return changes


def _summary(recipe: Recipe, fitted: Recipe, images: int) -> str:
    parts = []
    if fitted.repeats != recipe.repeats or fitted.epochs != recipe.epochs:
        passes = "pass" if fitted.repeats == 1 else "passes"
        parts.append(f"{fitted.epochs} epochs of {fitted.repeats} {passes} instead of {recipe.epochs}")
    if fitted.batch_size != recipe.batch_size:
        parts.append(f"batches of {fitted.batch_size} instead of {recipe.batch_size}")
    if fitted.learning_rate != recipe.learning_rate:
        parts.append(f"learning rate {fitted.learning_rate:g} instead of {recipe.learning_rate:g}")
    if fitted.augmentation != recipe.augmentation:
        parts.append("more augmentation")
    if fitted.selection != recipe.selection:
        parts.append("the last epoch kept")
    return f"only {images:,} training images: {', '.join(parts)}"
