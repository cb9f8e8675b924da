"""What a training tells those who watch it."""

from __future__ import annotations

from dataclasses import dataclass

from mnistkit.preparation import Preparation
from mnistkit.runs import RunFolder


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
    """What a run is about to do.

    Why pictures are prepared as they are is empty where there was nothing to choose; so is how the recipe was
    fitted to few images (:mod:`mnistkit.training.small_data`) where it was not, and what the training starts from
    where that is new weights.
    """

    architecture: str
    parameters: int
    dataset: str
    preparation: Preparation
    preparation_reason: str
    train_size: int
    val_size: int
    test_size: int
    device: str
    precision: str
    precision_reason: str
    epochs: int
    steps_per_epoch: int
    seed: int
    folder: str
    resumed_at_step: int
    fitted: str = ""
    init: str = ""


@dataclass(frozen=True)
class RunEnd:
    """What a run has come to.

    Attributes:
        folder: Its files; all but ``metrics.json`` and what observers add are there.
        architecture: Name in the model registry.
        dataset: As it was asked for.
        seed: The run's seed.
        history: The finished epochs.
        chosen_epoch: The epoch whose weights were chosen, counted from 1; None where nothing was chosen.
        test_accuracy: Share of the test images that the kept weights get right.
    """

    folder: RunFolder
    architecture: str
    dataset: str
    seed: int
    history: tuple[EpochRecord, ...]
    chosen_epoch: int | None
    test_accuracy: float


@dataclass(frozen=True)
class StepReport:
    """Where the current epoch stands; loss and accuracy are means over the epoch so far."""

    epoch: int
    step: int
    loss: float
    accuracy: float
    images_per_second: float


class TrainingEvents:
    """Receives a training's events; this base ignores them all.

    Methods must not raise, but :meth:`run_measured`.
    """

    def run_started(self, start: RunStart) -> None:
        """Training is about to begin."""

    def epoch_started(self, epoch: int) -> None:
        """An epoch begins (counted from 1)."""

    def step_done(self, report: StepReport) -> None:
        """Some steps later; called now and then, not for every step."""

    def epoch_ended(self, record: EpochRecord, is_best: bool) -> None:
        """An epoch is over; ``is_best`` says whether its weights are the ones to keep so far."""

    def run_measured(self, end: RunEnd) -> None:
        """Training is over and its result measured; the place to add files to the run folder.

        Only then ``metrics.json`` is written, by which the run counts as finished.

        Raises:
            OutputError: a file cannot be written; the run stays unfinished.
        """

    def note(self, message: str) -> None:
        """Something the user should read, one line."""
