"""What is known of the models without building or training them: size, cost, measured and published accuracy.

Three files in ``tables/`` hold it. ``architectures.json`` and ``measured.json`` are written by commands
(``mnistkit models refresh``, ``mnistkit models record``) and never by hand; ``published.json`` repeats what others
report.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, Literal, TypeVar

from mnistkit.exceptions import DataError, OutputError
from mnistkit.files import write_text
from mnistkit.numbers import mean_and_std
from mnistkit.recipe import DEFAULT_RECIPE, Recipe, flatten

TABLES = Path(__file__).parent / "tables"
ARCHITECTURES = TABLES / "architectures.json"
MEASURED = TABLES / "measured.json"
PUBLISHED = TABLES / "published.json"

CLASSES = 10
"""The class count for which sizes and costs are given: that of MNIST."""

NOT_THE_RECIPE = ("seed", "precision", "workers")
"""Keys that do not make a recipe another one: the seed, how numbers are computed, how many threads decode."""

_DIGEST_LETTERS = 12

Kind = Literal["network", "classical"]
Row = TypeVar("Row")


@dataclass(frozen=True)
class NamedRecipe:
    """One of an architecture's recipes.

    Attributes:
        epochs: Its epochs.
        digest: See :func:`recipe_digest`.
    """

    epochs: int
    digest: str


@dataclass(frozen=True)
class ArchitectureFacts:
    """An architecture in numbers, for ten classes.

    Attributes:
        name: The public name.
        description: One line.
        parameters: Trainable numbers.
        bytes: Weights and buffers in fp32.
        macs: Multiply-accumulates for one image.
        recipes: Its recipes by name, the default first.
    """

    name: str
    description: str
    parameters: int
    bytes: int
    macs: int
    recipes: Mapping[str, NamedRecipe]


@dataclass(frozen=True)
class MeasuredRow:
    """What was measured of one model over several seeds; shares are from 0 to 1.

    Attributes:
        kind: "network" for an architecture trained with one of its recipes, "classical" for another method.
        name: The architecture's, or what the method is called.
        recipe: The name of the recipe; of a classical method the pixels that it is given.
        teacher: The model that it learnt from; None for labels alone.
        dataset: What it was trained and tested on.
        description: What the method is; empty where the architecture says it.
        parameters: Trainable numbers; None for a method that has none to count.
        bytes: Weights and buffers in fp32; of a classical method what it keeps of its training.
        macs: Multiply-accumulates for one image; None where none are counted.
        epochs: Epochs of the recipe.
        selection: Which weights were kept: "best" by validation loss or the "last" ones; of a classical method how
            its hyperparameters were chosen.
        n: How many seeds.
        images: How many test images, read once for each seed.
        seeds: The seeds, fixed beforehand.
        errors: Of each seed, how many of them were wrong.
        top2_errors: Of how many the label was not even the second answer; None where that was not measured.
        val_accuracy: Of each seed, the share of the validation images that its kept weights get right.
        epochs_run: The epochs that each seed took; fewer than ``epochs`` where it stopped early.
        mean: Mean accuracy over the seeds.
        std: Sample standard deviation of the accuracy; None for a single seed.
        min: The lowest accuracy.
        max: The highest.
        interval: Wilson's 95 % interval of the seeds' pooled errors.
        top2_mean: The share whose label is among the first two answers, mean over the seeds.
        top2_std: Its sample standard deviation.
        seconds_per_epoch: Mean over the seeds, on ``device``; of a classical method the whole training.
        device: What computed.
        precision: In which arithmetic.
        versions: Versions of the packages.
        date: When the last seed was finished, in ISO 8601.
        command: The command line that measures it again.
        digest: The recipe's, see :func:`recipe_digest`; empty for a classical method.
    """

    kind: Kind
    name: str
    recipe: str
    teacher: str | None
    dataset: str
    description: str
    parameters: int | None
    bytes: int | None
    macs: int | None
    epochs: int | None
    selection: str
    n: int
    images: int
    seeds: Sequence[int]
    errors: Sequence[int]
    top2_errors: Sequence[int] | None
    val_accuracy: Sequence[float]
    epochs_run: Sequence[int] | None
    mean: float
    std: float | None
    min: float
    max: float
    interval: Sequence[float]
    top2_mean: float | None
    top2_std: float | None
    seconds_per_epoch: float
    device: str
    precision: str
    versions: Mapping[str, str]
    date: str
    command: str
    digest: str

    @property
    def key(self) -> tuple[str, ...]:
        """What no two rows have in common; rows are kept in this order, an architecture's default recipe first."""
        is_default = self.recipe == DEFAULT_RECIPE
        order = {"network": "0", "classical": "1"}[self.kind]
        return (order, self.name, self.dataset, "" if is_default else self.recipe, self.teacher or "")

    @property
    def title(self) -> str:
        """What the row is called: "lenet5", "compact-7k (authors)"."""
        recipe = "" if self.recipe == DEFAULT_RECIPE else f" ({self.recipe})"
        return f"{self.name}{recipe}" + (f" from {self.teacher}" if self.teacher else "")

    def __str__(self) -> str:
        return f"{self.title}: {mean_and_std(self.mean, self.std)} over {self.n} seeds"


