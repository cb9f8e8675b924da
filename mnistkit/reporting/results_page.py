"""Measured rows as tables in Markdown: the short one of the README, and the page with all there is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from mnistkit.numbers import mean_and_std, percentage
from mnistkit.workflows.models import ModelEntry, ModelList
from mnistkit.zoo import MeasuredRow, PublishedFigure

_NOT_MEASURED = "not measured"
_EPOCHS = "epochs"


def readme_table(result: ModelList) -> str:
    """Return the table of all recipes and classical methods: accuracy, seeds and interval."""
    rows: list[tuple[str, ...]] = [
        (
            f"`{title}`",
            f"{entry.parameters:,}",
            str(epochs),
            *_figures(row),
            ", ".join(figure.said for figure in entry.published) if is_first else "",
        )
        for entry in result.models
        for title, epochs, row, is_first in _recipes(entry)
    ]
    rows += [(row.title, "", "", *_figures(row), "") for row in result.classical]
    headers = ("model", "parameters", _EPOCHS, "test accuracy", "seeds", "95 % interval", "published")
    return _table(headers, rows)


def results_page(result: ModelList) -> str:
    """Return a page that holds every row with all that reproduces it, and what others report."""
    rows = [*(row for entry in result.models for row in entry.measured), *result.classical]
    parts = [
        "# Results on MNIST\n",
        "Written by `python docs/generate.py` from `mnistkit/tables/measured.json`, into which `mnistkit models\n"
        "record RUN...` puts what finished runs gave; do not edit it. `mnistkit models --json` has all of it.\n",
        "Each figure is over seeds 0, 1, 2, ..., fixed beforehand. Whatever was chosen was chosen on the same\n"
        "5,000 of the 60,000 training images; the 10,000 test images were read once for each seed, afterwards.\n"
        "The intervals are Wilson's of the errors of all seeds together.\n",
        _details(rows),
        "## Of each seed, and the command\n",
        *[_about(row) for row in rows],
        "## As others report\n",
        "Mostly the best test epoch of one run, which is no fair comparison with a mean over seeds that was\n"
        "selected without the test images.\n",
        _published(result.all_published),
    ]
    return "\n".join(parts)


def _recipes(entry: ModelEntry) -> Iterator[tuple[str, int, MeasuredRow | None, bool]]:
    """Yield title, epochs and row of each recipe and each teacher, and whether it is the first."""
    for place, recipe in enumerate(entry.recipes):
        title = entry.name if not place else f"{entry.name} ({recipe.name})"
        yield title, recipe.epochs, recipe.measured, not place
    for row in entry.taught:
        yield row.title, row.epochs or 0, row, False


def _figures(row: MeasuredRow | None) -> tuple[str, str, str]:
    if row is None:
        return _NOT_MEASURED, "", ""
    return mean_and_std(row.mean, row.std), str(row.n), _interval(row)


def _interval(row: MeasuredRow) -> str:
    low, high = row.interval
    return f"{percentage(low)} to {percentage(high)}"


def _details(rows: Sequence[MeasuredRow]) -> str:
    headers = ("model", "parameters", "bytes", "MACs", _EPOCHS, "n", "mean ± std", "range", "interval", "top-2")
    cells = [
        (
            row.title,
            _number(row.parameters),
            _number(row.bytes),
            _number(row.macs),
            _number(row.epochs),
            str(row.n),
            mean_and_std(row.mean, row.std),
            f"{percentage(row.min)} to {percentage(row.max)}",
            _interval(row),
            "" if row.top2_mean is None else mean_and_std(row.top2_mean, row.top2_std),
        )
        for row in rows
    ]
    return _table(headers, cells)


def _about(row: MeasuredRow) -> str:
    """Return a paragraph about how a row was measured."""
    unit = "s an epoch" if row.kind == "network" else "s in all"
    kept = {"best": "weights of the best validation loss", "last": "last weights"}.get(
        row.selection, row.selection
    )
    early = (
        f", after {_listed(row.epochs_run)} epochs" if row.epochs_run and {*row.epochs_run} != {row.epochs} else ""
    )
    versions = ", ".join(f"{name} {version}" for name, version in row.versions.items())
    return (
        f"**{row.title}**: {_listed(row.errors)} errors, {kept}{early}; {row.seconds_per_epoch:g} {unit} on "
        f"{row.device}, {row.precision}; {versions}; {row.date}.  \n`{row.command}`\n"
    )


def _listed(numbers: Sequence[int]) -> str:
    return ", ".join(map(str, numbers))


def _published(figures: Sequence[PublishedFigure]) -> str:
    cells = [
        (
            each.name,
            f"`{each.architecture}`" if each.architecture else "",
            each.what,
            _number(each.parameters),
            each.said,
            each.measured,
        )
        for each in figures
    ]
    return _table(("network", "here", "what", "parameters", "accuracy", "measured"), cells)


def _number(number: int | None) -> str:
    return "" if number is None else f"{number:,}"


def _table(headers: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [headers, ["---"] * len(headers), *rows]
    return "".join("|" + "".join(f" {cell} |" if cell else " |" for cell in cells) + "\n" for cells in lines)
