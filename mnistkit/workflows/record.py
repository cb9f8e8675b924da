"""What ``mnistkit models record`` does: turn finished runs that differ only in their seed into a measured row.

``mnistkit models refresh`` writes down what is known of the architectures themselves.
"""

from __future__ import annotations

import shlex
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

from mnistkit.evaluation.intervals import pooled_interval, summarise_seeds
from mnistkit.exceptions import OutputError, UsageError
from mnistkit.models import build_model, check_model_name, get_architecture, model_names
from mnistkit.recipe import DEFAULT_RECIPE, Distillation, Recipe, flatten
from mnistkit.runs import RunFolder
from mnistkit.workflows import run_files
from mnistkit.workflows.train_config import DEFAULT_DATASET
from mnistkit.zoo import (
    ARCHITECTURES,
    CLASSES,
    MEASURED,
    NOT_THE_RECIPE,
    ArchitectureFacts,
    MeasuredRow,
    NamedRecipe,
    add_measured,
    read_architectures,
    recipe_digest,
    write_architectures,
)

LEAST_SEEDS = 3
"""Fewer seeds say nothing of their spread."""

_FP32_BYTES = 4
# What must be the same in all runs of a row; of a recipe all but the seed.
_SAME = ("architecture", "dataset", "full", "objective", "init", "images", "parameters", "precision", "versions")


@dataclass(frozen=True)
class Recorded:
    """A row that was written.

    Attributes:
        row: The row.
        path: Its file.
        replaced: The row that stood there before, if there was one.
    """

    row: MeasuredRow
    path: Path
    replaced: MeasuredRow | None


@dataclass(frozen=True)
class _Run:
    """What a finished run's folder tells."""

    folder: RunFolder
    metrics: Mapping[str, Any]
    recipe: Recipe
    facts: Mapping[str, Any]

    @classmethod
    def read(cls, place: Path) -> _Run:
        folder = RunFolder(place)
        if not place.is_dir():
            raise UsageError(f"no such run folder: {place}", hint="mnistkit runs lists what there is")
        if folder.status() != "finished":
            state = "holds an unfinished run" if folder.recipe.exists() else "is no run"
            raise OutputError(
                f"{place} {state}; only finished runs are recorded",
                hint=f"mnistkit runs {place} lists what is in it",
            )
        recipe, facts = run_files.read_recipe(folder)
        metrics = run_files.read_metrics(folder)
        missing = [name for name in ("architecture", "dataset", "seed", "test", "epochs") if name not in metrics]
        if missing:
            raise run_files.damaged(folder.metrics)
        return cls(folder, metrics, recipe, facts)

    @property
    def seed(self) -> int:
        return int(self.metrics["seed"])

    @property
    def objective(self) -> Mapping[str, Any]:
        """What was minimised, as its ``describe()`` gave it; nothing in runs of before there was a choice."""
        return dict(self.facts.get("objective", {}))

    @property
    def seconds_per_epoch(self) -> float:
        return float(self.metrics["train_seconds"]) / int(self.metrics["epochs"])

    def test_errors(self, which: str) -> int:
        """Return the test images that are wrong by "top1" or "top2"."""
        test = self.metrics["test"]
        return round((1 - float(test[which])) * int(test["n"]))

    def identity(self) -> dict[str, Any]:
        """Return what must not differ from the other runs of a row, by what it is called."""
        known = {name: {**self.facts, **self.metrics}.get(name) for name in _SAME}
        # Without a teacher it makes no difference how one would be learned from.
        recipe = self.recipe if "teachers" in self.objective else replace(self.recipe, distillation=Distillation())
        settings = flatten(recipe.to_dict())
        return flatten({**known, **{key: value for key, value in settings.items() if key not in NOT_THE_RECIPE}})


def record_runs(places: Sequence[Path], path: Path = MEASURED, *, replace_row: bool = False) -> Recorded:
    """Write the row of some runs of one architecture and recipe, which differ only in their seed.

    Args:
        places: The run folders, in any order.
        path: The file of measured rows.
        replace_row: Whether the row may take the place of an earlier one of the same model and recipe.

    Raises:
        UsageError: the runs are no row together: too few, different ones, other seeds than 0, 1, 2, ..., not the
            protocol's data, or a recipe that is none of the architecture's.
        OutputError: a run is not finished or damaged, there is a row already, or the file cannot be written.
    """
    runs = sorted((_Run.read(place) for place in places), key=lambda run: run.seed)
    _check_seeds(runs)
    _check_same(runs)
    _check_protocol(runs[0])
    row = _row(runs)
    return Recorded(row, path, add_measured(row, path, replace=replace_row))


