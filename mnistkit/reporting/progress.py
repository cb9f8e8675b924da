"""Progress of loading and of quick trainings: a bar on a terminal, a plain line now and then elsewhere."""

from __future__ import annotations

import time
from types import TracebackType
from typing import TYPE_CHECKING

from rich.console import Console

from mnistkit.data.base import LoadOptions
from mnistkit.preparation import AUTO
from mnistkit.reporting import console as consoles
from mnistkit.units import BYTES, STEPS

if TYPE_CHECKING:
    from rich.progress import Task

    from mnistkit.reporting.bar import Bar

# Shorter work needs no line on a pipe.
_QUIET_SECONDS = 2.0


class LoadProgress:
    """A context manager whose calls fit :attr:`mnistkit.data.base.LoadOptions.progress`.

    It appears with the first call and goes when all is done, when something else is printed, or when the block
    ends; a later call brings it back. Everything goes to standard error.
    """

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or consoles.progress()
        self._bar: Bar | None = None
        self._started = 0.0
        self._quarter = 0

    def __enter__(self) -> LoadProgress:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def options(self, *, skip_bad: bool = False, preparation: str = AUTO) -> LoadOptions:
        """Return how a dataset is read so that this shows how far it is, and warnings do not run into it."""
        return LoadOptions(skip_bad=skip_bad, preparation=preparation, progress=self, warn=self.warn)

    def __call__(self, done: int, total: int, unit: str) -> None:
        """Show that ``done`` of ``total`` are done; a ``total`` of 0 is unknown."""
        self._started = self._started or time.monotonic()
        if total and done >= total:
            # What follows may take its time; a full bar would say that this has not ended.
            self.close()
        if not consoles.can_move(self._console):
            self._print_quarter(done, total, unit)
        elif done < total or not total:
            self._shown_bar().move(_verb(unit), done, total, unit=unit)

    def warn(self, line: str) -> None:
        """Print a warning above the bar; fits :attr:`mnistkit.data.base.LoadOptions.warn`."""
        consoles.warn(line)

    def close(self) -> None:
        """Remove the bar."""
        if self._bar is not None:
            self._bar.close()

    def _shown_bar(self) -> Bar:
        if self._bar is None:
            # What is done at once shows none, and rich's bars take as long to import as a picture to recognise.
            from mnistkit.reporting.bar import Bar

            self._bar = Bar(self._console, _figures)
        return self._bar

    def _print_quarter(self, done: int, total: int, unit: str) -> None:
        quarter = 4 * done // total if total else 0
        is_long = unit == BYTES or time.monotonic() - self._started > _QUIET_SECONDS
        if quarter > self._quarter and is_long:
            self._console.print(f"{_verb(unit)} {_amount(done, total, unit)}", soft_wrap=True)
            self._quarter = quarter


def _figures(task: Task) -> str:
    return _amount(int(task.completed), int(task.total or 0), task.fields["unit"])


def _verb(unit: str) -> str:
    return {BYTES: "downloading", STEPS: "training"}.get(unit, "reading")


def _amount(done: int, total: int, unit: str) -> str:
    if unit == BYTES:
        from rich.filesize import decimal

        return f"{decimal(done)} of {decimal(total)}" if total else decimal(done)
    return f"{done:,} of {total:,} {unit}" if total else f"{done:,} {unit}"
