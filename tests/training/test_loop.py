from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from mnistkit.data import load_dataset
from mnistkit.data.batches import DeviceImages, Normalisation
from mnistkit.device import Precision
from mnistkit.exceptions import NonFiniteLossError
from mnistkit.models import build_model
from mnistkit.recipe import OPTIMIZERS, SCHEDULES, Augmentation, Recipe
from mnistkit.training.events import EpochRecord, RunStart, StepReport, TrainingEvents
from mnistkit.training.loop import TrainingJob, run_training
from mnistkit.training.objectives import OutlierExposure, choose_objective
from mnistkit.training.state import TrainingState

CPU = torch.device("cpu")
QUICK = Recipe(
    epochs=2,
    batch_size=32,
    learning_rate=2e-3,
    ema_decay=0.9,
    gradient_clip=1.0,
    outliers=0.1,
    augmentation=Augmentation(rotation=10, zoom=0.1, elastic=1.0, ramp_down=0.5),
)


@pytest.fixture(scope="session")
def digits() -> tuple[DeviceImages, DeviceImages]:
    """160 training and 40 validation images of MNIST."""
    mnist = load_dataset("mnist").train
    parts = mnist.take(np.arange(160)), mnist.take(np.arange(160, 200))
    return DeviceImages.of(parts[0], CPU), DeviceImages.of(parts[1], CPU)


class DropoutNet(nn.Module):
    """A model that draws random numbers in its forward pass."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Flatten(), nn.Linear(784, 16), nn.Dropout(0.5), nn.Linear(16, 10))

    def forward(self, images: Tensor) -> Tensor:
        logits: Tensor = self.layers(images)
        return logits


class FunctionalDropoutNet(DropoutNet):
    """One that draws them from torch's one generator."""

    def forward(self, images: Tensor) -> Tensor:
        return super().forward(functional.dropout(images, 0.1, self.training))


MODELS = {"dropout": DropoutNet, "functional-dropout": FunctionalDropoutNet}
# One of each kind, where all would take minutes: LayerNorm, no norm, batch norm, that and dropout.
SAMPLED = ["convnext", "lenet5", "micro-2k", "lenet5-modified", *MODELS]


def build(name: str, recipe: Recipe) -> TrainingState:
    torch.manual_seed(recipe.seed)
    model = MODELS[name]() if name in MODELS else build_model(name, 10)
    return TrainingState.fresh(model, recipe, scale_loss=False)


def make_job(data: tuple[DeviceImages, DeviceImages], recipe: Recipe, **changes: Any) -> TrainingJob:
    # The digits upside down do for what is no digit.
    objective = OutlierExposure(recipe, data[0].images.flip(2)) if recipe.outliers else choose_objective(recipe)
    precision = Precision("fp32", "a test")
    job = TrainingJob(recipe, data[0], data[1], Normalisation(0.1307, 0.3081), objective, precision)
    return replace(job, **changes)


def weights(state: TrainingState) -> list[Tensor]:
    return [*state.model.state_dict().values(), *state.evaluated_model.state_dict().values()]


def same(a: TrainingState, b: TrainingState) -> bool:
    return all(torch.equal(x, y) for x, y in zip(weights(a), weights(b), strict=True))


def without_times(history: list[EpochRecord]) -> list[EpochRecord]:
    return [replace(record, seconds=0, images_per_second=0) for record in history]


@pytest.mark.parametrize("name", SAMPLED)
def test_same_seed_same_weights_and_another_seed_other_weights(
    name: str, digits: tuple[DeviceImages, DeviceImages]
) -> None:
    states = []
    for seed in (1, 1, 2):
        recipe = replace(QUICK, seed=seed, epochs=1)
        states.append(build(name, recipe))
        assert run_training(make_job(digits, recipe), states[-1])
    assert same(states[0], states[1])
    assert not same(states[0], states[2])


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
@pytest.mark.parametrize("name", SAMPLED)
def test_the_weights_do_not_depend_on_the_number_of_threads(
    name: str, precision: str, digits: tuple[DeviceImages, DeviceImages], choose_threads: Callable[[int], None]
) -> None:
    states = []
    for threads in (1, 2, 3):
        choose_threads(threads)
        recipe = replace(QUICK, epochs=1, batch_size=48, shards=3)
        states.append(build(name, recipe))
        run_training(make_job(digits, recipe, precision=Precision(precision, "a test")), states[-1])
    assert same(states[0], states[1]) and same(states[0], states[2])
    assert without_times(states[0].history) == without_times(states[2].history)


