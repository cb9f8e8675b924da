"""A confusion matrix as a web page of its own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from mnistkit.evaluation.results.confusion import ConfusionResult
from mnistkit.reporting.colours import DIAGONAL, Scale, error_colour, errors, text_colour
from mnistkit.reporting.confusion import text
from mnistkit.reporting.pages import render


@dataclass(frozen=True)
class _Cell:
    """One cell of the matrix; where ``text`` is empty, there is nothing to count."""

    text: str
    title: str
    colour: str
    is_wrong: bool

    @property
    def text_colour(self) -> str:
        return text_colour(self.colour)


@dataclass(frozen=True)
class _Row:
    """One line of the table; a cell that is left out is None."""

    name: str
    cells: tuple[_Cell | None, ...]
    margin: tuple[Any, ...]


def to_html(result: ConfusionResult) -> str:
    """Return the page: the table in colour, and the most confused pairs; resting on a cell tells what it is."""
    counts = result.models[0].counts
    precision = {"precision": text.class_shares(result, "precision", 1)}
    totals = {} if result.is_difference else {"total": [*counts.sum(axis=0).tolist(), result.n]}
    rows = list(_rows(result))
    sums = {**totals, **precision}
    in_columns = [*_texts(rows), *(str(value) for values in sums.values() for value in values)]
    return render(
        "confusion",
        title=text.headline(result),
        accuracies=list(text.accuracies(result)),
        reading=list(text.reading(result, coloured=True)),
        classes=result.classes,
        margin=["recall"] if result.is_difference else ["total", "recall"],
        rows=rows,
        sums=sums,
        widest=max(map(len, in_columns)),
        verdict=text.verdict(result),
        pairs=text.pair_lines(result),
    )


def _texts(rows: Sequence[_Row]) -> Iterator[str]:
    yield from (cell.text for row in rows for cell in row.cells if cell)


def _rows(result: ConfusionResult) -> Iterator[_Row]:
    recall = text.class_shares(result, "recall", 1)
    totals = result.models[0].counts.sum(axis=1).tolist()
    for i, (name, cells) in enumerate(zip(result.classes, _cells(result), strict=True)):
        yield _Row(name, tuple(cells), (recall[i],) if result.is_difference else (totals[i], recall[i]))


def _cells(result: ConfusionResult) -> Iterator[list[_Cell | None]]:
    values, wrong = result.values, errors(result)
    scale, decimals = Scale.of(result), text.decimals_of(result)
    for i, true in enumerate(result.classes):
        row: list[_Cell | None] = []
        for j, predicted in enumerate(result.classes):
            if i == j and result.errors_only:
                row.append(None)
                continue
            colour = error_colour(wrong[i, j], scale) if wrong[i, j] else DIAGONAL
            shown = text.cell(result, float(values[i, j]), decimals)
            row.append(_Cell(shown, f"{true} read as {predicted}", colour, is_wrong=i != j))
        yield row
