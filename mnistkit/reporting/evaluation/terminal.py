"""The figures of ``mnistkit evaluate`` as tables in the terminal."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from rich.console import Console

from mnistkit.evaluation.answered import Answered
from mnistkit.evaluation.intervals import CONFIDENCE
from mnistkit.evaluation.label_errors import LABEL_ERRORS
from mnistkit.evaluation.metrics import ECE_BINS, ClassMetrics, Metrics
from mnistkit.evaluation.perturbed import PERTURBATION
from mnistkit.evaluation.results.evaluate import ENSEMBLE, Comparison, EvaluateResult, ModelResult
from mnistkit.locate import described
from mnistkit.numbers import percent, percentage
from mnistkit.reporting.headlines import data_headline
from mnistkit.reporting.letters import letter
from mnistkit.reporting.tables import Table, print_table
from mnistkit.reporting.wrapping import print_text

NONE = "-"
# Columns taken by the labels, and by one model's figures.
_LABEL_WIDTH, _CELL_WIDTH = 26, 17
_CLASS_WIDTH, _CLASS_CELLS_WIDTH = 14, 27
_SIGNIFICANT = 0.05


def print_evaluation(console: Console, result: EvaluateResult) -> None:
    """Print an evaluation: what was measured, the figures, each class, the paired tests, what it all means."""
    print_text(console, data_headline(result), "bold")
    print_text(console, f"on {result.device}, {result.precision}", "dim")
    for name, row in zip(_letters(result), result.models, strict=False):
        if row.checkpoint:
            start = f"{name}  " if name else ""
            checkpoint = described(Path(row.checkpoint.path))
            print_text(console, f"{start}{row.checkpoint.architecture}  {checkpoint}", hang=" " * len(start))
    comparisons = [comparison_table(result)] if result.comparisons else []
    for table in (*figure_tables(result, console.width), *class_tables(result, console.width), *comparisons):
        console.print()
        print_table(console, table)
    console.print()
    for note in notes(result):
        print_text(console, note, style="dim", hang="  ")


def figure_tables(result: EvaluateResult, width: int) -> Iterator[Table]:
    """Yield tables with one column a model, as many columns as fit into ``width``."""
    per_table = max(1, (width - _LABEL_WIDTH) // _CELL_WIDTH)
    columns = list(zip(_headers(result), result.rows, strict=True))
    for start in range(0, len(columns), per_table):
        chosen = columns[start : start + per_table]
        headers = [header for header, _ in chosen]
        rows = [[label, *(cell(row) for _, row in chosen)] for label, cell in _figures(result)]
        yield Table(["", *headers], rows, headers)


def class_tables(result: EvaluateResult, width: int) -> Iterator[Table]:
    """Yield tables with one row a class: number of images, and precision, recall and F1 of each model."""
    per_table = max(1, (width - _CLASS_WIDTH) // _CLASS_CELLS_WIDTH)
    columns = list(zip(_letters(result), result.rows, strict=True))
    for start in range(0, len(columns), per_table):
        chosen = columns[start : start + per_table]
        # One model's name stands in the title, so that it makes no column wider.
        names = [model for model, _ in chosen] if len(chosen) > 1 else [""]
        headers = [f"{model}\n{name}".strip() for model in names for name in ("precision", "recall", "F1")]
        title = " ".join(["per class, in %", *(f"({model})" for model, _ in chosen if model and not names[0])])
        rows = [
            [each[0].name, f"{each[0].support:,}", *_class_cells(each)]
            for each in zip(*(row.per_class for _, row in chosen), strict=True)
        ]
        yield Table(["class", "n", *headers], rows, ["n", *headers], title=title)


def comparison_table(result: EvaluateResult) -> Table:
    """Return the paired tests, one row a pair."""
    letters = _letters(result)
    headers = ["pair", "both", "only 1st", "only 2nd", "p-value", "reading"]
    rows = [
        [
            f"{letters[each.a]}, {letters[each.b]}",
            *(f"{n:,}" for n in (each.test.both_wrong, each.test.only_a_wrong, each.test.only_b_wrong)),
            _p_value(each.test.p_value),
            _reading(each, letters),
        ]
        for each in result.comparisons
    ]
    return Table(headers, rows, headers[1:5], title="wrong in pairs (exact McNemar test)")


def notes(result: EvaluateResult) -> Iterator[str]:
    """Yield the sentences that explain the figures shown."""
    yield (
        f"{_CONFIDENCE_TEXT} interval: where the accuracy on endless images of this kind plausibly lies, "
        f"given that only {result.n:,} were tried (Wilson)."
    )
    if any(row.answers for row in result.rows):
        yield (
            "answers of predict: it refuses pictures in which it finds nothing, several digits or something else, "
            "and those of which it is unsure; the other figures count the most probable class of every picture."
        )
    if any(row.without_label_errors for row in result.rows):
        yield (
            f"label errors: {len(LABEL_ERRORS)} of MNIST's test images whose labels most human reviewers did not "
            "confirm (Northcutt et al., 2021)."
        )
    if any(row.perturbed for row in result.rows):
        yield _perturbation_note(result.split)
    yield (
        "negative log-likelihood and calibration error judge the probabilities, 0 is best; the latter is how far "
        f"confidence and accuracy lie apart on average (ECE, {ECE_BINS} bins)."
    )
    yield "images per second: normalisation and forward passes only, after one batch to warm up."
    if result.ensemble:
        yield f"{ENSEMBLE}: the mean of the probabilities of {_letters(result)[0]} to {_letters(result)[-2]}."
    if result.comparisons:
        yield "in pairs: images that both get wrong, only the first does, only the second does."
        yield (
            "p-value: how often two equally good models would differ at least this much on these images; it says "
            "nothing about training again with other seeds, and is not adjusted for the number of pairs."
        )
    yield from _split_note(result)


_CONFIDENCE_TEXT = f"{CONFIDENCE:.0%}".replace("%", " %")


def _figures(result: EvaluateResult) -> Iterator[tuple[str, Callable[[ModelResult], str]]]:
    """Yield each row's label and what makes its cells."""
    yield "top-1 accuracy", lambda row: percentage(row.metrics.top1)
    yield f"  {_CONFIDENCE_TEXT} interval", lambda row: _interval(row.metrics)
    yield "  errors", lambda row: f"{row.metrics.errors:,}"
    if len(result.classes) > 2:
        yield "top-2 accuracy", lambda row: percentage(row.metrics.top2)
    yield "negative log-likelihood", lambda row: f"{row.metrics.nll:.4f}"
    yield "calibration error", lambda row: percentage(row.metrics.ece)
    yield "images per second", lambda row: _speed(row.images_per_second)
    if any(row.answers for row in result.rows):
        yield from _answers()
    if any(row.without_label_errors for row in result.rows):
        yield from _section("without label errors", lambda row: row.without_label_errors, result, brief=True)
    if any(row.perturbed for row in result.rows):
        yield from _section(f"perturbed {result.split} set", lambda row: row.perturbed, result)


