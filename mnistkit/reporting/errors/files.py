"""The files that errors can be written to.

Nothing heavy is imported before a file is written: suffixes are checked before torch and numpy are loaded.
"""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import TYPE_CHECKING

from mnistkit.reporting.documents import document_text
from mnistkit.reporting.figures import SUFFIXES
from mnistkit.reporting.names import escaped
from mnistkit.reporting.outputs import OutputFormats, as_text

if TYPE_CHECKING:
    from mnistkit.evaluation.results.errors import ErrorsResult

_COLUMNS = ("path", "index", "true", "predicted", "confidence", "margin", "loss", "note", "model", "group")


def to_csv(result: ErrorsResult) -> str:
    """Return comma-separated values: a line for each wrong prediction, probabilities at the end."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([*_COLUMNS, *(f"p({name})" for name in result.classes)])
    for section in result.to_json()["sections"]:
        for entry in section["misclassifications"]:
            values = {**entry, "path": escaped(entry["path"] or ""), "group": section["kind"]}
            writer.writerow([*(values[name] for name in _COLUMNS), *entry["probabilities"].values()])
    return text.getvalue()


def _to_html(result: ErrorsResult) -> str:
    from mnistkit.reporting.errors.page import to_html

    return to_html(result)


def _write_figure(result: ErrorsResult, path: Path) -> None:
    from mnistkit.reporting.errors.figure import write_errors_figure

    write_errors_figure(result, path)


FORMATS: OutputFormats[ErrorsResult] = OutputFormats(
    {
        **dict.fromkeys(SUFFIXES, _write_figure),
        ".html": as_text(_to_html),
        ".csv": as_text(to_csv),
        ".json": as_text(document_text),
    }
)
"""What ``mnistkit errors --out`` can write."""
