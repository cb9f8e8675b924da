"""Showing a training while it runs, and its result."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.progress import Task

from mnistkit.numbers import mean_and_std, percentage
from mnistkit.reporting import console as consoles
from mnistkit.reporting.bar import Bar
from mnistkit.reporting.training.figure import CurvesWriter
from mnistkit.reporting.training.text import about_choices, about_data
from mnistkit.reporting.wrapping import TIE, print_text
from mnistkit.training.events import EpochRecord, RunEnd, RunStart, StepReport

if TYPE_CHECKING:
    from mnistkit.workflows.train import SeedsResult, TrainResult

_BLOCKS = "▁▂▃▄▅▆▇█"
_HEADINGS = ("epoch", "train loss", "acc", "val loss", "acc", "lr", "img/s", "time", "")
# With two spaces in between they fill 79 columns.
_WIDTHS = (5, 10, 8, 8, 8, 7, 7, 6, 4)
_TABLE_WIDTH = sum(_WIDTHS) + 2 * (len(_WIDTHS) - 1)


class TrainingDisplay(CurvesWriter):
    """On a terminal a bar for the running epoch above which finished epochs collect; else a line per epoch.

    Everything goes to standard error; standard output is for the result. At the end the curves are drawn.
    """

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or consoles.progress()
        self._bar = Bar(self._console, self._figures)
        self._start: RunStart | None = None
        self._has_shown_a_run = False

    def is_training(self) -> bool:
        """Say whether a run has started and not been measured yet."""
        return self._start is not None

    def run_started(self, start: RunStart) -> None:
        """Say what is about to happen."""
        self.close()
        self._start = start
        if self._has_shown_a_run:
            self._print("")
        self._has_shown_a_run = True
        sizes = about_data(start.train_size, start.val_size, start.test_size)
        self._print(f"{start.architecture} ({start.parameters:,} parameters) on {start.dataset}: {sizes}")
        for line in about_choices(start.preparation, start.preparation_reason, start.init, start.fitted):
            self._print(line)
        self._print(f"{start.device}, {start.precision} ({start.precision_reason}); seed {start.seed}")
        self._print(f"run folder: {start.folder}")
        if start.resumed_at_step:
            epoch, step = divmod(start.resumed_at_step, start.steps_per_epoch)
            self._print(f"resuming in epoch {epoch + 1} after step {step} of {start.steps_per_epoch}")
        if self._has_table:
            self._print(_row(_HEADINGS), style="bold")

    def epoch_started(self, epoch: int) -> None:
        """Show an empty bar."""
        if self._start is None or not consoles.can_move(self._console):
            return
        self.close()
        self._move_bar(epoch, 0)

    def step_done(self, report: StepReport) -> None:
        """Move the bar."""
        if consoles.can_move(self._console):
            self._move_bar(report.epoch, report.step, report)

    def epoch_ended(self, record: EpochRecord, is_best: bool) -> None:
        """Put the finished epoch above the bar, or print its line."""
        self.close()
        total = self._start.epochs if self._start else record.epoch
        if self._has_table:
            self._print(_row(_cells(record, total, is_best)))
        else:
            self._print(epoch_line(record, total, is_best))

    def run_measured(self, end: RunEnd) -> None:
        """Draw the curves."""
        self._start = None
        super().run_measured(end)

    def note(self, message: str) -> None:
        """Print a line."""
        self._print(message)

    def close(self) -> None:
        """Remove the bar, so that other output does not run into it."""
        self._bar.close()

    @property
    def _has_table(self) -> bool:
        """Whether epochs are rows of a table; where it has no room, or on a pipe, each names its figures."""
        return self._console.is_terminal and self._console.width >= _TABLE_WIDTH

    def _move_bar(self, epoch: int, step: int, report: StepReport | None = None) -> None:
        if self._start is not None:
            self._bar.move(f"{epoch}/{self._start.epochs}", step, self._start.steps_per_epoch, report=report)

    def _figures(self, task: Task) -> str:
        """Return loss and accuracy of the running epoch, and the speed where there is room."""
        report: StepReport | None = task.fields.get("report")
        if report is None:
            return "starting"
        figures = f"loss {report.loss:.4f}  acc {percentage(report.accuracy)}"
        speed = f"  {report.images_per_second:,.0f} img/s"
        return figures + (speed if self._console.width >= _TABLE_WIDTH else "")

    def _print(self, line: str, style: str | None = None) -> None:
        print_text(self._console, line, style, hang="  ")


def _cells(record: EpochRecord, total: int, is_best: bool) -> tuple[str, ...]:
    return (
        f"{record.epoch}/{total}",
        f"{record.train_loss:.4f}",
        percentage(record.train_accuracy),
        "-" if record.val_loss is None else f"{record.val_loss:.4f}",
        "-" if record.val_accuracy is None else percentage(record.val_accuracy),
        f"{record.learning_rate:.1e}",
        f"{record.images_per_second:,.0f}",
        clock(record.seconds),
        "best" if is_best and record.val_loss is not None else "",
    )


def _row(cells: Sequence[str]) -> str:
    return "  ".join(cell.rjust(width) for cell, width in zip(cells, _WIDTHS, strict=True)).rstrip()


def epoch_line(record: EpochRecord, total: int, is_best: bool) -> str:
    """Return a finished epoch as one line in which each figure has its name."""
    pairs = zip(_HEADINGS, _cells(record, total, is_best), strict=True)
    return "  ".join(f"{heading} {cell}".strip().replace(" ", TIE) for heading, cell in pairs if cell)


def clock(seconds: float) -> str:
    """Return a duration as people read it: ``9.3 s``, ``4:05``, ``1:02:03``."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def print_result(console: Console, result: TrainResult) -> None:
    """Print the figures of one finished run and where it lies."""
    metrics, history = result.metrics, result.history
    print_text(console, accuracy_line(metrics), "bold")
    if len(history) > 1:
        for label, values in _curves(history):
            line = sparkline([math.log(max(v, 1e-6)) for v in values])
            print_text(console, f"{label}  {line}  {values[0]:.3f} to {values[-1]:.3f}")
    kept = f"epoch {metrics['kept_epoch']} of {metrics['epochs']}"
    print_text(console, f"{metrics['split']}")
    print_text(console, f"kept {kept}; trained in {clock(metrics['train_seconds'])} on {metrics['device']}")
    print_text(console, f"checkpoint: {result.folder.model}")


