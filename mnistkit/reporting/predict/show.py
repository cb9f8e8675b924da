"""Showing recognised pictures as they come: on standard output, as figures, and unreadable ones as errors."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from mnistkit.exceptions import PictureError
from mnistkit.inference.answers import Answer, Failure
from mnistkit.inference.read_ahead import PictureInput
from mnistkit.reporting import console
from mnistkit.reporting.predict.streams import make_stream
from mnistkit.reporting.progress import LoadProgress

if TYPE_CHECKING:
    from mnistkit.reporting.predict.figure import ExplanationFiles
    from mnistkit.workflows.predict import PredictRun


def show_results(run: PredictRun, form: str | None, explain: Path | None, progress: LoadProgress) -> int:
    """Recognise the pictures and show what comes of each.

    Args:
        run: The pictures.
        form: As :func:`make_stream` takes it.
        explain: File or folder for figures of the steps to the answers; None for none.
        progress: Its bar gives way to what is printed.

    Returns:
        How many of several pictures could not be read.

    Raises:
        UsageError: ``explain`` cannot be written to.
        MnistkitError: the only picture could not be read, or the model cannot be used.
    """
    files = None if explain is None else _explanation_files(explain, run)
    stream = make_stream(run, form, progress.close)
    failures = 0
    for result in run.results():
        if sys.stdout.isatty():
            # Rows for programs are written past the consoles, which would remove the bar.
            progress.close()
        if isinstance(result, Failure):
            if len(run.inputs) == 1:
                raise result.error
            failures += 1
            progress.close()
            # Without the hint: a line for each.
            console.show_error(PictureError(result.error.message))
        stream.add(result)
        if files is not None and isinstance(result, Answer):
            path = files.write(result)
            progress.close()
            console.note(f"wrote {path}")
    stream.close()
    return failures


def _explanation_files(explain: Path, run: PredictRun) -> ExplanationFiles:
    from mnistkit.reporting.predict.figure import ExplanationFiles

    return ExplanationFiles(explain, _names(run))


def _names(run: PredictRun) -> list[str]:
    return [each.name for each in run.inputs if isinstance(each, PictureInput)]
