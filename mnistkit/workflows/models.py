"""What ``mnistkit models`` shows: every architecture in numbers, and one in detail."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from mnistkit.checkpoint import read_info
from mnistkit.locate import DEFAULT_BUNDLED, bundled_names, bundled_path
from mnistkit.models import build_model, get_architecture, model_names
from mnistkit.recipe import flatten, recipe_keys

if TYPE_CHECKING:
    from mnistkit.evaluation.complexity import Summary

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
class BundledModel:
    """A trained checkpoint that ships with the package.

    Attributes:
        name: Usable wherever a checkpoint is wanted.
        architecture: Name in the model registry.
        dataset: The dataset it was trained on.
        split: The images it was trained on and how its epoch was chosen, for people.
        metrics: Figures of its training run: validation figures, and test figures measured once, afterwards.
        calibration: See :class:`mnistkit.inference.calibration.Calibration`.
        size: Bytes.
        default: Whether it is used where no checkpoint is given.
    """

    name: str
    architecture: str
    dataset: str
    split: str
    metrics: Mapping[str, float]
    calibration: Mapping[str, float]
    size: int
    default: bool


@dataclass(frozen=True)
class ModelList:
    """All architectures in alphabetical order, and the bundled models, the default first.

    Attributes:
        classes: The class count for which the architectures' figures are given.
        models: The architectures.
        bundled: The trained checkpoints that ship with the package.
    """

    schema: ClassVar = "mnistkit/models/1"

    classes: int
    models: tuple[ModelEntry, ...]
    bundled: tuple[BundledModel, ...]

    def to_json(self) -> dict[str, Any]:
        """Return plain values."""
        return asdict(self)


@dataclass(frozen=True)
class RecipeSetting:
    """One recipe key with its value for an architecture and what it means."""

    key: str
    value: Any
    meaning: str


@dataclass(frozen=True)
class ModelDetails:
    """One architecture in detail.

    Attributes:
        classes: The class count for which its figures are given.
        name: The public name.
        description: One line.
        summary: Its layers.
        recipe: Its recipe.
    """

    schema: ClassVar = "mnistkit/model/1"

    classes: int
    name: str
    description: str
    summary: Summary
    recipe: tuple[RecipeSetting, ...]

    def to_json(self) -> dict[str, Any]:
        """Return plain values."""
        return asdict(self)


def list_models() -> ModelList:
    """Return all architectures and bundled models.

    Raises:
        CheckpointError: a bundled model is damaged.
    """
    bundled = tuple(_bundled_models())
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
                bundled=tuple(each.name for each in bundled if each.architecture == name),
            )
        )
    return ModelList(CLASSES, tuple(entries), bundled)


def _bundled_models() -> Iterator[BundledModel]:
    """Yield the trained checkpoints that ship with the package, the default first."""
    for name in sorted(bundled_names(), key=lambda name: (name != DEFAULT_BUNDLED, name)):
        path = bundled_path(name)
        info = read_info(path)
        figures = (info.architecture, info.dataset, info.split, info.metrics, info.calibration)
        yield BundledModel(name, *figures, path.stat().st_size, name == DEFAULT_BUNDLED)


def show_model(name: str) -> ModelDetails:
    """Return the layers and the recipe of one architecture.

    Raises:
        UnknownNameError: no such architecture; the message holds the closest match.
    """
    architecture = get_architecture(name)
    recipe = architecture.recipe
    values, keys = flatten(recipe.to_dict()), recipe_keys(type(recipe))
    settings = (RecipeSetting(key, values[key], limits["help"]) for key, (_, limits) in keys.items())
    return ModelDetails(CLASSES, name, architecture.description, _summary(name), tuple(settings))


def _summary(name: str) -> Summary:
    from mnistkit.evaluation.complexity import summarise

    return summarise(build_model(name, CLASSES))
