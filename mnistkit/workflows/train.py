"""What ``mnistkit train`` does: train one model into a run folder, or the same with several seeds."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from mnistkit.exceptions import UsageError
from mnistkit.notebook import Drawn
from mnistkit.numbers import counted, percentage
from mnistkit.runs import RunFolder
from mnistkit.training.events import EpochRecord, TrainingEvents
from mnistkit.workflows import run_files
from mnistkit.workflows.train_config import TrainConfig
from mnistkit.workflows.train_request import TrainRequest, resolve_recipe

if TYPE_CHECKING:
    from mnistkit.workflows.train_request import ObjectiveChoice


@dataclass(frozen=True)
class TrainResult(Drawn):
    """A finished run.

    Attributes:
        folder: Where everything lies.
        metrics: The content of its ``metrics.json``.
        trained: False if the run was already finished and nothing was done.
    """

    schema: ClassVar = "mnistkit/train/1"

    folder: RunFolder
    metrics: Mapping[str, Any]
    trained: bool

    def __repr__(self) -> str:
        test = self.metrics["test"]
        found = f"test accuracy {percentage(test['top1'])}, {counted(test['errors'], 'error')} in {test['n']:,}"
        return f"TrainResult({self.folder.path}: {found})"

    def __fspath__(self) -> str:
        # So that a run can be given wherever a checkpoint can.
        return str(self.checkpoint)

    @property
    def checkpoint(self) -> Path:
        """The checkpoint with the kept weights."""
        return self.folder.model

    @property
    def history(self) -> list[EpochRecord]:
        """The epochs as the run folder tells them; none if it does not."""
        return run_files.read_history(self.folder)

    def to_json(self) -> dict[str, Any]:
        """Return plain values: the content of ``metrics.json``, and where it lies."""
        metrics = {key: value for key, value in self.metrics.items() if key != "schema"}
        return {"folder": str(self.folder.path), "trained": self.trained, **metrics}


@dataclass(frozen=True)
class SeedsResult:
    """Runs that differ only in their seed, and the mean and deviation of their test figures."""

    schema: ClassVar = "mnistkit/train-seeds/1"

    runs: tuple[TrainResult, ...]
    summary: Mapping[str, Any]

    def __repr__(self) -> str:
        mean = percentage(self.summary["top1"]["mean"])
        return f"SeedsResult({counted(len(self.runs), 'run')}: mean test accuracy {mean})"

    @classmethod
    def of(cls, runs: Sequence[TrainResult]) -> SeedsResult:
        """Return the summary of some runs.

        Raises:
            UsageError: there are none, or they are not runs of the same.
        """
        facts = [{name: run.metrics.get(name) for name in ("architecture", "dataset", "full")} for run in runs]
        for found in facts:
            for name, value in found.items():
                if value != facts[0][name]:
                    raise UsageError(f"runs with {name} {facts[0][name]} and {value} have no common mean")
        if not runs:
            raise UsageError("there is no run to summarise")
        return cls(tuple(runs), _summary([run.metrics for run in runs]))

    def to_json(self) -> dict[str, Any]:
        """Return plain values."""
        return {"runs": [run.to_json() for run in self.runs], "summary": self.summary}


def train(
    config: TrainConfig,
    events: TrainingEvents | None = None,
    should_stop: Callable[[], bool] = lambda: False,
    objective: ObjectiveChoice | None = None,
) -> TrainResult:
    """Train one model into its run folder.

    The test images are read after the training, once, to report.

    Args:
        config: What to train.
        events: Is told what happens.
        should_stop: Asked after each step; True saves everything and ends the run there.
        objective: Makes what is minimised from the resolved recipe; None for what the recipe itself chooses.

    Raises:
        UsageError: an unknown name, recipe key or device, or settings that contradict each other.
        OutputError: the run folder cannot be used, as another process uses it or it holds something else; the
            message says how it could.
        DataError: the data cannot be read.
        NonFiniteLossError: the training diverged.
        InterruptedRunError: ``should_stop`` ended it.
    """
    events, request = events or TrainingEvents(), TrainRequest.resolve(config, objective)
    stored = stored_result(request, events)
    if stored is not None:
        return stored
    with request.folder.in_use():
        # Another process may have finished it since.
        return stored_result(request, events) or _train(request, events, should_stop)


def stored_result(request: TrainRequest, events: TrainingEvents) -> TrainResult | None:
    """Return what a finished run gave, or None where there is none or it is to be removed.

    Raises:
        UsageError: the folder holds a run with other settings.
        OutputError: the folder holds a run of something else, or its files are damaged.
    """
    if not request.is_done:
        return None
    folder = request.folder
    events.note(f"{folder.path} is already finished; --overwrite trains it again")
    if folder.recipe.exists():
        request.check_recorded()
    return TrainResult(folder, run_files.read_metrics(folder), trained=False)


def _train(request: TrainRequest, events: TrainingEvents, should_stop: Callable[[], bool]) -> TrainResult:
    """Begin or go on with the run in a folder that is ours alone."""
    folder = request.folder
    if request.config.resume and folder.status() == "new":
        events.note(f"nothing to resume in {folder.path}; starting")
    begun = request.as_begun()
    if request.goes_on and not folder.state.exists():
        events.note(f"{folder.path} holds no {folder.state.name} to go on from; starting again")
    # Not before: a finished run is shown without what a training needs.
    from mnistkit.workflows.training_run import TrainingRun

    metrics = TrainingRun.of(begun, events, should_stop).execute()
    return TrainResult(folder, metrics, trained=True)


def train_seeds(
    config: TrainConfig,
    count: int,
    events: TrainingEvents | None = None,
    should_stop: Callable[[], bool] = lambda: False,
    objective: ObjectiveChoice | None = None,
) -> SeedsResult:
    """Train ``count`` models with the seeds seed, seed + 1, ... and summarise their test figures.

    With ``config.out`` the runs lie in its subfolders ``seed<N>``. Seeds whose run is finished are not
    trained again.

    Raises:
        UsageError: ``count`` is less than one; and whatever :func:`train` raises.
    """
    configs = seed_configs(config, count)
    return SeedsResult.of([train(each, events, should_stop, objective) for _, each in configs])


def seed_configs(config: TrainConfig, count: int) -> list[tuple[int, TrainConfig]]:
    """Return the seeds seed, seed + 1, ... of a training, each with what is to be trained.

    With ``config.out`` the runs lie in its subfolders ``seed<N>``.

    Raises:
        UsageError: ``count`` is less than one, or the recipe cannot be resolved.
    """
    if count < 1:
        raise UsageError(f"--seeds must be at least 1, not {count}")
    first = resolve_recipe(config).seed
    return [(seed, _with_seed(config, seed)) for seed in range(first, first + count)]


def _with_seed(config: TrainConfig, seed: int) -> TrainConfig:
    out = config.out / f"seed{seed}" if config.out else None
    return replace(config, out=out, changes=(*config.changes, ("--seeds", {"seed": seed})))


def _summary(runs: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return mean, standard deviation and pooled interval of the test figures of several runs.

    Args:
        runs: The ``metrics.json`` of each, at least one.
    """
    from mnistkit.evaluation.intervals import pooled_interval, summarise_seeds

    tests = [run["test"] for run in runs]
    names = ("top1", "top2", "errors", "nll", "ece")
    return {
        "seeds": [run["seed"] for run in runs],
        "n": tests[0]["n"],
        **{name: asdict(summarise_seeds([float(test[name]) for test in tests])) for name in names},
        "interval": pooled_interval([test["errors"] for test in tests], tests[0]["n"]),
        "train_seconds": asdict(summarise_seeds([run["train_seconds"] for run in runs])),
    }
