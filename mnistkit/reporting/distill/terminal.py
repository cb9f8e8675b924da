"""What a distillation gave, as tables in the terminal."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from statistics import fmean
from typing import TYPE_CHECKING

from rich.console import Console
from rich.filesize import decimal

from mnistkit.evaluation.intervals import SeedSummary
from mnistkit.evaluation.metrics import ECE_BINS
from mnistkit.numbers import counted, mean_and_std, percentage
from mnistkit.reporting.tables import Table, print_table
from mnistkit.reporting.wrapping import print_text

if TYPE_CHECKING:
    from mnistkit.evaluation.omitted_class import OmittedClass
    from mnistkit.workflows.distill_result import DistillResult, Side

_NONE = "-"


def print_distillation(console: Console, result: DistillResult) -> None:
    """Print the figures of teacher, student alone and distilled student, the paired tests, and what they mean."""
    print_text(console, _headline(result), "bold", hang="  ")
    console.print()
    print_table(console, figures_table(result))
    if result.comparisons:
        console.print()
        print_table(console, comparison_table(result))
    console.print()
    for line in _omitted_lines(result.omitted):
        print_text(console, line, hang="  ")
    for line in (*result.advice, *_notes(result)):
        print_text(console, line, style="dim", hang="  ")
    for run in result.runs:
        print_text(console, f"checkpoint: {run.folder.model}")


def figures_table(result: DistillResult) -> Table:
    """Return a column for each of the three, as far as they are known."""
    headers = [f"{side.role}\n{side.name}" for side in result.sides]
    rows = [[label, *(cell(side) for side in result.sides)] for label, cell in _figures(result)]
    return Table(["", *headers], rows, headers)


def comparison_table(result: DistillResult) -> Table:
    """Return the paired tests, one row a seed."""
    headers = ["seed", "both", "only alone", "only distilled", "p-value"]
    rows = [
        [
            str(each.seed),
            *(f"{n:,}" for n in (test.both_wrong, test.only_a_wrong, test.only_b_wrong)),
            _p(test.p_value),
        ]
        for each in result.comparisons
        for test in (each.test,)
    ]
    return Table(headers, rows, headers, title="wrong, alone and distilled (exact McNemar test)")


def _headline(result: DistillResult) -> str:
    alone, top1 = result.side("alone"), result.distilled.top1
    accuracy = mean_and_std(top1.mean, top1.std)
    text = f"{result.student} distilled: test accuracy {accuracy}, {counted(len(result.runs), 'seed')}"
    if alone is None:
        return text
    return f"{text}; alone {mean_and_std(alone.top1.mean, alone.top1.std)}, {counted(alone.top1.count, 'seed')}"


def _figures(result: DistillResult) -> Iterator[tuple[str, Callable[[Side], str]]]:
    yield "parameters", lambda side: f"{side.parameters:,}"
    yield "multiply-accumulates", lambda side: f"{side.macs:,}"
    yield "file", lambda side: decimal(side.bytes)
    yield "seeds", lambda side: str(len(side.seeds)) if side.seeds else _NONE
    yield "test accuracy", lambda side: mean_and_std(side.top1.mean, side.top1.std)
    yield f"errors in {result.n:,}", lambda side: f"{fmean(side.errors):,.1f}".removesuffix(".0")
    yield "agrees with teacher", lambda side: _share(side.agreement)
    yield "divergence from it, nats", lambda side: _plain(side.divergence)
    yield "calibration error", lambda side: _share(side.ece)
    yield (
        "images per second",
        lambda side: _NONE if side.images_per_second is None else f"{side.images_per_second:,.0f}",
    )


def _share(summary: SeedSummary | None) -> str:
    return _NONE if summary is None else mean_and_std(summary.mean, summary.std)


def _plain(summary: SeedSummary | None) -> str:
    if summary is None:
        return _NONE
    return f"{summary.mean:.4f}" + ("" if summary.std is None else f" ± {summary.std:.4f}")


def _p(value: float) -> str:
    return "<0.0001" if value < 0.0001 else f"{value:.4f}"


def _omitted_lines(found: tuple[OmittedClass, ...]) -> Iterator[str]:
    if not found:
        return
    first, n = found[0], len(found)
    over = f", mean over {n} seeds" if n > 1 else ""
    yield (
        f"of the {first.n:,} test images of class {first.name}, which it was never shown, "
        f"{percentage(fmean(each.top1 for each in found))} are right{over}"
    )
    yield (
        f"with {fmean(each.bias for each in found):.2f} added to the logit of {first.name}: "
        f"{percentage(fmean(each.top1_with_bias for each in found))}, and "
        f"{percentage(fmean(each.all_with_bias for each in found))} of all images; so it names {first.name} as "
        "often as the teacher does in the training images, whose labels are not looked at"
    )


def _notes(result: DistillResult) -> Iterator[str]:
    """Yield the sentences that explain the figures."""
    alone = result.side("alone")
    if alone and alone.source == "table":
        yield (
            f"alone: the measured row of {alone.name} that ships with mnistkit, trained in the same way; "
            "--baseline trains it now, and compares image by image."
        )
    if alone and alone.source == "runs":
        yield "alone: the same seeds, epochs and augmentation, without a teacher."
    yield (
        f"calibration error: how far confidence and accuracy lie apart on average (ECE, {ECE_BINS} bins); "
        "divergence: Kullback-Leibler, from the teacher's probabilities, mean over the test images."
    )
    yield "images per second: on one CPU thread, normalisation and forward passes."
    if result.comparisons:
        yield (
            "p-value: how often two equally good models would differ at least this much on these images; it says "
            "nothing of how another seed would do."
        )
