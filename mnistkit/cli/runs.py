"""``mnistkit runs``: what was trained, how good it is, and what is not finished."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mnistkit.cli.help import examples
from mnistkit.cli.options import Json

RunsFolder = Annotated[
    Path | None,
    typer.Argument(metavar="FOLDER", help="Folder of runs, with all below it; or one run's.", show_default="runs"),
]


@examples(
    ("mnistkit runs", "the last one first"),
    ("mnistkit runs /data/experiments", "those of another folder"),
    ("mnistkit runs --json", "for a program"),
)
def runs(folder: RunsFolder = None, as_json: Json = False) -> None:
    """List the runs with their accuracy and state.

    A run is finished, unfinished ('mnistkit train --resume' goes on with it), running (a process trains there now)
    or damaged. The validation accuracy of an unfinished run is that of the weights kept so far.
    """
    from mnistkit.reporting.outputs import Output
    from mnistkit.reporting.runs import print_runs
    from mnistkit.workflows.runs import list_runs

    Output(as_json=as_json).show(list_runs(folder), print_runs)