def accuracy_line(metrics: Mapping[str, Any]) -> str:
    """Return the one line that matters: accuracy, errors, interval."""
    test = metrics["test"]
    low, high = test["interval"]
    return (
        f"test accuracy {percentage(test['top1'])} ({test['errors']} errors in {test['n']:,}; "
        f"95 % interval {percentage(low)} to {percentage(high)})"
    )


def _curves(history: Sequence[EpochRecord]) -> list[tuple[str, list[float]]]:
    curves = [("training loss  ", [record.train_loss for record in history])]
    if history[0].val_loss is not None:
        curves.append(("validation loss", [record.watched_loss for record in history]))
    return curves


def sparkline(values: Sequence[float]) -> str:
    """Return ``values`` as one line of bars, the lowest value the lowest bar.

    >>> sparkline([3.0, 2.0, 1.0])
    '█▅▁'
    """
    low, high = min(values), max(values)
    scale = (len(_BLOCKS) - 1) / (high - low) if high > low else 0.0
    return "".join(_BLOCKS[round((value - low) * scale)] for value in values)


def print_seeds(console: Console, result: SeedsResult) -> None:
    """Print each seed's accuracy and the mean and deviation over seeds."""
    for run in result.runs:
        print_text(console, f"seed {run.metrics['seed']}: {accuracy_line(run.metrics)}", hang="  ")
    print_text(console, over_seeds_line(result), "bold", hang="  ")


def over_seeds_line(result: SeedsResult) -> str:
    """Return the mean and deviation over seeds, and the interval of their pooled errors."""
    summary = result.summary
    low, high = summary["interval"]
    return (
        f"mean over {len(result.runs)} seeds: test accuracy {over_seeds(summary['top1'])} "
        f"(95 % interval of the pooled errors {percentage(low)} to {percentage(high)}), "
        f"top-2 {over_seeds(summary['top2'])}"
    )


def over_seeds(summary: Mapping[str, Any]) -> str:
    """Return the mean and deviation of a share as :func:`mnistkit.numbers.mean_and_std` does."""
    return mean_and_std(summary["mean"], summary["std"])