def _answers() -> Iterator[tuple[str, Callable[[ModelResult], str]]]:
    """Yield the rows for what ``predict`` says about a folder's pictures."""

    def share(count: Callable[[Answered], int]) -> Callable[[ModelResult], str]:
        def of(row: ModelResult) -> str:
            return NONE if row.answers is None else percentage(count(row.answers) / row.answers.total)

        return of

    yield "", lambda row: ""
    yield "answers of predict", lambda row: ""
    yield "  right", share(lambda answers: answers.right)
    yield "  wrong", share(lambda answers: answers.wrong)
    yield "  refused", share(lambda answers: answers.refused)


def _section(
    title: str, pick: Callable[[ModelResult], Metrics | None], result: EvaluateResult, *, brief: bool = False
) -> Iterator[tuple[str, Callable[[ModelResult], str]]]:
    """Yield the rows for another version of the images; a brief section has accuracy and errors only."""

    def cell(show: Callable[[Metrics], str]) -> Callable[[ModelResult], str]:
        def of(row: ModelResult) -> str:
            metrics = pick(row)
            return show(metrics) if metrics else NONE

        return of

    yield "", lambda row: ""
    yield title, lambda row: ""
    yield "  top-1 accuracy", cell(lambda metrics: percentage(metrics.top1))
    if not brief:
        yield f"    {_CONFIDENCE_TEXT} interval", cell(_interval)
    yield "    errors", cell(lambda metrics: f"{metrics.errors:,}")
    if not brief and len(result.classes) > 2:
        yield "  top-2 accuracy", cell(lambda metrics: percentage(metrics.top2))


def _letters(result: EvaluateResult) -> list[str]:
    """Return a short name for each row, none if there is only one row."""
    if len(result.rows) == 1:
        return [""]
    names = [letter(place) for place in range(len(result.models))]
    return [*names, ENSEMBLE] if result.ensemble else names


def _headers(result: EvaluateResult) -> list[str]:
    return [result.rows[0].name] if len(result.rows) == 1 else _letters(result)


def _perturbation_note(split: str) -> str:
    ranges = PERTURBATION
    return (
        f"perturbed {split} set: each image rotated by up to {ranges.rotation:g}°, moved by up to "
        f"{100 * ranges.translate_x:g} % across and {100 * ranges.translate_y:g} % up or down, scaled by "
        f"{1 - ranges.zoom:g} to {1 + ranges.zoom:g}, sheared by up to {ranges.shear:g}°; always the same."
    )


def _split_note(result: EvaluateResult) -> Iterator[str]:
    if all(row.checkpoint is None or row.checkpoint.dataset != result.dataset for row in result.rows):
        return
    if result.split == "val":
        yield "Note: training looked at these images to choose the weights; report the test split instead."
    elif result.split == "train":
        yield "Note: these are the images it learnt from, so the figures flatter; report the test split instead."


def _reading(pair: Comparison, letters: Sequence[str]) -> str:
    if pair.test.p_value >= _SIGNIFICANT:
        return "no clear difference"
    better = pair.b if pair.test.only_a_wrong > pair.test.only_b_wrong else pair.a
    return f"{letters[better]} is better"


def _p_value(value: float) -> str:
    return f"{value:.3f}" if value >= 0.001 else "< 0.001"


def _class_cells(models: Sequence[ClassMetrics]) -> list[str]:
    return [_percent(value) for each in models for value in (each.precision, each.recall, each.f1)]


def _percent(value: float | None) -> str:
    return NONE if value is None else percent(value)


def _interval(metrics: Metrics) -> str:
    low, high = metrics.interval
    return f"{percent(low)}–{percentage(high)}"


def _speed(value: float | None) -> str:
    return NONE if value is None else f"{value:,.0f}"
