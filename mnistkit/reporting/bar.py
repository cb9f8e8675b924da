"""The progress bar on a terminal: one at a time, gone when its work is done or when something else is printed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, Task, TextColumn, TimeRemainingColumn
from rich.table import Column
from rich.text import Text

from mnistkit.reporting import console as consoles


class Bar:
    """A bar that appears when it is moved, and comes back with its next move after something else was printed.

    Args:
        console: Where it stands; one that :func:`mnistkit.reporting.console.can_move` says yes to.
        figures: Returns what is shown beside it; on a narrow screen the bar gives way, never the figures.
    """

    def __init__(self, console: Console, figures: Callable[[Task], str]) -> None:
        self._console = console
        self._figures = figures
        self._progress: Progress | None = None

    def move(self, description: str, done: int, total: int, **figures: Any) -> None:
        """Show that ``done`` of ``total`` are done; a ``total`` of 0 is unknown."""
        if self._progress is None:
            self._open()
        assert self._progress is not None
        values = {"description": description, "completed": done, "total": total or None, **figures}
        if self._progress.task_ids:
            self._progress.update(self._progress.task_ids[0], **values)
        else:
            self._progress.add_task(**values)

    def close(self) -> None:
        """Remove the bar."""
        if self._progress is not None:
            progress, self._progress = self._progress, None
            progress.stop()

    def _open(self) -> None:
        consoles.bar_shown(self._console, self.close)
        name = TextColumn("{task.description}", table_column=Column(no_wrap=True))
        columns = (name, BarColumn(bar_width=None), _Figures(self._figures), TimeRemainingColumn(compact=True))
        # What is written to standard output must get there, whatever stands on standard error.
        self._progress = Progress(
            *columns,
            console=self._console,
            transient=True,
            expand=True,
            redirect_stdout=False,
            redirect_stderr=False,
        )
        self._progress.start()


class _Figures(ProgressColumn):
    def __init__(self, text: Callable[[Task], str]) -> None:
        super().__init__(table_column=Column(no_wrap=True))
        self._text = text

    def render(self, task: Task) -> Text:
        return Text(self._text(task))
