"""What ``mnistkit runs`` shows in the terminal: a row for each run."""

from __future__ import annotations

from pathlib import PurePath
from typing import TYPE_CHECKING

from rich.console import Console

from mnistkit.numbers import percent
from mnistkit.reporting import console as consoles
from mnistkit.reporting.tables import Table, print_table
from mnistkit.runs import default_run_path

if TYPE_CHECKING:
    from mnistkit.workflows.runs import RunEntry, RunList

_NUMBERS = ("epochs", "val %", "test %")
# In fewer columns nothing is said twice.
_WIDE = 100


def print_runs(console: Console, result: RunList) -> None:
    """Print a row for each run, and how to begin or go on where that is what is left to do."""
    if not result.runs:
        consoles.note(f"no runs in {result.folder}; 'mnistkit train' makes one")
        return
    headers = ("run", "state", *_NUMBERS, "changed", "model and data")
    rows = [_row(run, is_narrow=console.width < _WIDE) for run in result.runs]
    print_table(console, Table(headers, rows, numbers=_NUMBERS, paths=("run",)))
    unfinished = [run for run in result.runs if run.state == "unfinished"]
    if unfinished:
        consoles.note(f"to go on: mnistkit train --resume --out {unfinished[0].path}")


def _row(run: RunEntry, *, is_narrow: bool) -> tuple[str, ...]:
    planned = "?" if run.planned_epochs is None else str(run.planned_epochs)
    accuracies = ("" if share is None else percent(share) for share in (run.val_accuracy, run.test_accuracy))
    changed = run.changed[:16].replace("T", " ")
    return (run.name, run.state, f"{run.epochs}/{planned}", *accuracies, changed, _about(run, is_narrow=is_narrow))


def _about(run: RunEntry, *, is_narrow: bool) -> str:
    parts = [text for text in (run.problem, str(run.holder or "")) if text]
    if run.architecture is not None and not (is_narrow and _name_says_it(run)):
        parts.insert(0, f"{run.architecture} on {run.dataset}, seed {run.seed}{', full' if run.full else ''}")
    return "; ".join(parts)


def _name_says_it(run: RunEntry) -> bool:
    given = default_run_path(str(run.architecture), str(run.dataset), int(run.seed or 0), full=run.full)
    return PurePath(run.name).name == given.name
