"""What is said first of models that were run on a split, in the same words everywhere."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from mnistkit.data.base import ALL
from mnistkit.evaluation.results.base import SplitResult
from mnistkit.numbers import counted, percentage
from mnistkit.reporting.letters import letter
from mnistkit.reporting.names import escaped


def data_title(dataset: str, split: str) -> str:
    """Return a dataset's name or folder and its split in words: "mnist, test split"."""
    return f"{escaped(dataset)}, {'all splits' if split == ALL else f'{split} split'}"


def data_headline(result: SplitResult) -> str:
    """Return on what models were run, and how many images that are."""
    return f"{data_title(result.dataset, result.split)}: {counted(result.n, 'image')}"


def headline(result: SplitResult, models: Sequence[str]) -> str:
    """Return which models were run, given by their names, on what, and how many images."""
    return f"{' and '.join(map(escaped, models))} on {data_headline(result)}"


def accuracies(result: SplitResult, models: Sequence[tuple[str, int]]) -> Iterator[str]:
    """Yield accuracy and number of errors of each model, given by its name and that number."""
    for place, (name, errors) in enumerate(models):
        start = f"{letter(place)}  {escaped(name)}: " if len(models) > 1 else ""
        yield f"{start}accuracy {percentage((result.n - errors) / result.n)}, {counted(errors, 'error')}"
