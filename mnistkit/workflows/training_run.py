"""One training run, from the data to ``metrics.json``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from typing import Any

from mnistkit.checkpoint import CheckpointInfo, load_tensors, package_versions, read_info, save_checkpoint
from mnistkit.data import is_folder, load_dataset
from mnistkit.data.base import Dataset, LoadOptions
from mnistkit.device import Machine, set_up_machine
from mnistkit.evaluation.metrics import Metrics, measure
from mnistkit.exceptions import CheckpointError, InterruptedRunError, OutputError
from mnistkit.inference.logits import predict_logits
from mnistkit.recipe import Recipe
from mnistkit.runs import RunFolder
from mnistkit.training.events import RunEnd, RunStart, TrainingEvents
from mnistkit.training.loop import TrainingJob, run_training
from mnistkit.training.objectives.base import Objective
from mnistkit.training.setup import TrainingSetup
from mnistkit.training.small_data import fit_recipe
from mnistkit.training.state import TrainingState
from mnistkit.workflows import run_files
from mnistkit.workflows.programs import with_program
from mnistkit.workflows.train_config import PREPARATION, TrainConfig, given_keys, run_facts
from mnistkit.workflows.train_request import TrainRequest
from mnistkit.workflows.trained_weights import INIT, TrainedWeights, recorded_init, with_normalisation

METRICS_SCHEMA = "mnistkit/metrics/1"
"""Form and version of ``metrics.json``."""


@dataclass(frozen=True)
class TrainingRun:
    """A training that is to be started or gone on with.

    Attributes:
        config: What to train.
        recipe: The resolved recipe.
        objective: What is minimised.
        folder: Where everything is written.
        events: Is told what happens.
        should_stop: Asked after each step; True saves everything and ends the run there.
        trained: The weights to start from; None for new ones, and where a run goes on.
        fitted: How the recipe was fitted to few images, for people; empty if it was not.
    """

    config: TrainConfig
    recipe: Recipe
    objective: Objective
    folder: RunFolder
    events: TrainingEvents
    should_stop: Callable[[], bool]
    trained: TrainedWeights | None = None
    fitted: str = ""

    @classmethod
    def of(cls, request: TrainRequest, events: TrainingEvents, should_stop: Callable[[], bool]) -> TrainingRun:
        """Return the run of a request, whose recipe is not fitted yet to the number of images."""
        return cls(
            config=request.config,
            recipe=request.recipe,
            objective=request.choose(request.recipe),
            folder=request.folder,
            events=events,
            should_stop=should_stop,
            trained=request.trained,
        )

    def execute(self) -> Mapping[str, Any]:
        """Train, measure and write everything.

        Returns:
            The content of ``metrics.json``.

        Raises:
            MnistkitError: as :func:`mnistkit.workflows.train.train` does.
        """
        machine = set_up_machine(self.config.device, self.recipe.precision)
        run, dataset = self.with_data()
        return run._train(dataset, machine)

    def with_data(self) -> tuple[TrainingRun, Dataset]:
        """Load the dataset and return it with the run whose recipe is fitted to its number of images.

        The recipe of an earlier run was fitted when that was begun. The normalisation is that of the weights which
        the run starts or has started from.
        """
        dataset = load_dataset(self.config.dataset, self._load_options())
        if self.trained:
            dataset = self.trained.adapt(dataset, self.config.load.preparation)
        elif init := self._recorded_init:
            dataset = with_normalisation(dataset, init["mean"], init["std"])
        return self.fitted_to(self.sizes(dataset)["train"]), dataset

    def fitted_to(self, images: int) -> TrainingRun:
        """Return the run with a recipe for so many training images, unless it goes on with one."""
        if self.config.resume and self.folder.status() == "unfinished":
            return self
        fitted = fit_recipe(self.recipe, images, given_keys(self.config), from_trained=self.trained is not None)
        return replace(self, recipe=fitted.recipe, fitted=fitted.summary)

    def _train(self, dataset: Dataset, machine: Machine) -> Mapping[str, Any]:
        weights = self.trained.tensors(dataset.classes) if self.trained else {}
        setup = TrainingSetup(self.config.architecture, self.recipe, dataset, machine, weights)
        job = self._job(setup)
        state = self._state(setup)
        run_files.write_recipe(self.folder, self.recipe, self._facts(dataset))
        self.events.run_started(self._start(setup, job, state))
        if not run_training(job, state):
            self._interrupted(state)
        return self._finish(setup, job, state)

    @property
    def _goes_on(self) -> bool:
        return self.config.resume and self.folder.status() == "unfinished" and self.folder.state.exists()

    @property
    def _recorded_init(self) -> Mapping[str, Any]:
        """What a run that goes on records of the weights that it started from; nothing if these were new."""
        if not self._goes_on:
            return {}
        return recorded_init(run_files.read_facts(self.folder.recipe), self.folder.recipe) or {}

    def _load_options(self) -> LoadOptions:
        """Return how the dataset is read: where a run goes on, prepared as when it was begun.

        Raises:
            OutputError: a run on pictures that does not tell how they were prepared.
        """
        options = replace(self.config.load, workers=self.recipe.workers)
        if not is_folder(self.config.dataset):
            return options
        if not self._goes_on:
            return self.trained.load_options(options) if self.trained else options
        facts = run_files.read_facts(self.folder.recipe)
        preparation = run_files.preparation_of(facts, self.folder.recipe)
        if preparation is None:
            raise OutputError(
                f"{self.folder.path} was begun by a version of mnistkit that prepared pictures differently",
                hint="--overwrite starts again",
            )
        return replace(options, preparation=preparation)

    def sizes(self, dataset: Dataset) -> dict[str, int]:
        """Return how many images the run trains on, validates with and is tested on."""
        return split_sizes(len(dataset.train), len(dataset.test), dataset.validation_size, full=self.config.full)

    def _facts(self, dataset: Dataset) -> dict[str, Any]:
        facts = {**run_facts(self.config, self.objective), PREPARATION: asdict(dataset.preparation)}
        init = self._init_facts
        return {**facts, INIT: init} if init else facts

    @cached_property
    def _init_facts(self) -> Mapping[str, Any]:
        # Read before the earlier run is removed, once: the file of the weights may change meanwhile.
        return self.trained.describe() if self.trained else self._recorded_init

    def _shown(self, dataset: Dataset, job: TrainingJob) -> dict[str, int]:
        """Return how many images the run really trains on and validates with, which its objective has chosen."""
        train = len(job.train) // self.recipe.repeats
        return {**self.sizes(dataset), "train": train, "val": 0 if job.val is None else len(job.val)}

    def _job(self, setup: TrainingSetup) -> TrainingJob:
        def epoch_done(state: TrainingState, is_best: bool) -> None:
            if is_best:
                info = self._checkpoint_info(setup.dataset, job, state)
                save_checkpoint(self.folder.model, state.evaluated_model.state_dict(), info)
            run_files.write_history(self.folder, state.history)
            state.save(self.folder.state)

        dataset, full = setup.dataset, self.config.full
        job = setup.job(
            self.objective,
            setup.on_device(dataset.train if full else dataset.split("train")),
            None if full else setup.on_device(dataset.split("val")),
            events=self.events,
            epoch_done=epoch_done,
            should_stop=self.should_stop,
        )
        return job

    def _state(self, setup: TrainingSetup) -> TrainingState:
        """Return the state to start from: fresh, after removing an earlier run, or the one to resume."""
        state = setup.fresh_state()
        if self._goes_on:
            state.restore(self.folder.state)
            if state.history:
                self._check_kept()
        else:
            # Only now that data, device and model are there: a mistake must not cost an earlier result.
            self.folder.clear()
        run_files.check_space(self.folder, state)
        return state

    def _check_kept(self) -> None:
        """Raise if the weights of the best epoch so far are not as they were written: no later one may be better.

        Raises:
            CheckpointError: they are missing or damaged.
        """
        try:
            load_tensors(self.folder.model)
        except CheckpointError as error:
            raise CheckpointError(error.message, hint="--overwrite starts the run again") from error

    def _start(self, setup: TrainingSetup, job: TrainingJob, state: TrainingState) -> RunStart:
        precision, sizes = setup.machine.precision, self._shown(setup.dataset, job)
        return RunStart(
            architecture=self.config.architecture,
            parameters=_parameters(state),
            dataset=self.config.dataset,
            preparation=setup.dataset.preparation,
            preparation_reason=setup.dataset.preparation_reason,
            train_size=sizes["train"],
            val_size=sizes["val"],
            test_size=sizes["test"],
            device=setup.machine.title,
            precision=precision.name,
            precision_reason=precision.reason,
            epochs=self.recipe.epochs,
            steps_per_epoch=job.steps_per_epoch,
            seed=self.recipe.seed,
            folder=str(self.folder.path),
            resumed_at_step=state.step,
            fitted=self.fitted,
            init=self._init_facts.get("name", ""),
        )

    def _checkpoint_info(self, dataset: Dataset, job: TrainingJob, state: TrainingState) -> CheckpointInfo:
        """Return the description of the weights of the epoch just finished."""
        record = state.history[-1]
        figures = {"val_loss": record.val_loss, "val_accuracy": record.val_accuracy}
        return CheckpointInfo(
            architecture=self.config.architecture,
            classes=dataset.classes,
            mean=dataset.mean,
            std=dataset.std,
            preparation=dataset.preparation,
            dataset=self.config.dataset,
            split=self._split_text(self._shown(dataset, job)),
            recipe=self.recipe.to_dict(),
            objective=self.objective.describe(),
            init=self._init_facts,
            shares=str(self.config.load.shares or ""),
            seed=self.recipe.seed,
            epoch=record.epoch,
            metrics={name: value for name, value in figures.items() if value is not None},
        )

    def _split_text(self, sizes: Mapping[str, int]) -> str:
        if self.config.full:
            return f"trained on all {sizes['train']} training images; last weights, nothing chosen"
        chosen = "epoch chosen by the loss on" if self.recipe.selection == "best" else "last epoch; checked on"
        return f"trained on {sizes['train']} images; {chosen} {sizes['val']} validation images"

    def _interrupted(self, state: TrainingState) -> None:
        state.save(self.folder.state)
        kept = f"the best epoch so far is kept in {self.folder.model}" if state.history else "no epoch is finished"
        raise InterruptedRunError(
            f"stopped after step {state.step}; {kept}",
            hint=f"go on with the same command and --resume (run folder: {self.folder.path})",
        )

    def _finish(self, setup: TrainingSetup, job: TrainingJob, state: TrainingState) -> Mapping[str, Any]:
        """Measure the kept weights on the test images and write the last files, ``metrics.json`` at the end."""
        weights, info = load_tensors(self.folder.model), read_info(self.folder.model)
        state.evaluated_model.load_state_dict(weights)
        test = _test_figures(setup, state)
        info = with_program(replace(info, metrics={**info.metrics, **_headline(test)}), self.events.note)
        save_checkpoint(self.folder.model, weights, info)
        self.events.run_measured(
            RunEnd(
                folder=self.folder,
                architecture=self.config.architecture,
                dataset=self.config.dataset,
                seed=self.recipe.seed,
                history=tuple(state.history),
                chosen_epoch=None if self.config.full else info.epoch,
                test_accuracy=test.top1,
            )
        )
        metrics = {
            "schema": METRICS_SCHEMA,
            **self._facts(setup.dataset),
            "seed": self.recipe.seed,
            "parameters": _parameters(state),
            "split": info.split,
            "images": self._shown(setup.dataset, job),
            "epochs": len(state.history),
            "kept_epoch": info.epoch,
            "validation": {name: info.metrics[name] for name in info.metrics if name.startswith("val_")},
            "test": asdict(test),
            "train_seconds": sum(record.seconds for record in state.history),
            "device": setup.machine.title,
            "precision": setup.machine.precision.name,
            "command": self.config.command,
            "versions": package_versions(),
        }
        run_files.write_metrics(self.folder, metrics)
        # Read back, so that the result of a run is the same now and later.
        return run_files.read_metrics(self.folder)


def split_sizes(train: int, test: int, validation: int, *, full: bool) -> dict[str, int]:
    """Return how many images a run trains on, validates with and is tested on.

    Args:
        train: All training images.
        test: The test images.
        validation: How many of the training images are for validation, unless the run is ``full``.
        full: Whether it trains on all of them.
    """
    held_out = 0 if full else validation
    return {"train": train - held_out, "val": held_out, "test": test}


def _test_figures(setup: TrainingSetup, state: TrainingState) -> Metrics:
    test = setup.on_device(setup.dataset.test)
    logits = predict_logits(
        state.evaluated_model, test.images, setup.normalisation, batch_size=setup.recipe.eval_batch_size
    )
    return measure(logits, test.labels)


def _headline(test: Metrics) -> dict[str, float]:
    return {"test_accuracy": test.top1, "test_top2": test.top2, "test_nll": test.nll, "test_n": test.n}


def _parameters(state: TrainingState) -> int:
    return sum(p.numel() for p in state.model.parameters())
