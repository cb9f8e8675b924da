"""The training loop: one for every architecture, dataset and objective."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field, replace

import torch
from torch import Tensor, nn
from torch.nn import functional

from mnistkit.data.batches import DeviceImages, Normalisation, shuffled_batches, steps_per_epoch
from mnistkit.device import Precision
from mnistkit.exceptions import NonFiniteLossError
from mnistkit.inference.logits import predict_logits
from mnistkit.recipe import Augmentation, Recipe
from mnistkit.threads import one_thread_an_operation
from mnistkit.training.events import EpochRecord, StepReport, TrainingEvents
from mnistkit.training.inputs import training_inputs
from mnistkit.training.lessons import Lesson, LessonStoppedError
from mnistkit.training.objectives.base import Objective
from mnistkit.training.schedules import learning_rate, should_stop_early
from mnistkit.training.seeds import augmentation_generator, order_generator
from mnistkit.training.shards import Shards, add_up, part, shard_count
from mnistkit.training.state import EpochSums, TrainingState

# Reading a figure back from a GPU waits for it, so it is done only once in this many steps.
_REPORT_EVERY = 10
_UNCHANGED = Augmentation()


@dataclass(frozen=True)
class TrainingJob:
    """What to train on, and how.

    Attributes:
        recipe: Every number of the training.
        train: The training images.
        val: The validation images; None trains without any choice.
        normalisation: Turns pixels into the model's input.
        objective: What is minimised; it has been set up.
        precision: Arithmetic of the training's forward passes; validation computes in fp32, as all inference does.
        events: Is told what happens.
        epoch_done: Called after each epoch with whether it is the best so far; the place to save.
        should_stop: Asked after each step; True ends the training there.
    """

    recipe: Recipe
    train: DeviceImages
    val: DeviceImages | None
    normalisation: Normalisation
    objective: Objective
    precision: Precision
    events: TrainingEvents = field(default_factory=TrainingEvents)
    epoch_done: Callable[[TrainingState, bool], None] = lambda state, is_best: None
    should_stop: Callable[[], bool] = lambda: False

    @property
    def steps_per_epoch(self) -> int:
        """Steps in an epoch."""
        return steps_per_epoch(len(self.train), self.recipe.batch_size)


def run_training(job: TrainingJob, state: TrainingState) -> bool:
    """Train from ``state`` to the end of the recipe, changing ``state`` in place.

    Returns:
        Whether the end was reached; False when ``should_stop`` ended it.

    Raises:
        NonFiniteLossError: the loss became NaN or infinite.
    """
    recipe = job.recipe
    state.model.train()
    shards = Shards(state.model, _shard_count(job), recipe.seed)
    with one_thread_an_operation() if _on_cpu(job) else nullcontext():
        while len(state.history) < recipe.epochs and not should_stop_early(state.losses, recipe.patience):
            job.events.epoch_started(len(state.history) + 1)
            if not _train_epoch(job, state, shards):
                return False
            _finish_epoch(job, state)
    return True


def _on_cpu(job: TrainingJob) -> bool:
    return job.train.images.is_cpu


def _shard_count(job: TrainingJob) -> int:
    """Return into how many shards each batch is cut: an accelerator takes it whole."""
    batch_size = min(job.recipe.batch_size, len(job.train))
    return shard_count(batch_size, job.recipe.shards) if _on_cpu(job) else 1


def _train_epoch(job: TrainingJob, state: TrainingState, shards: Shards) -> bool:
    epoch, steps = len(state.history), job.steps_per_epoch
    start = state.step - epoch * steps
    order = order_generator(job.recipe.seed, epoch)
    # What a lesson takes is a part of the epoch's time.
    watch = _Watch(job, state)
    try:
        lesson = job.objective.lesson(job.train, epoch, job.events.note, job.should_stop)
    except LessonStoppedError:
        return False
    for places in shuffled_batches(job.train, job.recipe.batch_size, order, start=start):
        batch = _batch(job, state, places, lesson)
        watch.add(*_train_step(job, state, shards, batch), len(places))
        if job.should_stop():
            watch.report()
            return False
    watch.report()
    return True


@dataclass(frozen=True)
class _Batch:
    """What a step learns from.

    Attributes:
        pixels: uint8 tensor of shape (n, 1, 28, 28).
        labels: int64 tensor of shape (n,).
        answers: What teachers answer to the pixels, of shape (n, teachers, classes); None without a lesson.
        augmentation: How the pixels are to be changed.
    """

    pixels: Tensor
    labels: Tensor
    answers: Tensor | None
    augmentation: Augmentation

    def shard(self, number: int, count: int) -> _Batch:
        """Return the shard ``number`` of ``count``."""
        answers = None if self.answers is None else part(self.answers, number, count)
        pixels, labels = (part(each, number, count) for each in (self.pixels, self.labels))
        return replace(self, pixels=pixels, labels=labels, answers=answers)


def _batch(job: TrainingJob, state: TrainingState, places: Tensor, lesson: Lesson | None) -> _Batch:
    """Return the images at ``places`` for the next step: those of a lesson are changed already."""
    augmentation, labels, answers = job.recipe.augmentation, job.train.labels[places], None
    if lesson is None:
        pixels = job.train.images[places]
    else:
        share = augmentation.share(_progress(job, state))
        pixels, answers = lesson.batch(job.train.images, places, share)
        augmentation = _UNCHANGED
    pixels, labels = job.objective.extend_batch(pixels, labels, state.step)
    return _Batch(pixels, labels, answers, augmentation)


def _progress(job: TrainingJob, state: TrainingState) -> float:
    return state.step / (job.recipe.epochs * job.steps_per_epoch)


def _train_step(job: TrainingJob, state: TrainingState, shards: Shards, batch: _Batch) -> tuple[Tensor, Tensor]:
    """Take one optimizer step and return its loss and its number of right answers, still on the device."""
    recipe, optimizer, scaler = job.recipe, state.optimizer, state.scaler
    progress = _progress(job, state)

    def compute(number: int, model: nn.Module) -> tuple[Sequence[Tensor | None], Tensor, Tensor]:
        """Return a shard's gradients, its part of the loss and its number of right answers."""
        own = batch.shard(number, len(shards))
        generator = augmentation_generator(recipe.seed, state.step, number)
        inputs = training_inputs(own.pixels, job.normalisation, own.augmentation, generator, progress=progress)
        with job.precision.autocast(inputs.device):
            loss, logits = job.objective(model, inputs, own.labels, own.answers)
        loss = loss * (len(own.labels) / len(batch.labels))
        gradients = torch.autograd.grad(scaler.scale(loss), optimizer.parameters, allow_unused=True)
        return gradients, loss.detach(), (logits.detach().argmax(dim=1) == own.labels).sum()

    gradients, losses, correct = zip(*shards.compute(state.step, compute), strict=True)
    for parameter, gradient in zip(optimizer.parameters, add_up(gradients), strict=True):
        parameter.grad = gradient
    optimizer.learning_rate = learning_rate(recipe, state.step, job.steps_per_epoch, state.losses)
    # GradScaler asks no more of an optimizer than param_groups and step().
    scaler.unscale_(optimizer)  # type: ignore[arg-type]
    optimizer.clip_gradients(recipe.gradient_clip)
    scaler.step(optimizer)  # type: ignore[arg-type]
    scaler.update()
    if state.average is not None:
        state.average.update_parameters(state.model)
    state.step += 1
    return torch.stack(losses).sum(), torch.stack(correct).sum()