@dataclass(frozen=True)
class PublishedFigure:
    """What others report of a network on MNIST.

    Attributes:
        name: What it is called here.
        architecture: The architecture that is the same network; None if there is none.
        what: What it is.
        parameters: Trainable numbers; None where that is not known.
        accuracy: The share of the test images that it gets right.
        std: Its standard deviation over networks; None where only one figure is given.
        said: The accuracy as it is reported.
        measured: How it was measured; empty where that is not said, which mostly means the best test epoch of one
            run.
    """

    name: str
    what: str
    accuracy: float
    said: str
    measured: str = ""
    architecture: str | None = None
    parameters: int | None = None
    std: float | None = None


def recipe_digest(recipe: Recipe) -> str:
    """Return some letters that differ between recipes which train differently.

    Only what differs from the defaults counts, so that a new key that changes nothing changes no digest; seed and
    precision do not count.
    """
    defaults = flatten(Recipe().to_dict())
    values = flatten(recipe.to_dict()).items()
    changed = {key: value for key, value in values if value != defaults[key] and key not in NOT_THE_RECIPE}
    return hashlib.sha256(json.dumps(changed, sort_keys=True).encode()).hexdigest()[:_DIGEST_LETTERS]


def read_architectures(path: Path = ARCHITECTURES) -> dict[str, ArchitectureFacts]:
    """Return what is recorded of the architectures, by name.

    Raises:
        DataError: the file is missing or damaged.
    """
    found = {}
    for row in _read(path):
        recipes = {name: _built(NamedRecipe, values, path) for name, values in row.get("recipes", {}).items()}
        facts = _built(ArchitectureFacts, {**row, "recipes": recipes}, path)
        found[facts.name] = facts
    return found


def write_architectures(facts: Iterable[ArchitectureFacts], path: Path = ARCHITECTURES) -> None:
    """Write what :func:`read_architectures` reads, in alphabetical order.

    Raises:
        OutputError: the file cannot be written.
    """
    _write(path, [asdict(each) for each in sorted(facts, key=lambda each: each.name)])


def read_measured(path: Path = MEASURED) -> tuple[MeasuredRow, ...]:
    """Return all measured rows: networks by name, then classical methods.

    Raises:
        DataError: the file is missing or damaged.
    """
    return tuple(sorted((_built(MeasuredRow, row, path) for row in _read(path)), key=lambda row: row.key))


def add_measured(row: MeasuredRow, path: Path = MEASURED, *, replace: bool = False) -> MeasuredRow | None:
    """Write a row to the file, which is created if it is not there.

    Args:
        row: The row.
        path: The file.
        replace: Put it in the place of one of the same model and recipe.

    Returns:
        The row whose place it took, or None.

    Raises:
        OutputError: there is a row of the same model and recipe; or the file cannot be written.
        DataError: the file is damaged.
    """
    rows = {each.key: each for each in (read_measured(path) if path.exists() else ())}
    earlier = rows.get(row.key)
    if earlier and not replace:
        raise OutputError(
            f"{path} has a row of it: {earlier}, {earlier.date}", hint="--replace puts this one there"
        )
    rows[row.key] = row
    _write(path, [asdict(rows[key]) for key in sorted(rows)])
    return earlier


def read_published(path: Path = PUBLISHED) -> tuple[PublishedFigure, ...]:
    """Return what others report, in the order of the file.

    Raises:
        DataError: the file is missing or damaged.
    """
    return tuple(_built(PublishedFigure, row, path) for row in _read(path))


def _read(path: Path) -> list[dict[str, Any]]:
    try:
        rows = json.loads(path.read_text(encoding="utf-8"))["rows"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataError(f"{path} cannot be read", hint="it is a part of mnistkit: install that again") from error
    return list(rows)


def _built(kind: type[Row], values: Mapping[str, Any], path: Path) -> Row:
    try:
        return kind(**values)
    except TypeError as error:
        wanted = {each.name for each in fields(kind)}  # type: ignore[arg-type]
        wrong = ", ".join(sorted(wanted ^ set(values))) or str(error)
        raise DataError(f"{path}: a row has other fields than this version knows: {wrong}") from error


def _write(path: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write rows as JSON with a line for each field, so that a changed figure is a changed line."""
    texts = [
        "    {\n"
        + ",\n".join(f"      {json.dumps(key)}: {json.dumps(value)}" for key, value in row.items())
        + "\n    }"
        for row in rows
    ]
    schema = f"mnistkit/{path.stem}/1"
    body = ",\n".join(texts)
    write_text(path, f'{{\n  "schema": {json.dumps(schema)},\n  "rows": [\n{body}\n  ]\n}}\n')
