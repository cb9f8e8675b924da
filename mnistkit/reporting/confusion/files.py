"""The files that a confusion matrix can be written to.

Nothing heavy is imported before a file is written: suffixes are checked before torch and numpy are loaded.
"""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import TYPE_CHECKING

from mnistkit.reporting.documents import document_text
from mnistkit.reporting.figures import SUFFIXES
from mnistkit.reporting.outputs import OutputFormats, as_text

if TYPE_CHECKING:
    from mnistkit.evaluation.results.confusion import ConfusionResult


def to_csv(result: ConfusionResult) -> str:
    r"""Return the matrix, or the difference of two, as comma-separated values.

    The first line holds the predicted classes, the first column the true ones; a left-out diagonal is empty.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["true\\predicted", *result.classes])
    for name, row in zip(result.classes, result.shown(result.values), strict=True):
        writer.writerow([name, *row])
    return text.getvalue()


def _to_html(result: ConfusionResult) -> str:
    from mnistkit.reporting.confusion.page import to_html

    return to_html(result)


def _write_figure(result: ConfusionResult, path: Path) -> None:
    from mnistkit.reporting.confusion.figure import write_heat_map

    write_heat_map(result, path)


FORMATS: OutputFormats[ConfusionResult] = OutputFormats(
    {
        **dict.fromkeys(SUFFIXES, _write_figure),
        ".html": as_text(_to_html),
        ".csv": as_text(to_csv),
        ".json": as_text(document_text),
    }
)
"""What ``mnistkit confusion --out`` can write."""
