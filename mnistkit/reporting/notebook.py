"""Results as pictures for a notebook: what their commands write with ``--out`` and ``--explain``."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import replace
from functools import singledispatch
from pathlib import Path

from mnistkit.evaluation.results.confusion import ConfusionResult
from mnistkit.evaluation.results.errors import ErrorsResult
from mnistkit.imaging.prepared import Step
from mnistkit.inference.answers import Answer
from mnistkit.reporting.confusion.figure import write_heat_map
from mnistkit.reporting.errors.figure import write_errors_figure
from mnistkit.reporting.predict.figure import write_explanation
from mnistkit.workflows.train import TrainResult


@singledispatch
def png(result: object) -> bytes | None:
    """Return a result as a PNG; None for one of which there is no figure.

    Raises:
        OutputError: there is no room for temporary files.
    """
    return None


@png.register
def _(result: ConfusionResult) -> bytes:
    return _written(lambda path: write_heat_map(result, path))


@png.register
def _(result: ErrorsResult) -> bytes:
    return _written(lambda path: write_errors_figure(result, path))


@png.register
def _(result: Answer) -> bytes:
    picture = result.picture
    if not picture.steps:
        # Without its steps there is still what the model was given.
        picture = picture._replace(steps=(Step("tile", "what the model is given", picture.tile),))
    return _written(lambda path: write_explanation(path, replace(result, picture=picture)))


@png.register
def _(result: TrainResult) -> bytes | None:
    curves = result.folder.curves
    return curves.read_bytes() if curves.is_file() else None


def _written(write: Callable[[Path], None]) -> bytes:
    """Return the content of the file that ``write`` makes; it is taken from there so that it is the very same."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "figure.png")
        write(path)
        return path.read_bytes()
