"""Showing a training while it runs, and its result."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, Task, TextColumn, TimeRemainingColumn
from rich.table import Column
from rich.text import Text

from mnistkit.numbers import percent, percentage
from mnistkit.reporting import console as consoles
from mnistkit.reporting.training.figure import CurvesWriter
from mnistkit.training.events import EpochRecord, RunEnd, RunStart, StepReport

if TYPE_CHECKING:
    from mnistkit.workflows.train import SeedsResult, TrainResult

_BLOCKS = "▁▂▃▄▅▆▇█"
_HEADINGS = ("epoch", "train loss", "acc", "val loss", "acc", "lr", "img/s", "time", "")
# With two spaces in between they fill 79 columns.
_WIDTHS = (5, 10, 8, 8, 8, 7, 7, 6, 4)


class TrainingDisplay(CurvesWriter):
    """On a terminal a bar for the running epoch above which finished epochs collect; else a line per epoch.

    Everything goes to standard error; standard output is for the result. At the end the curves are drawn.
    """

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or consoles.progress()
        self._progress: Progress | None = None
        self._start: RunStart | None = None

    def is_training(self) -> bool:
        """Say whether a run has started and not been measured yet."""
        return self._start is not None

    def run_started(self, start: RunStart) -> None:
        """Say what is about to happen."""
        self.close()
        self._start = start
        sizes = f"{start.train_size:,} training"
        sizes += f" and {start.val_size:,} validation images" if start.val_size else " images, none held out"
        self._print(f"{start.architecture} ({start.parameters:,} parameters) on {start.dataset}: {sizes}")
        if start.preparation_reason:
            meaning = start.preparation.meaning
            self._print(f"preparation {start.preparation}: {meaning} ({start.preparation_reason})")
        self._print(f"{start.device}, {start.precision} ({start.precision_reason}); seed {start.seed}")
        self._print(f"run folder: {start.folder}")
        if start.resumed_at_step:
            epoch, step = divmod(start.resumed_at_step, start.steps_per_epoch)
            self._print(f"resuming in epoch {epoch + 1} after step {step} of {start.steps_per_epoch}")
        if self._console.is_terminal:
            self._print(_row(_HEADINGS), style="bold")

    def epoch_started(self, epoch: int) -> None:
        """Show an empty bar."""
        if self._start is None or not self._console.is_terminal:
            return
        self.close()
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=None),
            # The bar gives way, never the figures.
            _Figures(table_column=Column(no_wrap=True)),
            TimeRemainingColumn(compact=True),
            console=self._console,
            transient=True,
            expand=True,
        )
        self._progress.start()
        self._progress.add_task(f"{epoch}/{self._start.epochs}", total=self._start.steps_per_epoch)

    def step_done(self, report: StepReport) -> None:
        """Move the bar."""
        if self._progress is not None:
            self._progress.update(self._progress.task_ids[0], completed=report.step, report=report)

    def epoch_ended(self, record: EpochRecord, is_best: bool) -> None:
        """Put the finished epoch above the bar, or print its line."""
        self.close()
        total = self._start.epochs if self._start else record.epoch
        if self._console.is_terminal:
            self._print(_row(_cells(record, total, is_best)))
        else:
            self._print(_plain_line(record, total, is_best))

    def run_measured(self, end: RunEnd) -> None:
        """Draw the curves."""
        self._start = None
        super().run_measured(end)

    def note(self, message: str) -> None:
        """Print a line."""
        self._print(message)

    def close(self) -> None:
        """Remove the bar, so that other output does not run into it."""
        if self._progress is not None:
            self._progress.stop()
            self._progress = None

    def _print(self, line: str, style: str | None = None) -> None:
        self._console.print(line, style=style, soft_wrap=True)


class _Figures(ProgressColumn):
    """Loss, accuracy and speed of the running epoch."""

    def render(self, task: Task) -> Text:
        report: StepReport | None = task.fields.get("report")
        if report is None:
            return Text("starting")
        return Text(
            f"loss {report.loss:.4f}  acc {percentage(report.accuracy)}  {report.images_per_second:,.0f} img/s"
        )


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


def _plain_line(record: EpochRecord, total: int, is_best: bool) -> str:
    pairs = zip(_HEADINGS, _cells(record, total, is_best), strict=True)
    return "  ".join(f"{heading} {cell}".strip() for heading, cell in pairs if cell)


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
    console.print(accuracy_line(metrics), style="bold", soft_wrap=True)
    if len(history) > 1:
        for label, values in _curves(history):
            console.print(
                f"{label}  {sparkline([math.log(max(v, 1e-6)) for v in values])}  "
                f"{values[0]:.3f} to {values[-1]:.3f}",
                soft_wrap=True,
            )
    kept = f"epoch {metrics['kept_epoch']} of {metrics['epochs']}"
    console.print(f"{metrics['split']}", soft_wrap=True)
    console.print(
        f"kept {kept}; trained in {clock(metrics['train_seconds'])} on {metrics['device']}", soft_wrap=True
    )
    console.print(f"checkpoint: {result.folder.model}", soft_wrap=True)


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
        console.print(f"seed {run.metrics['seed']}: {accuracy_line(run.metrics)}", soft_wrap=True)
    summary = result.summary
    low, high = summary["interval"]
    console.print(
        f"mean over {len(result.runs)} seeds: test accuracy {mean_and_std(summary['top1'])} "
        f"(95 % interval of the pooled errors {percentage(low)} to {percentage(high)}), "
        f"top-2 {mean_and_std(summary['top2'])}",
        style="bold",
        soft_wrap=True,
    )


def mean_and_std(summary: Mapping[str, Any]) -> str:
    """Return a share over seeds as ``99.61 ± 0.04 %``; one seed shows no deviation."""
    if summary["std"] is None:
        return percentage(summary["mean"])
    return f"{percent(summary['mean'])} ± {100 * summary['std']:.2f} %"
