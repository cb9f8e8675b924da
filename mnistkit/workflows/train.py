"""What ``mnistkit train`` does: train one model into a run folder, or the same with several seeds."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mnistkit.data.base import DIGITS
from mnistkit.exceptions import InterruptedRunError, OutputError, RecipeError, UsageError
from mnistkit.models import check_model_name, get_architecture
from mnistkit.recipe import Recipe
from mnistkit.recipe_sources import apply_changes
from mnistkit.runs import RunFolder, default_run_path
from mnistkit.training.events import RunStart, TrainingEvents
from mnistkit.workflows.train_config import TrainConfig

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    from mnistkit.data.base import Dataset, LabelledImages
    from mnistkit.device import Precision
    from mnistkit.training.loop import TrainingJob
    from mnistkit.training.state import TrainingState

SCHEMA = "mnistkit/train/1"
SEEDS_SCHEMA = "mnistkit/train-seeds/1"

# Drawn once a run, in a few seconds; the augmentation makes each new at every step.
_OUTLIER_COUNT = 3000


@dataclass(frozen=True)
class TrainResult:
    """A finished run.

    Attributes:
        folder: Where everything lies.
        metrics: The content of its ``metrics.json``.
        trained: False if the run was already finished and nothing was done.
    """

    folder: RunFolder
    metrics: Mapping[str, Any]
    trained: bool

    @property
    def checkpoint(self) -> Path:
        """The checkpoint with the kept weights."""
        return self.folder.model


@dataclass(frozen=True)
class SeedsResult:
    """Runs that differ only in their seed, and the mean and deviation of their figures."""

    runs: tuple[TrainResult, ...]
    summary: Mapping[str, Any]


def train(
    config: TrainConfig,
    events: TrainingEvents | None = None,
    should_stop: Callable[[], bool] = lambda: False,
) -> TrainResult:
    """Train one model into its run folder.

    The test images are read after the training, once, to report.

    Args:
        config: What to train.
        events: Is told what happens.
        should_stop: Asked after each step; True saves everything and ends the run there.

    Raises:
        UsageError: an unknown name, recipe key or device, or settings that contradict each other.
        OutputError: the run folder cannot be used; the message says how it could.
        DataError: the data cannot be read.
        NonFiniteLossError: the training diverged.
        InterruptedRunError: ``should_stop`` ended it.
    """
    from mnistkit.workflows import run_files

    events = events or TrainingEvents()
    recipe = resolve_recipe(config)
    folder = RunFolder(
        config.out or default_run_path(config.architecture, config.dataset, recipe.seed, full=config.full)
    )
    if folder.status() == "finished" and not config.overwrite:
        events.note(f"{folder.path} is already finished; --overwrite trains it again")
        run_files.check_same_run(folder, config, recipe)
        return TrainResult(folder, run_files.read_metrics(folder), trained=False)
    if config.resume and folder.status() == "new":
        events.note(f"nothing to resume in {folder.path}; starting")
    recipe = _agreed_recipe(folder, config, recipe)
    folder.create()
    return _Run(config, recipe, folder, events, should_stop).execute()


def train_seeds(
    config: TrainConfig,
    count: int,
    events: TrainingEvents | None = None,
    should_stop: Callable[[], bool] = lambda: False,
) -> SeedsResult:
    """Train ``count`` models with the seeds seed, seed + 1, ... and summarise their test figures.

    With ``config.out`` the runs lie in its subfolders ``seed<N>``. Seeds whose run is finished are not
    trained again.

    Raises:
        UsageError: ``count`` is less than one; and whatever :func:`train` raises.
    """
    from mnistkit.workflows.run_files import summarise

    if count < 1:
        raise UsageError(f"--seeds must be at least 1, not {count}")
    first = resolve_recipe(config).seed
    results = [train(_with_seed(config, first + i), events, should_stop) for i in range(count)]
    return SeedsResult(tuple(results), summarise([result.metrics for result in results]))


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


def _agreed_recipe(folder: RunFolder, config: TrainConfig, recipe: Recipe) -> Recipe:
    """Return the recipe to train with in ``folder``: of a resumed run, its own.

    Raises:
        OutputError: an unfinished run is in the way.
        RecipeError: the run to resume was started with other settings.
    """
    from mnistkit.workflows import run_files

    if folder.status() != "unfinished" or config.overwrite:
        return recipe
    if config.resume:
        return run_files.check_same_run(folder, config, recipe)
    raise OutputError(
        f"{folder.path} holds an unfinished run", hint="--resume goes on with it, --overwrite starts again"
    )


@dataclass
class _Run:
    """One training, from the data to ``metrics.json``."""

    config: TrainConfig
    recipe: Recipe
    folder: RunFolder
    events: TrainingEvents
    should_stop: Callable[[], bool]

    def execute(self) -> TrainResult:
        from mnistkit.data import load_dataset
        from mnistkit.training.loop import run_training
        from mnistkit.workflows import run_files

        device, precision = self._device()
        dataset = load_dataset(self.config.dataset, replace(self.config.load, workers=self.recipe.workers))
        job = self._job(dataset, device, precision)
        state = self._state(dataset, device, precision)
        run_files.write_recipe(self.folder, self.config, self.recipe)
        self.events.run_started(self._start(job, state))
        if not run_training(job, state):
            self._interrupted(state)
        metrics = run_files.finish(self.folder, self.config, self.recipe, dataset, job, state)
        return TrainResult(self.folder, metrics, trained=True)

    def _device(self) -> tuple[torch.device, Precision]:
        from mnistkit.device import choose_precision, prepare, select_device

        device = select_device(self.config.device)
        prepare(device)
        return device, choose_precision(device, self.recipe.precision)

    def _state(self, dataset: Dataset, device: torch.device, precision: Precision) -> TrainingState:
        """Return the state to start from: fresh, after removing an earlier run, or the one to resume."""
        from mnistkit.device import seed_everything
        from mnistkit.models import build_model
        from mnistkit.training.state import TrainingState
        from mnistkit.workflows import run_files

        seed_everything(self.recipe.seed)
        model = build_model(self.config.architecture, num_classes=len(dataset.classes)).to(device)
        state = TrainingState.fresh(model, self.recipe, scale_loss=precision.name == "fp16")
        if self.config.resume and not self.config.overwrite and self.folder.state.exists():
            state.restore(self.folder.state)
        else:
            # Only now that data, device and model are there: a mistake must not cost an earlier result.
            self.folder.clear()
        run_files.check_space(self.folder, state)
        return state

    def _job(self, dataset: Dataset, device: torch.device, precision: Precision) -> TrainingJob:
        from mnistkit.data.batches import DeviceImages, Normaliser
        from mnistkit.training.loop import TrainingJob
        from mnistkit.training.objectives import cross_entropy
        from mnistkit.workflows import run_files

        def epoch_done(state: TrainingState, is_best: bool) -> None:
            if is_best:
                run_files.save_model(self.folder, self.config, self.recipe, dataset, state)
            run_files.write_history(self.folder, state.history)
            state.save(self.folder.state)

        def on_device(data: LabelledImages) -> DeviceImages:
            return DeviceImages.of(data, device)

        full = self.config.full
        return TrainingJob(
            recipe=self.recipe,
            train=on_device(dataset.train if full else dataset.split("train")),
            val=None if full else on_device(dataset.split("val")),
            outliers=self._outliers(dataset, device) if self.recipe.outliers else None,
            normaliser=Normaliser(dataset.mean, dataset.std),
            objective=cross_entropy(self.recipe),
            precision=precision,
            events=self.events,
            epoch_done=epoch_done,
            should_stop=self.should_stop,
        )

    def _outliers(self, dataset: Dataset, device: torch.device) -> Tensor:
        """Draw the pictures of no digit that the recipe asks for."""
        import torch

        from mnistkit.data.outliers import draw_outliers
        from mnistkit.training.seeds import drawing_generator

        if dataset.classes != DIGITS:
            raise RecipeError(
                f"outliers are letters and scribbles: for digits only; {self.config.dataset} has other classes",
                hint="leave the recipe's outliers at 0",
            )
        drawn = draw_outliers(_OUTLIER_COUNT, dataset.split("train").images, drawing_generator(self.recipe.seed))
        return torch.from_numpy(drawn).unsqueeze(1).to(device)

    def _start(self, job: TrainingJob, state: TrainingState) -> RunStart:
        from mnistkit.device import device_title

        return RunStart(
            architecture=self.config.architecture,
            parameters=sum(p.numel() for p in state.model.parameters()),
            dataset=self.config.dataset,
            train_size=len(job.train),
            val_size=0 if job.val is None else len(job.val),
            device=device_title(job.train.labels.device),
            precision=job.precision.name,
            precision_reason=job.precision.reason,
            epochs=self.recipe.epochs,
            steps_per_epoch=job.steps_per_epoch,
            seed=self.recipe.seed,
            folder=str(self.folder.path),
            resumed_at_step=state.step,
        )

    def _interrupted(self, state: TrainingState) -> None:
        state.save(self.folder.state)
        kept = f"the best epoch so far is kept in {self.folder.model}" if state.history else "no epoch is finished"
        raise InterruptedRunError(
            f"stopped after step {state.step}; {kept}",
            hint=f"go on with the same command and --resume (run folder: {self.folder.path})",
        )