def _check_seeds(runs: Sequence[_Run]) -> None:
    seeds = [run.seed for run in runs]
    for before, after in pairwise(runs):
        if before.seed == after.seed:
            raise UsageError(f"{before.folder.path} and {after.folder.path} both have seed {before.seed}")
    if len(runs) < LEAST_SEEDS:
        raise UsageError(
            f"a row needs {LEAST_SEEDS} seeds at least, not {len(runs)}", hint="mnistkit train --seeds N"
        )
    if missing := [seed for seed in range(len(runs)) if seed not in seeds]:
        raise UsageError(
            f"the seeds of a row are fixed beforehand, from 0 on without gaps: {missing[0]} is missing",
            hint="no seed may be left out because of its result",
        )


def _check_same(runs: Sequence[_Run]) -> None:
    first = runs[0].identity()
    for run in runs[1:]:
        other = run.identity()
        for name in {**first, **other}:
            if first.get(name) != other.get(name):
                raise UsageError(
                    f"{runs[0].folder.path} and {run.folder.path} differ in more than their seed: "
                    f"{name} {first.get(name)} and {other.get(name)}"
                )


def _check_protocol(run: _Run) -> None:
    path, metrics = run.folder.path, run.metrics
    if metrics["dataset"] != DEFAULT_DATASET:
        raise UsageError(f"{path} was trained on {metrics['dataset']}; the rows are about {DEFAULT_DATASET}")
    if metrics.get("full"):
        raise UsageError(f"{path} held out no validation images (--full), which the rows' protocol asks for")
    if run.facts.get("init"):
        raise UsageError(f"{path} started from trained weights (--init), which is no recipe of an architecture")


def _row(runs: Sequence[_Run]) -> MeasuredRow:
    """Return the row of runs that were checked."""
    first = runs[0]
    name, digest = str(first.metrics["architecture"]), training_digest(first.recipe)
    facts = describe_architecture(check_model_name(name))
    recipe = next((called for called, each in facts.recipes.items() if each.digest == digest), None)
    if recipe is None:
        raise _no_recipe(first, name)
    if facts.parameters != first.metrics["parameters"]:
        now, then = f"{facts.parameters:,}", f"{first.metrics['parameters']:,}"
        raise UsageError(f"{name} has {now} parameters now, and had {then} in {first.folder.path}")
    _check_lessons(first, name, recipe)
    return measured_row(
        kind="network",
        name=name,
        recipe=recipe,
        teacher=first.objective.get("teacher"),
        dataset=str(first.metrics["dataset"]),
        description="",
        parameters=facts.parameters,
        bytes=facts.bytes,
        macs=facts.macs,
        epochs=first.recipe.epochs,
        selection=first.recipe.selection,
        images=int(first.metrics["test"]["n"]),
        seeds=[run.seed for run in runs],
        errors=[run.test_errors("top1") for run in runs],
        top2_errors=[run.test_errors("top2") for run in runs],
        val_accuracy=[run.metrics["validation"]["val_accuracy"] for run in runs],
        epochs_run=[int(run.metrics["epochs"]) for run in runs],
        seconds_per_epoch=statistics.fmean(run.seconds_per_epoch for run in runs),
        device=" and ".join(sorted({str(run.metrics["device"]) for run in runs})),
        precision=str(first.metrics["precision"]),
        versions=first.metrics["versions"],
        date=max(_finished(run) for run in runs),
        command=_command(first, name, recipe, len(runs)),
        digest=digest,
    )


def measured_row(
    *, errors: Sequence[int], top2_errors: Sequence[int] | None, images: int, seconds_per_epoch: float, **rest: Any
) -> MeasuredRow:
    """Return a row whose mean, deviation, range and interval follow from the errors of each seed.

    Args:
        errors: See :class:`mnistkit.zoo.MeasuredRow`, and so all others.
        top2_errors: See there.
        images: See there.
        seconds_per_epoch: See there; it is rounded.
        rest: All other fields but those that follow.
    """
    accuracies = [1 - wrong / images for wrong in errors]
    over_seeds = summarise_seeds(accuracies)
    top2 = summarise_seeds([1 - wrong / images for wrong in top2_errors]) if top2_errors is not None else None
    rest["val_accuracy"] = [round(share, 6) for share in rest["val_accuracy"]]
    return MeasuredRow(
        **rest,
        n=len(errors),
        images=images,
        errors=list(errors),
        top2_errors=None if top2_errors is None else list(top2_errors),
        mean=_rounded(over_seeds.mean),
        std=None if over_seeds.std is None else _rounded(over_seeds.std),
        min=_rounded(min(accuracies)),
        max=_rounded(max(accuracies)),
        interval=[_rounded(end) for end in pooled_interval(errors, images)],
        top2_mean=None if top2 is None else _rounded(top2.mean),
        top2_std=None if top2 is None or top2.std is None else _rounded(top2.std),
        seconds_per_epoch=round(seconds_per_epoch, 2),
    )


