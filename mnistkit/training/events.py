"""What a training tells those who watch it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class EpochRecord:
    """One finished epoch.

    Losses are mean cross-entropies in nats, accuracies fractions of 1. The training figures are taken while the
    weights change and on augmented images; they are no measure of the final model. Without validation images
    (``--full``) the validation figures are None.
    """

    epoch: int
    train_loss: float
    train_accuracy: float
    val_loss: float | None
    val_accuracy: float | None
    learning_rate: float
    seconds: float
    images_per_second: float

    @property
    def watched_loss(self) -> float:
        """The loss that schedules, early stopping and selection look at."""
        return self.train_loss if self.val_loss is None else self.val_loss


@dataclass(frozen=True)
class RunStart:
    """What a run is about to do."""

    architecture: str
    parameters: int
    dataset: str
    train_size: int
    val_size: int
    device: str
    precision: str
    precision_reason: str
    epochs: int
    steps_per_epoch: int
    seed: int
    folder: str
    resumed_at_step: int


@dataclass(frozen=True)
class StepReport:
    """Where the current epoch stands; loss and accuracy are means over the epoch so far."""

    epoch: int
    step: int
    loss: float
    accuracy: float
    images_per_second: float


class TrainingEvents:
    """Receives a training's events; this base ignores them all. Methods must not raise."""

    def run_started(self, start: RunStart) -> None:
        """Training is about to begin."""

    def epoch_started(self, epoch: int) -> None:
        """An epoch begins (counted from 1)."""

    def step_done(self, report: StepReport) -> None:
        """Some steps later; called now and then, not for every step."""

    def epoch_ended(self, record: EpochRecord, is_best: bool) -> None:
        """An epoch is over; ``is_best`` says whether its weights are the ones to keep so far."""

    def note(self, message: str) -> None:
        """Something the user should read, one line."""
