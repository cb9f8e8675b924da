"""Showing several trainings that run side by side, and what they gave."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, TaskID, TextColumn, TimeRemainingColumn
from rich.table import Column

from mnistkit.exceptions import MnistkitError
from mnistkit.numbers import counted, percentage
from mnistkit.reporting import console as consoles
from mnistkit.reporting.training.terminal import accuracy_line, clock, epoch_line, over_seeds_line
from mnistkit.reporting.wrapping import print_text
from mnistkit.training.events import EpochRecord, RunStart, StepReport, TrainingEvents
from mnistkit.workflows.train_jobs import Job, JobsEvents

if TYPE_CHECKING:
    from mnistkit.workflows.train import TrainResult
    from mnistkit.workflows.train_jobs import JobsResult

# In fewer columns a bar would leave no room for figures.
_BAR_WIDTH, _LOSS_WIDTH = 60, 80


class JobsDisplay(JobsEvents):
    """On a terminal a bar for each training that runs, above which lines of those that have ended collect.

    Elsewhere there is a line for each epoch, which begins with the training's name. Everything goes to standard
    error; standard output is for the result.
    """

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or consoles.progress()
        self._bars = _Bars(self._console) if consoles.can_move(self._console) else None

    def begun(self, jobs: Sequence[Job], side_by_side: int) -> None:
        """Say how many trainings there are."""
        at_once = f", {side_by_side} at a time" if side_by_side < len(jobs) else ""
        self.note(f"{counted(len(jobs), 'training')}{at_once}: {', '.join(job.name for job in jobs)}")

    def of(self, job: Job) -> TrainingEvents:
        """Return what shows a training."""
        return _JobLine(job.name, self, self._bars)

    def ended(self, job: Job, result: TrainResult) -> None:
        """Put a training's result above the bars."""
        metrics, how = result.metrics, "" if result.trained else "already finished: "
        self._close_bar(job)
        accuracy = f"test accuracy {percentage(metrics['test']['top1'])}"
        time = f" after {clock(metrics['train_seconds'])}" if result.trained else ""
        self.note(f"{job.name}: {how}{accuracy}{time}; {result.folder.path}")

    def failed(self, job: Job, error: MnistkitError) -> None:
        """Put an error above the bars, named after its training."""
        self._close_bar(job)
        message = type(error)(f"{job.name}: {error.message}", hint=error.hint)
        consoles.show_error(message)

    def note(self, line: str) -> None:
        """Print a line above the bars."""
        print_text(self._console, line, hang="  ")

    def close(self) -> None:
        """Remove the bars, so that other output does not run into them."""
        if self._bars:
            self._bars.hide()

    def _close_bar(self, job: Job) -> None:
        if self._bars:
            self._bars.remove(job.name)


class _JobLine(TrainingEvents):
    """Shows one of the trainings: as a bar, or as lines that begin with its name."""

    def __init__(self, name: str, display: JobsDisplay, bars: _Bars | None) -> None:
        self._name, self._display, self._bars = name, display, bars
        self._start: RunStart | None = None

    def run_started(self, start: RunStart) -> None:
        """Say what is trained and where, or show a bar."""
        self._start = start
        if self._bars:
            self._bars.show(self._name, start.resumed_at_step, start.epochs * start.steps_per_epoch)
        else:
            resumed = f", going on after step {start.resumed_at_step:,}" if start.resumed_at_step else ""
            self._display.note(
                f"{self._name}: {start.parameters:,} parameters, {start.device}, {start.precision}{resumed}; "
                f"{start.folder}"
            )

    def step_done(self, report: StepReport) -> None:
        """Move the bar."""
        if self._bars and self._start:
            done = (report.epoch - 1) * self._start.steps_per_epoch + report.step
            epoch = f"{report.epoch}/{self._start.epochs}"
            figures = f"loss {report.loss:.4f}  acc {percentage(report.accuracy)}"
            self._bars.move(self._name, done, epoch, figures)

    def epoch_ended(self, record: EpochRecord, is_best: bool) -> None:
        """Print the epoch's line where there are no bars."""
        if not self._bars and self._start:
            self._display.note(f"{self._name}: {epoch_line(record, self._start.epochs, is_best)}")

    def note(self, message: str) -> None:
        """Print a line that begins with the training's name."""
        self._display.note(f"{self._name}: {message}")


@dataclass
class _State:
    """Where a training stands."""

    total: int
    done: int
    epoch: str = ""
    figures: str = "starting"


class _Bars:
    """The bars of all trainings that run.

    What is printed on their console appears above them. When something is printed on another one, they go and come
    back with the next move.
    """

    def __init__(self, console: Console) -> None:
        self._console = console
        self._states: dict[str, _State] = {}
        self._tasks: dict[str, TaskID] = {}
        self._progress: Progress | None = None

    def show(self, name: str, done: int, total: int) -> None:
        """Add a bar."""
        self._states[name] = _State(total, done)
        self._draw(name)

    def move(self, name: str, done: int, epoch: str, figures: str) -> None:
        """Move a bar."""
        state = self._states[name]
        state.done, state.epoch, state.figures = done, epoch, figures
        self._draw(name)

    def remove(self, name: str) -> None:
        """Take a bar away."""
        self._states.pop(name, None)
        task = self._tasks.pop(name, None)
        if self._progress and task is not None:
            self._progress.remove_task(task)

    def hide(self) -> None:
        """Remove all bars from the screen until one moves."""
        if self._progress:
            progress, self._progress = self._progress, None
            self._tasks.clear()
            progress.stop()

    def _draw(self, name: str) -> None:
        if self._progress is None:
            consoles.bar_shown(self._console, self.hide)
            # A new one each time: what stood on the screen before is not to be drawn over.
            self._progress = self._new()
            self._progress.start()
        for each, state in self._states.items():
            values: dict[str, Any] = {"completed": state.done, "epoch": state.epoch, "figures": state.figures}
            if each not in self._tasks:
                self._tasks[each] = self._progress.add_task(each, total=state.total, **values)
            elif each == name:
                self._progress.update(self._tasks[each], **values)

    def _new(self) -> Progress:
        def column(text: str) -> TextColumn:
            return TextColumn(text, table_column=Column(no_wrap=True))

        columns: list[ProgressColumn] = [column("{task.description}"), column("{task.fields[epoch]}")]
        has_bars = self._console.width >= _BAR_WIDTH
        if has_bars:
            columns.append(BarColumn(bar_width=None))
        if self._console.width >= _LOSS_WIDTH:
            columns.append(column("{task.fields[figures]}"))
        return Progress(
            *columns,
            TimeRemainingColumn(compact=True),
            console=self._console,
            transient=True,
            expand=has_bars,
            redirect_stdout=False,
            redirect_stderr=False,
        )


def print_jobs(console: Console, result: JobsResult) -> None:
    """Print each training's accuracy, and for each architecture with several seeds the mean over them."""
    for run in result.runs:
        name, seed = run.metrics["architecture"], run.metrics["seed"]
        print_text(console, f"{name} seed {seed}: {accuracy_line(run.metrics)}", hang="  ")
    for name, group in result.groups.items():
        if len(group.runs) > 1:
            print_text(console, f"{name}, {over_seeds_line(group)}", "bold", hang="  ")