class _Watch:
    """Sums up an epoch's figures, reading them from the device only now and then, and checks the loss."""

    def __init__(self, job: TrainingJob, state: TrainingState) -> None:
        self._job, self._state = job, state
        self._pending: list[tuple[Tensor, Tensor, int]] = []
        self._since = time.perf_counter()

    def add(self, loss: Tensor, correct: Tensor, count: int) -> None:
        """Note one step."""
        self._pending.append((loss, correct, count))
        if len(self._pending) == _REPORT_EVERY:
            self.report()

    def report(self) -> None:
        """Add the pending steps to the sums and tell how the epoch stands."""
        if not self._pending:
            return
        losses = torch.stack([loss for loss, _, _ in self._pending]).tolist()
        self._check_finite(losses)
        counts = [count for _, _, count in self._pending]
        sums = self._state.sums
        sums.loss += sum(loss * count for loss, count in zip(losses, counts, strict=True))
        sums.correct += int(torch.stack([correct for _, correct, _ in self._pending]).sum())
        sums.seen += sum(counts)
        now = time.perf_counter()
        sums.seconds += now - self._since
        self._since, self._pending = now, []
        epoch, steps = len(self._state.history), self._job.steps_per_epoch
        self._job.events.step_done(
            StepReport(
                epoch + 1,
                self._state.step - epoch * steps,
                sums.loss / sums.seen,
                sums.correct / sums.seen,
                sums.seen / max(sums.seconds, 1e-9),
            )
        )

    def _check_finite(self, losses: list[float]) -> None:
        for i, loss in enumerate(losses):
            if not math.isfinite(loss):
                step = self._state.step - len(losses) + i + 1
                epoch = (step - 1) // self._job.steps_per_epoch + 1
                raise NonFiniteLossError(
                    f"the loss became {loss} at step {step} (epoch {epoch}); training stopped",
                    hint="try a lower --lr, --set gradient_clip=1, or --precision fp32",
                )


def _finish_epoch(job: TrainingJob, state: TrainingState) -> None:
    sums, state.sums = state.sums, EpochSums()
    record = EpochRecord(
        epoch=len(state.history) + 1,
        train_loss=sums.loss / sums.seen,
        train_accuracy=sums.correct / sums.seen,
        val_loss=None,
        val_accuracy=None,
        learning_rate=learning_rate(job.recipe, state.step - 1, job.steps_per_epoch, state.losses),
        seconds=sums.seconds,
        images_per_second=sums.seen / max(sums.seconds, 1e-9),
    )
    if job.val is not None:
        loss, accuracy = _validate(job, state, job.val)
        record = replace(record, val_loss=loss, val_accuracy=accuracy)
    state.history.append(record)
    is_best = job.recipe.selection == "last" or state.best_epoch == len(state.history)
    job.epoch_done(state, is_best)
    job.events.epoch_ended(record, is_best)


def _validate(job: TrainingJob, state: TrainingState, val: DeviceImages) -> tuple[float, float]:
    logits = predict_logits(
        state.evaluated_model,
        val.images,
        job.normalisation,
        batch_size=job.recipe.eval_batch_size,
    )
    loss = functional.cross_entropy(logits, val.labels).item()
    if not math.isfinite(loss):
        raise NonFiniteLossError(
            f"the validation loss became {loss} in epoch {len(state.history) + 1}; training stopped",
            hint="try a lower --lr, --set gradient_clip=1, or --precision fp32",
        )
    return loss, (logits.argmax(dim=1) == val.labels).float().mean().item()
