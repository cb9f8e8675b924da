"""What ``mnistkit runs`` shows: the runs of a folder with their accuracy and state; torch is not needed for it."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, ClassVar, Literal

from mnistkit.exceptions import MnistkitError, UsageError
from mnistkit.recipe import Recipe
from mnistkit.run_lock import Holder
from mnistkit.runs import RUNS, RunFolder
from mnistkit.training.events import EpochRecord
from mnistkit.workflows import run_files

State = Literal["finished", "unfinished", "running", "damaged"]


@dataclass(frozen=True)
class RunEntry:
    """One run, as its files tell; None for what they do not.

    Attributes:
        name: Its folder, seen from the folder that is listed.
        path: Its folder.
        state: "running" if a process trains there now, "damaged" if a file is missing or cannot be read.
        changed: When it was finished, or its files changed last: local time in ISO 8601 with the offset from UTC.
        holder: The process that trains there now.
        problem: What is damaged, in one line.
        architecture: Name in the model registry.
        dataset: Name or folder of what it was trained on.
        seed: Its seed.
        full: Whether it holds out no validation images.
        epochs: Finished epochs.
        planned_epochs: Those of its recipe; a run that stopped early has fewer.
        val_accuracy: Share of the validation images that the kept weights get right.
        test_accuracy: The same of the test images, measured at the end.
    """

    name: str
    path: str
    state: State
    changed: str
    holder: Holder | None = None
    problem: str | None = None
    architecture: str | None = None
    dataset: str | None = None
    seed: int | None = None
    full: bool = False
    epochs: int = 0
    planned_epochs: int | None = None
    val_accuracy: float | None = None
    test_accuracy: float | None = None


@dataclass(frozen=True)
class RunList:
    """The runs of a folder, the last one first."""

    schema: ClassVar = "mnistkit/runs/1"

    folder: str
    runs: tuple[RunEntry, ...]

    def to_json(self) -> dict[str, Any]:
        """Return plain values."""
        return asdict(self)


def list_runs(folder: Path | None = None) -> RunList:
    """Return the runs in a folder and all below it; of a run folder, that run.

    Args:
        folder: The folder; None for ``runs``, which need not be there.

    Raises:
        UsageError: there is no such folder.
    """
    root = RUNS if folder is None else folder
    if folder is not None and not folder.is_dir():
        what = "is a file" if folder.exists() else "does not exist"
        raise UsageError(f"{folder} {what}; a folder of runs is wanted", hint="mnistkit runs")
    entries = [_entry(run, root) for run in _find(root)]
    entries.sort(key=lambda entry: entry.name)
    entries.sort(key=lambda entry: entry.changed, reverse=True)
    return RunList(str(root), tuple(entries))


def _find(root: Path) -> Iterator[RunFolder]:
    for place, folders, _ in os.walk(root):
        folders[:] = [name for name in folders if not name.startswith(".")]
        run = RunFolder(Path(place))
        # Before its data are read, a run has nothing but its lock.
        if run.is_run() or run.holder():
            yield run


def _entry(run: RunFolder, root: Path) -> RunEntry:
    holder = run.holder()
    facts: dict[str, Any] = {}
    problem = None
    try:
        for read in (_recipe_facts, _progress, _figures):
            facts |= read(run)
    except MnistkitError as error:
        # A run that goes on may be changing the very file.
        problem = None if holder else error.message
    state: State = "finished" if run.status() == "finished" else "unfinished"
    if holder or problem:
        state = "running" if holder else "damaged"
    name = run.path.resolve().name if run.path == root else run.path.relative_to(root).as_posix()
    return RunEntry(name, str(run.path), state, _changed(run), holder, problem, **facts)


def _recipe_facts(run: RunFolder) -> dict[str, Any]:
    # A run that has just been started has none yet.
    if not run.recipe.exists() and run.status() == "new":
        return {}
    recipe, facts = run_files.read_recipe(run)
    found = {name: facts.get(name) for name in ("architecture", "dataset")}
    return {**found, "full": facts.get("full") is True, "seed": recipe.seed, "planned_epochs": recipe.epochs}


def _progress(run: RunFolder) -> dict[str, Any]:
    history = run_files.read_history(run)
    if not history:
        return {}
    return {"epochs": len(history), "val_accuracy": _kept(history, run_files.read_recipe(run)[0]).val_accuracy}


def _kept(history: Sequence[EpochRecord], recipe: Recipe) -> EpochRecord:
    """Return the epoch whose weights are kept so far."""
    return history[-1] if recipe.selection == "last" else min(history, key=lambda record: record.watched_loss)


def _figures(run: RunFolder) -> dict[str, Any]:
    if run.status() != "finished":
        return {}
    if not run.model.exists():
        raise MnistkitError(f"{run.model} is missing")
    metrics = run_files.read_metrics(run)
    try:
        return {
            "epochs": int(metrics["epochs"]),
            "val_accuracy": metrics["validation"].get("val_accuracy"),
            "test_accuracy": float(metrics["test"]["top1"]),
        }
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise run_files.damaged(run.metrics) from error


def _changed(run: RunFolder) -> str:
    times = []
    for file in (run.metrics, run.history, run.state, run.recipe, run.path):
        # Of a run that goes on, one may just be taking the place of another.
        with suppress(OSError):
            times.append(file.stat().st_mtime)
        if times and file == run.metrics:
            break
    return datetime.fromtimestamp(max(times, default=0)).astimezone().isoformat(timespec="seconds")
