"""A training told to plain functions, for those who call it from Python."""

from __future__ import annotations

from collections.abc import Callable

from mnistkit.reporting.training.figure import CurvesWriter
from mnistkit.training.events import EpochRecord, RunEnd, RunStart, StepReport, TrainingEvents
from mnistkit.units import STEPS


class Callbacks(CurvesWriter):
    """Tells functions and an observer how a training is going, and leaves the curves in its folder.

    Args:
        progress: Called with (done, total, "steps").
        announce: Called with one line that the user should read.
        observer: Is told every event.
    """

    def __init__(
        self,
        progress: Callable[[int, int, str], None],
        announce: Callable[[str], None],
        observer: TrainingEvents,
    ) -> None:
        self._progress, self._announce, self._observer = progress, announce, observer
        self._steps, self._total = 0, 0

    def run_started(self, start: RunStart) -> None:
        """Tell where it starts."""
        self._steps, self._total = start.steps_per_epoch, start.epochs * start.steps_per_epoch
        self._progress(start.resumed_at_step, self._total, STEPS)
        self._observer.run_started(start)

    def epoch_started(self, epoch: int) -> None:
        """Hand it on."""
        self._observer.epoch_started(epoch)

    def step_done(self, report: StepReport) -> None:
        """Tell how far it is."""
        self._progress((report.epoch - 1) * self._steps + report.step, self._total, STEPS)
        self._observer.step_done(report)

    def epoch_ended(self, record: EpochRecord, is_best: bool) -> None:
        """Tell how far it is."""
        self._progress(record.epoch * self._steps, self._total, STEPS)
        self._observer.epoch_ended(record, is_best)

    def run_measured(self, end: RunEnd) -> None:
        """Draw the curves.

        Raises:
            OutputError: the file cannot be written.
        """
        super().run_measured(end)
        self._observer.run_measured(end)

    def note(self, message: str) -> None:
        """Hand it on."""
        self._announce(message)
        self._observer.note(message)
