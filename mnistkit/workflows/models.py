"""What ``mnistkit models`` shows: every architecture in numbers, and one in detail."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mnistkit.checkpoint import read_info
from mnistkit.locate import WEIGHTS, bundled_names
from mnistkit.models import build_model, get_architecture, model_names
from mnistkit.training.recipe import flatten, recipe_keys

if TYPE_CHECKING:
    from mnistkit.models.summary import Summary

CLASSES = 10
"""The class count for which parameters and multiply-accumulates are given: that of MNIST."""


@dataclass(frozen=True)
class ModelEntry:
    """One architecture in numbers.

    Attributes:
        name: The public name.
        description: One line.
        parameters: Trainable numbers, for ten classes.
        macs: Multiply-accumulates for one image.
        epochs: Epochs of its recipe.
        bundled: Names of the trained checkpoints of this architecture that ship with the package.
    """

    name: str
    description: str
    parameters: int
    macs: int
    epochs: int
    bundled: tuple[str, ...]


@dataclass(frozen=True)
class RecipeSetting:
    """One recipe key with its value for an architecture and what it means."""

    key: str
    value: Any
    meaning: str


@dataclass(frozen=True)
class ModelDetails:
    """One architecture in detail: its layers for ten classes, and its recipe."""

    name: str
    description: str
    summary: Summary
    recipe: tuple[RecipeSetting, ...]


def list_models() -> list[ModelEntry]:
    """Return all architectures in alphabetical order."""
    bundled = _bundled_by_architecture()
    entries = []
    for name in model_names():
        architecture, summary = get_architecture(name), _summary(name)
        entries.append(
            ModelEntry(
                name=name,
                description=architecture.description,
                parameters=summary.parameters,
                macs=summary.macs,
                epochs=architecture.recipe.epochs,
                bundled=bundled.get(name, ()),
            )
        )
    return entries


def show_model(name: str) -> ModelDetails:
    """Return the layers and the recipe of one architecture.

    Raises:
        UnknownNameError: no such architecture; the message holds the closest match.
    """
    architecture = get_architecture(name)
    values = flatten(architecture.recipe.to_dict())
    settings = (RecipeSetting(key, values[key], limits["help"]) for key, (_, limits) in recipe_keys().items())
    return ModelDetails(name, architecture.description, _summary(name), tuple(settings))


def _summary(name: str) -> Summary:
    from mnistkit.models.summary import summarise

    return summarise(build_model(name, CLASSES))


def _bundled_by_architecture() -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for name in bundled_names():
        architecture = read_info(WEIGHTS / f"{name}.safetensors").architecture
        found[architecture] = (*found.get(architecture, ()), name)
    return found
