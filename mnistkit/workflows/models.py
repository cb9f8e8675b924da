"""What ``mnistkit models`` shows: every architecture in numbers, and one in detail."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from mnistkit.checkpoint import RETRAIN_HINT, read_info
from mnistkit.exceptions import CheckpointError, UsageError
from mnistkit.inference.checkpoints import FoundCheckpoint
from mnistkit.locate import DEFAULT_BUNDLED, LATEST, bundled_names, bundled_path, locate_checkpoint
from mnistkit.models import build_model, get_architecture, model_names
from mnistkit.paths import is_path_like, is_url
from mnistkit.recipe import DEFAULT_RECIPE, Recipe, flatten, recipe_keys, with_current_keys
from mnistkit.registry import unknown_name
from mnistkit.zoo import (
    CLASSES,
    ArchitectureFacts,
    MeasuredRow,
    PublishedFigure,
    read_architectures,
    read_measured,
    read_published,
)

if TYPE_CHECKING:
    from mnistkit.evaluation.complexity import Summary


@dataclass(frozen=True)
class RecipeEntry:
    """One of an architecture's recipes, and what it gave.

    Attributes:
        name: What it is called, "default" for that of the architecture itself.
        epochs: Its epochs.
        measured: What was measured of models trained with it; None if nothing was.
        is_current: Whether network and recipe are still what was measured.
    """

    name: str
    epochs: int
    measured: MeasuredRow | None
    is_current: bool


@dataclass(frozen=True)
class ModelEntry:
    """One architecture in numbers.

    Attributes:
        name: The public name.
        description: One line.
        parameters: Trainable numbers, for ten classes.
        bytes: Weights and buffers in fp32, for ten classes.
        macs: Multiply-accumulates for one image.
        epochs: Epochs of its default recipe.
        recipes: Its recipes with what they gave, the default first.
        taught: What was measured of models that learnt from a teacher.
        published: What others report of the same network.
        bundled: Names of the trained checkpoints of this architecture that ship with the package.
    """

    name: str
    description: str
    parameters: int
    bytes: int
    macs: int
    epochs: int
    recipes: tuple[RecipeEntry, ...]
    taught: tuple[MeasuredRow, ...]
    published: tuple[PublishedFigure, ...]
    bundled: tuple[str, ...]

    @property
    def measured(self) -> tuple[MeasuredRow, ...]:
        """All that was measured of it: by recipe, the default first, then what learnt from a teacher."""
        return (*(recipe.measured for recipe in self.recipes if recipe.measured), *self.taught)


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
    """All that is known of models, figures of MNIST.

    Attributes:
        classes: The class count for which the architectures' figures are given.
        models: The architectures in alphabetical order.
        classical: What was measured of methods that are no networks.
        published: What others report of networks that are no architectures here.
        bundled: The trained checkpoints that ship with the package, the default first.
    """

    schema: ClassVar = "mnistkit/models/1"

    classes: int
    models: tuple[ModelEntry, ...]
    classical: tuple[MeasuredRow, ...]
    published: tuple[PublishedFigure, ...]
    bundled: tuple[BundledModel, ...]

    @property
    def all_published(self) -> tuple[PublishedFigure, ...]:
        """What others report: of the architectures, then of networks that are none here."""
        return (*(figure for entry in self.models for figure in entry.published), *self.published)

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
class TrainedModel:
    """What a checkpoint says of the training that it comes from.

    Attributes:
        path: The file.
        architecture: Name in the model registry.
        classes: Names of its classes, in the order of the logits.
        dataset: The dataset it was trained on.
        split: The images it was trained on and how its epoch was chosen, for people.
        seed: The training's seed.
        epoch: The epoch whose weights these are, counted from 1.
        preparation: How a picture becomes the tile that it is given.
        metrics: Figures of its training run: validation figures, and test figures measured once, afterwards.
        calibration: See :class:`mnistkit.inference.calibration.Calibration`; empty if there is none.
        versions: Versions of the packages it was made with.
    """

    path: str
    architecture: str
    classes: tuple[str, ...]
    dataset: str
    split: str
    seed: int
    epoch: int
    preparation: str
    metrics: Mapping[str, float]
    calibration: Mapping[str, float]
    versions: Mapping[str, str]


@dataclass(frozen=True)
class ModelDetails:
    """One architecture in detail, or one trained model of it.

    Attributes:
        classes: The class count for which its figures are given.
        name: The public name of the architecture, or what the trained model is called.
        description: One line about the architecture.
        summary: Its layers.
        recipe: The architecture's recipe, or that of the training.
        recipe_name: Which of the architecture's recipes it is; empty for that of a training.
        recipes: The names of all of the architecture's recipes, the default first.
        trained: Where a trained model is shown: what its checkpoint says.
    """

    schema: ClassVar = "mnistkit/model/1"

    classes: int
    name: str
    description: str
    summary: Summary
    recipe: tuple[RecipeSetting, ...]
    recipe_name: str
    recipes: tuple[str, ...]
    trained: TrainedModel | None = None

    def to_json(self) -> dict[str, Any]:
        """Return plain values."""
        return asdict(self)


def list_models() -> ModelList:
    """Return all architectures with what was measured of them, and the bundled models.

    What is recorded of architectures is read, so that torch is not needed; one of which nothing is recorded, since
    it is new, is built.

    Raises:
        CheckpointError: a bundled model is damaged.
        DataError: a file of the package is damaged.
    """
    bundled, recorded = tuple(_bundled_models()), read_architectures()
    measured, published = read_measured(), read_published()
    entries = [
        _entry(recorded.get(name) or _described(name), bundled, measured, published) for name in model_names()
    ]
    return ModelList(
        classes=CLASSES,
        models=tuple(entries),
        classical=tuple(row for row in measured if row.kind == "classical"),
        published=tuple(figure for figure in published if figure.architecture not in model_names()),
        bundled=bundled,
    )


def _described(name: str) -> ArchitectureFacts:
    from mnistkit.workflows.record import describe_architecture

    return describe_architecture(name)


def _entry(
    facts: ArchitectureFacts,
    bundled: Sequence[BundledModel],
    measured: Sequence[MeasuredRow],
    published: Sequence[PublishedFigure],
) -> ModelEntry:
    rows = [row for row in measured if row.kind == "network" and row.name == facts.name]
    by_recipe = {row.recipe: row for row in rows if not row.teacher}
    recipes = [
        RecipeEntry(name, recipe.epochs, row, is_current=row is not None and _is_current(row, facts))
        for name, recipe in facts.recipes.items()
        for row in [by_recipe.get(name)]
    ]
    return ModelEntry(
        name=facts.name,
        description=facts.description,
        parameters=facts.parameters,
        bytes=facts.bytes,
        macs=facts.macs,
        epochs=facts.recipes[DEFAULT_RECIPE].epochs,
        recipes=tuple(recipes),
        taught=tuple(row for row in rows if row.teacher),
        published=tuple(figure for figure in published if figure.architecture == facts.name),
        bundled=tuple(each.name for each in bundled if each.architecture == facts.name),
    )


def _is_current(row: MeasuredRow, facts: ArchitectureFacts) -> bool:
    """Say whether a network and its recipe are still what was measured."""
    return (row.digest, row.parameters) == (facts.recipes[row.recipe].digest, facts.parameters)


def _bundled_models() -> Iterator[BundledModel]:
    """Yield the trained checkpoints that ship with the package, the default first."""
    for name in sorted(bundled_names(), key=lambda name: (name != DEFAULT_BUNDLED, name)):
        path = bundled_path(name)
        info = read_info(path)
        figures = (info.architecture, info.dataset, info.split, info.metrics, info.calibration)
        yield BundledModel(name, *figures, path.stat().st_size, name == DEFAULT_BUNDLED)


def check_model(spec: str) -> str:
    """Return ``spec`` if it can be an architecture's name or a checkpoint, without reading any file.

    Raises:
        UnknownNameError: it is neither a name nor a path; the message holds the closest name.
    """
    names = known_models()
    if spec in names or _is_checkpoint(spec):
        return spec
    raise unknown_name("model", spec, names, hint="mnistkit models lists all; a checkpoint is given by its path")


def known_models() -> tuple[str, ...]:
    """Return the names that :func:`show_model` knows: architectures, bundled models, and the newest run's."""
    return tuple(dict.fromkeys((*model_names(), *bundled_names(), LATEST)))