@pytest.mark.parametrize("name", SAMPLED)
def test_stopped_and_resumed_is_as_never_stopped(
    name: str, digits: tuple[DeviceImages, DeviceImages], tmp_path: Path
) -> None:
    whole = build(name, QUICK)
    run_training(make_job(digits, QUICK), whole)
    file = tmp_path / "state.safetensors"
    # An epoch has five steps: within the first, at its last step, at its end, within the second.
    for number, stop_at in enumerate((1, 4, 5, 7)):
        state = build(name, QUICK)
        torch.manual_seed(999)
        if number:
            state.restore(file)
        stopped = make_job(digits, QUICK, should_stop=lambda state=state, stop_at=stop_at: state.step >= stop_at)
        assert run_training(stopped, state) is False
        assert state.step == stop_at
        state.save(file)
    last = build(name, QUICK)
    last.restore(file)
    assert run_training(make_job(digits, QUICK), last)
    assert same(whole, last)
    assert without_times(whole.history) == without_times(last.history)


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("schedule", SCHEDULES)
def test_every_optimizer_and_schedule_learns_and_resumes(
    optimizer: str, schedule: str, digits: tuple[DeviceImages, DeviceImages], tmp_path: Path
) -> None:
    rate = {"sgd": 0.05, "adadelta": 1.0}.get(optimizer, 2e-3)
    recipe = Recipe(epochs=4, batch_size=32, optimizer=optimizer, schedule=schedule, learning_rate=rate, beta2=0.9)
    whole, halves = build("lenet5", recipe), build("lenet5", recipe)
    run_training(make_job(digits, recipe), whole)
    assert whole.history[-1].train_loss < whole.history[0].train_loss
    run_training(make_job(digits, recipe, should_stop=lambda: halves.step >= 13), halves)
    halves.save(tmp_path / "s.safetensors")
    resumed = build("lenet5", recipe)
    resumed.restore(tmp_path / "s.safetensors")
    run_training(make_job(digits, recipe), resumed)
    assert same(whole, resumed)


def test_validating_does_not_change_the_training(digits: tuple[DeviceImages, DeviceImages]) -> None:
    with_val, without = build("dropout", QUICK), build("dropout", QUICK)
    run_training(make_job(digits, QUICK), with_val)
    run_training(make_job(digits, QUICK, val=None), without)
    assert same(with_val, without)
    assert without.history[0].val_loss is None


def test_early_stopping_ends_a_run_that_gets_no_better(digits: tuple[DeviceImages, DeviceImages]) -> None:
    # A rate so small that no weight changes: every epoch is as good as the first.
    recipe = replace(QUICK, epochs=10, patience=2, learning_rate=1e-12, schedule="constant", ema_decay=0.0)
    state = build("lenet5", recipe)
    assert run_training(make_job(digits, recipe), state)
    assert (state.best_epoch, len(state.history)) == (1, 3)
    assert state.losses == [state.losses[0]] * 3


def test_best_epoch_is_the_lowest_validation_loss(digits: tuple[DeviceImages, DeviceImages]) -> None:
    best: list[int] = []
    recipe = replace(QUICK, epochs=3)
    job = make_job(
        digits, recipe, epoch_done=lambda state, is_best: best.append(len(state.history)) if is_best else None
    )
    state = build("lenet5", recipe)
    run_training(job, state)
    losses = [record.val_loss for record in state.history if record.val_loss is not None]
    assert best[-1] == state.best_epoch == losses.index(min(losses)) + 1


def test_a_diverging_run_says_where_and_what_to_try(digits: tuple[DeviceImages, DeviceImages]) -> None:
    recipe = replace(QUICK, optimizer="sgd", learning_rate=1e20, schedule="constant", gradient_clip=0.0)
    with pytest.raises(NonFiniteLossError, match=r"at step \d+ \(epoch 1\)") as caught:
        run_training(make_job(digits, recipe), build("lenet5", recipe))
    assert "--lr" in (caught.value.hint or "")


class Recorder(TrainingEvents):
    def __init__(self) -> None:
        self.steps: list[StepReport] = []
        self.epochs: list[EpochRecord] = []

    def run_started(self, start: RunStart) -> None:
        raise AssertionError("the loop does not start runs")

    def step_done(self, report: StepReport) -> None:
        self.steps.append(report)

    def epoch_ended(self, record: EpochRecord, is_best: bool) -> None:
        self.epochs.append(record)


def test_reports_add_up(digits: tuple[DeviceImages, DeviceImages]) -> None:
    recorder = Recorder()
    run_training(make_job(digits, QUICK, events=recorder), build("lenet5", QUICK))
    assert [report.step for report in recorder.steps] == [5, 5]
    assert [record.epoch for record in recorder.epochs] == [1, 2]
    for report, record in zip(recorder.steps, recorder.epochs, strict=True):
        assert report.loss == record.train_loss
        assert 0 <= record.train_accuracy <= 1
        assert math.isfinite(record.images_per_second)


def test_outliers_are_learned_to_be_doubted(digits: tuple[DeviceImages, DeviceImages]) -> None:
    recipe = Recipe(epochs=12, batch_size=32, learning_rate=5e-3, outliers=0.5)
    doubts = []
    for each in (recipe, replace(recipe, outliers=0.0)):
        state, job = build("lenet5", each), make_job(digits, each)
        run_training(job, state)
        with torch.no_grad():
            logits = state.model.eval()(job.normalisation(digits[0].images.flip(2)))
        doubts.append(logits.softmax(dim=1).max(dim=1).values.median().item())
        # What is no digit counts neither as right nor as wrong.
        assert state.history[-1].train_accuracy > 0.9
    assert doubts[0] < 0.4 < 0.6 < doubts[1]
