"""The files of a run folder: written and read back, but for the checkpoint and the training state."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mnistkit.exceptions import OutputError, RecipeError
from mnistkit.files import write_text
from mnistkit.preparation import Preparation
from mnistkit.recipe import Recipe
from mnistkit.recipe_sources import RUN_TABLE, read_recipe_file, read_toml
from mnistkit.runs import RunFolder
from mnistkit.training.events import EpochRecord
from mnistkit.workflows.train_config import PREPARATION

if TYPE_CHECKING:
    from mnistkit.training.state import TrainingState


def write_recipe(folder: RunFolder, recipe: Recipe, facts: Mapping[str, Any]) -> None:
    """Write ``recipe.toml``: the resolved recipe, usable with ``--recipe``, and what else the run is."""
    import tomli_w

    write_text(folder.recipe, tomli_w.dumps({RUN_TABLE: facts, **recipe.to_dict()}))


def read_recipe(folder: RunFolder) -> tuple[Recipe, dict[str, Any]]:
    """Return the recipe and the facts that :func:`write_recipe` wrote, now or in an earlier version.

    Raises:
        RecipeError: the file is missing or damaged.
    """
    recipe = Recipe().merged(read_recipe_file(folder.recipe), str(folder.recipe))
    return recipe, read_facts(folder.recipe)


def read_facts(recipe: Path) -> dict[str, Any]:
    """Return what a ``recipe.toml`` says of its run besides the recipe; nothing in a file that people wrote.

    Raises:
        RecipeError: the file is missing or damaged.
    """
    facts = read_toml(recipe).get(RUN_TABLE, {})
    if not isinstance(facts, dict):
        raise RecipeError(f"{recipe}: '{RUN_TABLE}' must be a table")
    return dict(facts)


def preparation_of(facts: Mapping[str, Any], recipe: Path) -> Preparation | None:
    """Return the preparation that the facts of a run record; None if an earlier version did not.

    Args:
        facts: As :func:`read_facts` returns them.
        recipe: Their file, for messages.

    Raises:
        RecipeError: it is damaged.
    """
    if PREPARATION not in facts:
        return None
    try:
        return Preparation.of(facts[PREPARATION])
    except (TypeError, ValueError) as error:
        message = f"{recipe}: its preparation is damaged"
        raise RecipeError(message, hint="--overwrite starts again") from error


def write_metrics(folder: RunFolder, metrics: Mapping[str, Any]) -> None:
    """Write ``metrics.json``, the last file of a run: with it the run is finished."""
    write_text(folder.metrics, json.dumps(metrics, indent=2) + "\n")


def read_metrics(folder: RunFolder) -> dict[str, Any]:
    """Return the final figures of a finished run.

    Raises:
        OutputError: its ``metrics.json`` is damaged.
    """
    try:
        metrics: dict[str, Any] = json.loads(folder.metrics.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise damaged(folder.metrics) from error
    return metrics


def damaged(path: Path) -> OutputError:
    """Return the error for a file of a run that does not hold what was written."""
    return OutputError(f"{path} cannot be read", hint="--overwrite trains the run again")


def write_history(folder: RunFolder, history: Sequence[EpochRecord]) -> None:
    """Write ``history.csv``, one line per epoch."""
    text = io.StringIO()
    writer = csv.DictWriter(text, [f.name for f in fields(EpochRecord)], lineterminator="\n")
    writer.writeheader()
    writer.writerows(asdict(record) for record in history)
    write_text(folder.history, text.getvalue())


def read_history(folder: RunFolder) -> list[EpochRecord]:
    """Return the epochs that :func:`write_history` wrote; none if there is no such file.

    Raises:
        OutputError: it is damaged.
    """
    try:
        with folder.history.open(encoding="utf-8", newline="") as file:
            return [_epoch_record(row) for row in csv.DictReader(file)]
    except FileNotFoundError:
        return []
    except (OSError, ValueError, KeyError, TypeError, csv.Error) as error:
        raise damaged(folder.history) from error


def _epoch_record(row: Mapping[str, str]) -> EpochRecord:
    values: dict[str, Any] = {name: float(text) if text else None for name, text in row.items()}
    return EpochRecord(**{**values, "epoch": int(row["epoch"])})


def check_space(folder: RunFolder, state: TrainingState) -> None:
    """Raise if the disk has no room for the run's files.

    Raises:
        OutputError: too little space.
    """
    weights = sum(value.numel() * value.element_size() for value in state.model.state_dict().values())
    # Model, state (weights, two moments, average) and a temporary copy of the larger one; then the small files.
    folder.check_space(10 * weights + 2_000_000)