def show_model(spec: str, recipe_name: str | None = None) -> ModelDetails:
    """Return the layers and the recipe of one architecture, or of a trained model.

    Args:
        spec: An architecture's name, or else a checkpoint as :func:`mnistkit.locate.locate_checkpoint` takes it.
        recipe_name: Which of the architecture's recipes; None for its default.

    Raises:
        UnknownNameError: neither, or there is no such recipe; the message holds the closest match.
        UsageError: a recipe is asked for of a trained model, which was trained with one.
        CheckpointError: a checkpoint that is missing, damaged, or of an unknown architecture.
    """
    if check_model(spec) in model_names():
        architecture = get_architecture(spec)
        recipe = architecture.named_recipe(recipe_name or DEFAULT_RECIPE)
        return ModelDetails(
            classes=CLASSES,
            name=spec,
            description=architecture.description,
            summary=_summary(spec),
            recipe=recipe_settings(flatten(recipe.to_dict()), type(recipe)),
            recipe_name=recipe_name or DEFAULT_RECIPE,
            recipes=tuple(architecture.recipes),
        )
    if recipe_name is not None:
        raise UsageError(
            f"{spec} is no architecture: a trained model has the one recipe that it was trained with",
            hint="leave out --recipe",
        )
    path = locate_checkpoint(spec)
    found = FoundCheckpoint(path, read_info(path))
    info = found.info
    if info.architecture not in model_names():
        raise CheckpointError(f"{path}: unknown architecture '{info.architecture}'", hint=RETRAIN_HINT)
    trained = TrainedModel(
        path=str(path),
        architecture=info.architecture,
        classes=info.classes,
        dataset=info.dataset,
        split=info.split,
        seed=info.seed,
        epoch=info.epoch,
        preparation=str(info.preparation),
        metrics=info.metrics,
        calibration=info.calibration,
        versions=info.versions,
    )
    return ModelDetails(
        classes=len(info.classes),
        name=found.name,
        description=get_architecture(info.architecture).description,
        summary=_summary(info.architecture, len(info.classes)),
        recipe=recipe_settings(with_current_keys(flatten(info.recipe))),
        recipe_name="",
        recipes=tuple(get_architecture(info.architecture).recipes),
        trained=trained,
    )


def _is_checkpoint(spec: str) -> bool:
    # A text that the system refuses as a path is just not there.
    with suppress(OSError, ValueError):
        return is_url(spec) or is_path_like(spec) or spec.endswith(".safetensors") or Path(spec).exists()
    return False


def recipe_settings(values: Mapping[str, Any], recipe: type[Recipe] = Recipe) -> tuple[RecipeSetting, ...]:
    """Return the keys of a recipe that have a value, in their order."""
    keys = recipe_keys(recipe).items()
    return tuple(RecipeSetting(key, values[key], limits["help"]) for key, (_, limits) in keys if key in values)


def _summary(name: str, classes: int = CLASSES) -> Summary:
    from mnistkit.evaluation.complexity import summarise

    return summarise(build_model(name, classes))
