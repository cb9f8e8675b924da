"""What is said about confusion matrices, in the same words in the terminal, in figures and on web pages."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal

from mnistkit.evaluation.results.confusion import ConfusionResult, Pair
from mnistkit.numbers import counted, percent
from mnistkit.reporting import headlines

MOST_PAIRS = 10
_MOST_DECIMALS = 2
SHARES_OF = {"true": "the true class", "pred": "the predicted class", "all": "all images"}


def headline(result: ConfusionResult) -> str:
    """Return which models, on what, and how many images."""
    return headlines.headline(result, [model.checkpoint.name for model in result.models])


def accuracies(result: ConfusionResult) -> Iterator[str]:
    """Return accuracy and number of errors of each model."""
    return headlines.accuracies(result, [(model.checkpoint.name, model.errors) for model in result.models])


def reading(result: ConfusionResult, *, coloured: bool) -> Iterator[str]:
    """Yield what rows, columns, cells, margins and, if it is ``coloured``, the two colours of a difference are."""
    yield "rows: true, columns: predicted; recall and precision in %"
    cells = f"% of {SHARES_OF[result.normalize]}" if result.is_normalized else ""
    if result.is_difference:
        cells = f"B minus A{', in ' + cells if cells else ''}"
        cells += "; blue: B is better, orange: B is worse" if coloured else ""
    if cells:
        yield f"cells: {cells}"


def decimals_of(result: ConfusionResult) -> int:
    """Return how many decimals the cells need so that the smallest does not look like nothing: 1 or 2."""
    sizes = [abs(value) for value in result.values.ravel().tolist() if value]
    return 1 if not result.is_normalized or not sizes or 100 * min(sizes) >= 0.05 else _MOST_DECIMALS


def cell(result: ConfusionResult, value: float, decimals: int) -> str:
    """Return the text of one cell; empty for nothing."""
    if not value:
        return ""
    sign = ("+" if value > 0 else "-") if result.is_difference else ""
    return sign + (percent(abs(value), decimals) if result.is_normalized else f"{abs(value):.0f}")


def class_shares(result: ConfusionResult, kind: Literal["recall", "precision"], decimals: int) -> list[str]:
    """Return each class's recall or precision in percent, "-" where it is undefined.

    Of two models it is the change from A to B in percentage points with its sign, "0" for none.
    """
    columns = [getattr(model, kind) for model in result.models]
    return [_share(shares, decimals) for shares in zip(*columns, strict=True)]


def _share(shares: Sequence[float | None], decimals: int) -> str:
    known = [share for share in shares if share is not None]
    if len(known) < len(shares):
        return "-"
    if len(known) == 1:
        return percent(known[0], decimals)
    change = known[1] - known[0]
    return ("+" if change > 0 else "-") + percent(abs(change), decimals) if change else "0"


def pair_lines(result: ConfusionResult) -> list[str]:
    """Return the most confused pairs, one in a line, and a line for the others if there are any."""
    pairs = result.pairs()
    lines = [_sentence(result, pair) for pair in pairs[:MOST_PAIRS]]
    others = pairs[MOST_PAIRS:]
    if others and not result.is_difference:
        lines.append(
            f"{counted(len(others), 'other pair')}: {_times(sum(pair.counts[0] for pair in others))} in all"
        )
    elif others:
        lines.append(f"{counted(len(others), 'other pair')} changed less")
    return lines


def verdict(result: ConfusionResult) -> str:
    """Return the heading of the pairs, or what is to be said where there are none."""
    if not result.errors:
        who = "both classify" if result.is_difference else "it classifies"
        return f"No errors at all: {who} all {result.n:,} images correctly."
    if result.is_difference:
        return "most changed, from A to B" if result.pairs() else "The two matrices are the same."
    return "most confused"


def _sentence(result: ConfusionResult, pair: Pair) -> str:
    start = f"{result.classes[pair.true]} read as {result.classes[pair.predicted]}: "
    if not result.is_difference:
        return start + _times(pair.counts[0])
    a, b = pair.counts
    return f"{start}{_times(a)} by A, {_times(b)} by B ({pair.change:+d})"


def _times(count: int) -> str:
    return counted(count, "time")