def training_digest(recipe: Recipe) -> str:
    """Return the digest of a recipe as far as it counts without a teacher, see :func:`recipe_digest`."""
    return recipe_digest(replace(recipe, distillation=Distillation()))


def _rounded(share: float) -> float:
    # Far more digits than any accuracy has, and none of the noise of binary fractions.
    return round(share, 8)


def _finished(run: _Run) -> str:
    return datetime.fromtimestamp(run.folder.metrics.stat().st_mtime).date().isoformat()


def _check_lessons(run: _Run, name: str, recipe: str) -> None:
    """See that a distilled run is what its command would distil again.

    Raises:
        UsageError: it was distilled with other settings than the recipe's, or with other images.
    """
    objective = run.objective
    for what in ("omitted", "transfer"):
        if what in objective:
            raise UsageError(f"{run.folder.path} did not learn from the usual images: {what} {objective[what]}")
    wanted = get_architecture(name).recipes[recipe].distillation
    if "teachers" in objective and run.recipe.distillation != wanted:
        own, usual = asdict(run.recipe.distillation), asdict(wanted)
        other = [f"distillation.{key}={value}" for key, value in own.items() if usual[key] != value]
        raise UsageError(
            f"{run.folder.path} was distilled with other settings than {name}'s: {', '.join(other)}",
            hint="settings that are measured are registered in the architecture's recipe first",
        )


def _command(run: _Run, name: str, recipe: str, count: int) -> str:
    """Return the command line that trains the same again, whatever was typed then."""
    teachers = run.objective.get("checkpoints", [])
    parts = ["mnistkit", "distill"] if teachers else ["mnistkit", "train"]
    parts += [part for each in teachers for part in ("--teacher", shlex.quote(each))]
    parts += ["--student" if teachers else "--arch", name]
    parts += ["--recipe", recipe] if recipe != DEFAULT_RECIPE else []
    device = str(run.metrics["device"]).split()[0]
    parts += ["--seeds", str(count), "--device", device, "--precision", str(run.metrics["precision"])]
    return " ".join(parts)


def _no_recipe(run: _Run, name: str) -> UsageError:
    own, default = flatten(run.recipe.to_dict()), flatten(get_architecture(name).recipe.to_dict())
    other = [f"{key}={value}" for key, value in own.items() if default[key] != value and key not in NOT_THE_RECIPE]
    return UsageError(
        f"{run.folder.path} was trained with none of {name}'s recipes: {', '.join(other)} differ from its default",
        hint="a recipe that is measured is registered beside the architecture first",
    )


def describe_architecture(name: str) -> ArchitectureFacts:
    """Return what is known of an architecture, found by building it.

    Raises:
        UnknownNameError: no such architecture; the message holds the closest match.
    """
    from mnistkit.evaluation.complexity import summarise

    model = build_model(name, CLASSES)
    summary = summarise(model)
    weights = sum(value.numel() for value in model.state_dict().values() if value.is_floating_point())
    return ArchitectureFacts(
        name=name,
        description=get_architecture(name).description,
        parameters=summary.parameters,
        bytes=_FP32_BYTES * weights,
        macs=summary.macs,
        recipes={
            called: NamedRecipe(recipe.epochs, training_digest(recipe))
            for called, recipe in get_architecture(name).recipes.items()
        },
    )


def refresh_architectures(path: Path = ARCHITECTURES) -> tuple[str, ...]:
    """Write down what is known of every architecture.

    Returns:
        The names of those that are new, gone, or different from what was written there.

    Raises:
        OutputError: the file cannot be written.
    """
    earlier = read_architectures(path) if path.exists() else {}
    now = {name: describe_architecture(name) for name in model_names()}
    write_architectures(now.values(), path)
    return tuple(name for name in sorted({*earlier, *now}) if earlier.get(name) != now.get(name))
