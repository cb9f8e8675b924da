"""What ``mnistkit train`` does: train one model into a run folder, or the same with several seeds."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from mnistkit.data import is_folder
from mnistkit.data.base import SplitShares
from mnistkit.exceptions import OutputError, RecipeError, UsageError
from mnistkit.models import check_model_name, get_architecture
from mnistkit.notebook import Drawn
from mnistkit.numbers import counted, percentage
from mnistkit.preparation import AUTO
from mnistkit.recipe import Recipe, flatten
from mnistkit.recipe_sources import apply_changes
from mnistkit.runs import RunFolder, default_run_path
from mnistkit.training.events import EpochRecord, TrainingEvents
from mnistkit.workflows import run_files
from mnistkit.workflows.train_config import PREPARATION, SHARES, TrainConfig, run_facts
from mnistkit.workflows.trained_weights import TrainedWeights, recorded_init

if TYPE_CHECKING:
    from mnistkit.training.objectives.base import Objective

    # From the resolved recipe to what is minimised.
    ObjectiveChoice = Callable[[Recipe], Objective]


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
    if config.resume and config.overwrite:
        raise UsageError(
            "--resume and --overwrite cannot go together",
            hint="--resume goes on with a run, --overwrite starts it again",
        )
    recipe = resolve_recipe(config)
    _check_shares(config)
    trained = None if config.init is None else TrainedWeights.find(config.init, config.architecture)
    # Not before: a mistaken name is answered without torch.
    from mnistkit.training.objectives import choose_objective

    events, choose = events or TrainingEvents(), objective or choose_objective
    folder = RunFolder(config.out or _default_path(config, recipe, choose(recipe), trained))
    folder.check_ours()
    stored = _stored_result(folder, config, choose, events, trained)
    if stored is not None:
        return stored
    with folder.in_use():
        # Another process may have finished it since.
        return _stored_result(folder, config, choose, events, trained) or _train(
            config, recipe, choose, folder, events, should_stop, trained
        )


def _stored_result(
    folder: RunFolder,
    config: TrainConfig,
    choose: ObjectiveChoice,
    events: TrainingEvents,
    trained: TrainedWeights | None,
) -> TrainResult | None:
    """Return what a finished run gave, or None where there is none or it is to be removed."""
    if folder.status() != "finished" or config.overwrite:
        return None
    events.note(f"{folder.path} is already finished; --overwrite trains it again")
    if folder.recipe.exists():
        _checked_recipe(folder, config, choose, trained)
    return TrainResult(folder, run_files.read_metrics(folder), trained=False)


def _train(
    config: TrainConfig,
    recipe: Recipe,
    choose: ObjectiveChoice,
    folder: RunFolder,
    events: TrainingEvents,
    should_stop: Callable[[], bool],
    trained: TrainedWeights | None,
) -> TrainResult:
    """Begin or go on with the run in a folder that is ours alone."""
    if config.resume and folder.status() == "new":
        events.note(f"nothing to resume in {folder.path}; starting")
    recipe = _agreed_recipe(folder, config, recipe, choose, trained)
    if config.resume and folder.status() == "unfinished":
        config, trained = _as_begun(config, trained, folder)
    # Not before: a finished run is shown without what a training needs.
    from mnistkit.workflows.training_run import TrainingRun

    metrics = TrainingRun(config, recipe, choose(recipe), folder, events, should_stop, trained).execute()
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
    if count < 1:
        raise UsageError(f"--seeds must be at least 1, not {count}")
    first = resolve_recipe(config).seed
    return SeedsResult.of(
        [train(_with_seed(config, first + i), events, should_stop, objective) for i in range(count)]
    )


def resolve_recipe(config: TrainConfig) -> Recipe:
    """Return the recipe that ``config`` asks for.

    Raises:
        UnknownNameError: no such architecture.
        RecipeError: an unknown key, an unfitting value, or early stopping without validation images.
    """
    base = get_architecture(check_model_name(config.architecture)).recipe
    recipe = apply_changes(base, config.changes)
    if not config.full:
        return recipe
    if recipe.patience:
        raise RecipeError(
            "--full leaves no validation images to stop early by",
            hint="set patience=0, or train without --full",
        )
    return replace(recipe, selection="last")


def _with_seed(config: TrainConfig, seed: int) -> TrainConfig:
    out = config.out / f"seed{seed}" if config.out else None
    return replace(config, out=out, changes=(*config.changes, ("--seeds", {"seed": seed})))


def _check_shares(config: TrainConfig) -> None:
    if config.load.shares and not is_folder(config.dataset):
        raise UsageError(
            f"the splits of {config.dataset} are fixed, so that figures can be compared",
            hint="leave out --split-shares, which are for folders",
        )


def _default_path(
    config: TrainConfig, recipe: Recipe, objective: Objective, trained: TrainedWeights | None
) -> Path:
    suffix = objective.folder_suffix + (f"-init-{trained.found.name}" if trained else "")
    return default_run_path(config.architecture, config.dataset, recipe.seed, suffix=suffix, full=config.full)


def _agreed_recipe(
    folder: RunFolder,
    config: TrainConfig,
    recipe: Recipe,
    choose: ObjectiveChoice,
    trained: TrainedWeights | None,
) -> Recipe:
    """Return the recipe to train with in ``folder``: of a resumed run, its own.

    Raises:
        OutputError: an unfinished run is in the way.
        RecipeError: the run to resume was started with other settings.
    """
    if folder.status() == "new" or config.overwrite:
        return recipe
    if config.resume:
        return _checked_recipe(folder, config, choose, trained)
    raise OutputError(
        f"{folder.path} holds an unfinished run", hint="--resume goes on with it, --overwrite starts again"
    )


def _as_begun(
    config: TrainConfig, trained: TrainedWeights | None, folder: RunFolder
) -> tuple[TrainConfig, TrainedWeights | None]:
    """Return how the folder is divided and what weights to start from, as the run to resume records them."""
    facts = run_files.read_facts(folder.recipe)
    if SHARES in facts:
        shares = SplitShares.parse(str(facts[SHARES]))
        config = replace(config, load=replace(config.load, shares=shares))
    init = recorded_init(facts, folder.recipe)
    # With a state the weights are there, trained on; the checkpoint that they once came from may be gone.
    if init and trained is None and not folder.state.exists():
        trained = TrainedWeights.find(init["checkpoint"], config.architecture)
    return config, trained


def _checked_recipe(
    folder: RunFolder, config: TrainConfig, choose: ObjectiveChoice, trained: TrainedWeights | None
) -> Recipe:
    """Return the recipe of the run in ``folder``, if it is the run that ``config`` asks for.

    Only what the user set counts: a default that has changed since does not make it another run.

    Raises:
        OutputError: the run trained something else.
        RecipeError: a setting given now differs from the run's.
    """
    from mnistkit.training.objectives import choose_objective

    stored, facts = run_files.read_recipe(folder)
    # Before there was more than one objective to choose, a run trained with what its recipe says.
    facts.setdefault("objective", choose_objective(stored).describe())
    found, hint = flatten(facts), "choose another folder with --out, or --overwrite it"
    if trained or not config.resume:
        init = recorded_init(facts, folder.recipe) or {}
        if init.get("sha256") != (trained.describe()["sha256"] if trained else None):
            started, wanted = init.get("name", "new weights"), trained.found.name if trained else "new weights"
            raise OutputError(f"{folder.path} holds a run that started from {started}, not {wanted}", hint=hint)
    for name, value in flatten(run_facts(config, choose(stored))).items():
        if found.get(name) != value:
            raise OutputError(f"{folder.path} holds a run with {name} {found.get(name)}, not {value}", hint=hint)
    kind = getattr(config.load.preparation, "kind", config.load.preparation)
    if kind != AUTO and found.get(f"{PREPARATION}.kind", kind) != kind:
        raise OutputError(
            f"{folder.path} holds a run with {PREPARATION} {found[f'{PREPARATION}.kind']}, not {kind}", hint=hint
        )
    asked_for = flatten(apply_changes(stored, config.changes).to_dict())
    for key, value in flatten(stored.to_dict()).items():
        if asked_for[key] != value:
            raise RecipeError(f"{folder.path} was started with {key}={value}, not {asked_for[key]}", hint=hint)
    return stored


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
