"""A confusion matrix as a heat map: errors in orange on a logarithmic scale, rights in blue."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mnistkit.evaluation.results.confusion import ConfusionResult
from mnistkit.reporting.colours import DIAGONAL, RIGHT, WRONG, Scale, error_colour, errors, text_colour
from mnistkit.reporting.confusion import text
from mnistkit.reporting.figures import figure_file, result_title
from mnistkit.reporting.letters import letter

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_GRID = "#dddddd"
_POINTS_PER_INCH = 72
# Points: the largest type in a cell, and the smallest that can be read.
_LARGEST_TYPE, _SMALLEST_TYPE = 10.0, 4.5
# Width of a digit in parts of the type's size.
_DIGIT_WIDTH = 0.62
# Inches around the matrix for names, shares and the heading, and for each colour bar.
_MARGIN_WIDTH, _MARGIN_HEIGHT, _BAR_WIDTH = 1.7, 2.0, 1.0
_LEAST_WIDTH = 5.5
_TITLE_CHARACTERS_PER_INCH = 10
# Cells between the matrix and the shares beside it.
_GAP = 0.15
_LONGEST_NAME = 20
# From more classes on, the shares above the matrix are turned.
_MOST_LEVEL = 12


def write_heat_map(result: ConfusionResult, path: Path) -> None:
    """Draw the matrix, or the difference of two, with recall on the right and precision at the top.

    Args:
        result: What to draw.
        path: The file; its suffix chooses the format.

    Raises:
        UsageError: a suffix of no known format.
        OutputError: the file cannot be written.
    """
    count = len(result.classes)
    side = _cell_inches(count)
    bars = _BAR_WIDTH * len(result.models)
    width, height = max(count * side + _MARGIN_WIDTH + bars, _LEAST_WIDTH), count * side + _MARGIN_HEIGHT
    with figure_file(path, width, height, _title(result, width)) as figure:
        axes = figure.subplots()
        _draw_cells(axes, result)
        _write_numbers(axes, result, side * _POINTS_PER_INCH)
        _label(axes, result, min(_LARGEST_TYPE, 0.72 * side * _POINTS_PER_INCH))
        _draw_scale(figure, axes, result)


def _title(result: ConfusionResult, width: float) -> str:
    names, what = [model.checkpoint.name for model in result.models], ""
    accuracies = [model.accuracy for model in result.models]
    if result.is_difference:
        names = [f"{name} ({letter(place)})" for place, name in enumerate(names)]
        what = "B minus A"
    title = result_title(names, result.dataset, result.split, result.n, accuracies, what)
    wide = int(width * _TITLE_CHARACTERS_PER_INCH)
    return "\n".join(textwrap.fill(line, wide) for line in title.splitlines())


def _cell_inches(count: int) -> float:
    """Return the side of a cell: wide for few classes, narrow for many, always within a page."""
    return min(0.5, max(0.25, 8.5 / count)) if count <= 60 else 15 / count


def _draw_cells(axes: Axes, result: ConfusionResult) -> None:
    import numpy as np
    from matplotlib.colors import to_rgb

    wrong, scale = errors(result), Scale.of(result)
    count = len(wrong)
    colours = np.ones((count, count, 3))
    for i, j in zip(*np.nonzero(wrong), strict=True):
        colours[i, j] = to_rgb(error_colour(float(wrong[i, j]), scale))
    if not result.is_difference and not result.errors_only:
        for i in np.flatnonzero(result.values.diagonal()):
            colours[i, i] = to_rgb(DIAGONAL)
    axes.imshow(colours, interpolation="nearest")
    edges = np.arange(count + 1) - 0.5
    # Two collections are drawn much faster than the grid of as many ticks.
    for lines in (axes.hlines, axes.vlines):
        lines(edges, edges[0], edges[-1], colors=_GRID, linewidths=0.5).set_in_layout(False)
    axes.set(xlim=(edges[0], edges[-1]), ylim=(edges[-1], edges[0]))
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)


def _write_numbers(axes: Axes, result: ConfusionResult, side: float) -> None:
    """Write the value of each cell that is not empty, if all of them are legible in ``side`` points."""
    decimals, values = text.decimals_of(result), result.values
    places = [(i, j) for i, j in zip(*values.nonzero(), strict=True) if i != j or not result.errors_only]
    texts = {(i, j): text.cell(result, float(values[i, j]), decimals) for i, j in places}
    longest = max(map(len, texts.values()), default=1)
    size = min(_LARGEST_TYPE, 0.9 * side / (_DIGIT_WIDTH * longest), 0.7 * side)
    if size < _SMALLEST_TYPE:
        return
    wrong, scale = errors(result), Scale.of(result)
    for (i, j), number in texts.items():
        colour = error_colour(float(wrong[i, j]), scale) if wrong[i, j] else DIAGONAL
        artist = axes.text(j, i, number, ha="center", va="center", fontsize=size, color=text_colour(colour))
        # It lies within the matrix; measuring hundreds of them for the layout would take longest of all.
        artist.set_in_layout(False)


def _label(axes: Axes, result: ConfusionResult, size: float) -> None:
    names = [name if len(name) <= _LONGEST_NAME else name[: _LONGEST_NAME - 1] + "…" for name in result.classes]
    places = range(len(names))
    axes.set_xticks(places, names, rotation=90 if max(map(len, names)) > 3 else 0, fontsize=size)
    axes.set_yticks(places, names, fontsize=size)
    axes.set_xlabel("predicted class")
    axes.set_ylabel("true class")
    unit = "points" if result.is_difference else "%"
    last = len(names) - 0.5
    # Any: the stubs of matplotlib would have a type for each key.
    small: Any = {"fontsize": 0.8 * size, "color": "#444444"}
    # Texts are laid out in a fraction of the time that further axes with ticks take.
    for place, share in enumerate(text.class_shares(result, "recall", 1)):
        axes.text(last + _GAP, place, share, ha="left", va="center", **small)
    turned = 90 if len(names) > _MOST_LEVEL else 0
    for place, share in enumerate(text.class_shares(result, "precision", 1)):
        axes.text(place, -0.5 - _GAP, share, ha="center", va="bottom", rotation=turned, **small)
    axes.text(-0.5 - _GAP, -0.5 - _GAP, f"precision, {unit}", ha="right", va="bottom", **small)
    axes.text(last + _GAP, -0.5 - _GAP, f"recall, {unit}", ha="left", va="bottom", **small)


def _draw_scale(figure: Figure, axes: Axes, result: ConfusionResult) -> None:
    """Draw the colour bar of the errors; in a difference, one for what B does worse and one for the rest."""
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import LinearSegmentedColormap, LogNorm
    from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

    present = errors(result)
    scale, factor = Scale.of(result), 100 if result.is_normalized else 1
    for label, ramp, is_there in _bars(result, worse=bool((present > 0).any()), better=bool((present < 0).any())):
        if not is_there:
            continue
        mappable = ScalarMappable(
            LogNorm(factor * scale.low, factor * scale.high), LinearSegmentedColormap.from_list(label, ramp)
        )
        bar = figure.colorbar(mappable, ax=axes, label=label, shrink=0.8, aspect=25, pad=0.02)
        bar.outline.set_visible(False)
        bar.ax.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        bar.ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        bar.ax.yaxis.set_minor_locator(NullLocator())


def _bars(result: ConfusionResult, *, worse: bool, better: bool) -> list[tuple[str, tuple[str, ...], bool]]:
    """Return label, colours and whether it is needed of each colour bar."""
    if not result.is_difference:
        unit = "errors, in % of " + text.SHARES_OF[result.normalize] if result.is_normalized else "errors"
        return [(unit, WRONG, worse)]
    unit = "percentage points" if result.is_normalized else "images"
    return [(f"B is worse ({unit})", WRONG, worse), (f"B is better ({unit})", RIGHT, better)]
