"""Accuracy against parameters as a figure: every measured model, and what others report."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from mnistkit.exceptions import DataError
from mnistkit.reporting.figures import SUFFIXES, figure_file
from mnistkit.reporting.outputs import OutputFormats

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.transforms import Bbox

    from mnistkit.workflows.models import ModelList

Kind = Literal["measured", "distilled", "reported"]


@dataclass(frozen=True)
class _Style:
    """How the points of a kind are drawn, and what the legend says of them."""

    colour: str
    mark: str
    size: int
    is_filled: bool
    text: str

    @property
    def face(self) -> str:
        return self.colour if self.is_filled else "none"


# The colours are from the palette of Okabe and Ito, which colour-blind readers can tell apart.
_STYLES: Mapping[Kind, _Style] = {
    "measured": _Style(
        "#0072B2", "o", 6, True, "measured here: mean ± std over seeds, chosen without the test images"
    ),
    "distilled": _Style("#D55E00", "o", 6, True, "the same, learnt from a teacher"),
    "reported": _Style("#777777", "D", 5, False, "as others report it, mostly the best test epoch of one run"),
}
_LABEL_POINTS = 8
# Where a label may stand beside its point, in points to the right and up: the first place that is free is taken.
_PLACES = [(x, y) for distance in (6, 14, 24) for x, y in ((distance, -3), (0, distance), (0, -distance - 6))] + [
    (-6, -3),
    (-14, 8),
    (-14, -14),
]
_TICKS = (90, 95, 98, 99, 99.3, 99.5, 99.6, 99.7, 99.8, 99.9)


@dataclass(frozen=True)
class Point:
    """One model in the figure.

    Attributes:
        label: What stands beside it.
        parameters: Trainable numbers.
        accuracy: From 0 to 1.
        std: Standard deviation of the accuracy over seeds; 0 where it is not known.
        kind: Whether it was measured here, learnt from a teacher here, or is reported by others.
    """

    label: str
    parameters: int
    accuracy: float
    std: float
    kind: Kind

    @property
    def is_ours(self) -> bool:
        """Whether it was measured here."""
        return self.kind != "reported"


def points(result: ModelList) -> list[Point]:
    """Return the models of which parameters and accuracy are known: ours first, then those of others."""
    return [*_ours(result), *_others(result)]


def frontier(measured: Sequence[Point]) -> list[Point]:
    """Return the models to which no other is both smaller and at least as accurate, the smallest first."""
    best: list[Point] = []
    for point in sorted(measured, key=lambda point: (point.parameters, -point.accuracy)):
        if not best or point.accuracy > best[-1].accuracy:
            best.append(point)
    return best


def write_frontier(result: ModelList, path: Path) -> None:
    """Draw the error (on a logarithmic scale, named by the accuracy) against the parameters.

    Raises:
        DataError: nothing is measured.
        UsageError: a suffix of no known format.
        OutputError: the file cannot be written.
    """
    drawn = points(result)
    ours = [point for point in drawn if point.is_ours]
    if not ours:
        raise DataError("no measured model has parameters to draw it by")
    with figure_file(path, 10, 6.5, "Accuracy on MNIST's test images against parameters") as figure:
        axes = figure.subplots()
        _scale(axes, drawn)
        _draw_line(axes, frontier(ours))
        for point in drawn:
            _draw_point(axes, point)
        _draw_legend(axes, drawn)
        # Labels have a size only once the axes have their place.
        figure.draw_without_rendering()
        _label(axes, drawn)


FORMATS: OutputFormats[ModelList] = OutputFormats(dict.fromkeys(SUFFIXES, write_frontier))


def _ours(result: ModelList) -> Iterator[Point]:
    for entry in result.models:
        for row in entry.measured:
            kind: Kind = "distilled" if row.teacher else "measured"
            yield Point(row.title, entry.parameters, row.mean, row.std or 0, kind)


def _others(result: ModelList) -> Iterator[Point]:
    sizes = {entry.name: entry.parameters for entry in result.models}
    for figure in result.all_published:
        if parameters := figure.parameters or sizes.get(figure.architecture or ""):
            yield Point(figure.name, parameters, figure.accuracy, figure.std or 0, "reported")


def _error(accuracy: float) -> float:
    """Return the error in per cent, at least that of a single one of the 10,000 test images."""
    return max(100 * (1 - accuracy), 0.01)


def _scale(axes: Axes, drawn: Sequence[Point]) -> None:
    from matplotlib.ticker import FixedFormatter, FixedLocator, FuncFormatter, LogLocator, NullLocator

    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.invert_yaxis()
    axes.yaxis.set_major_locator(FixedLocator([_error(tick / 100) for tick in _TICKS]))
    axes.yaxis.set_major_formatter(FixedFormatter([f"{tick:g}" for tick in _TICKS]))
    axes.yaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.xaxis.set_major_formatter(FuncFormatter(_short_count))
    errors = [_error(point.accuracy) for point in drawn]
    axes.set_ylim(1.3 * max(errors), 0.75 * min(errors))
    sizes = [point.parameters for point in drawn]
    axes.set_xlim(0.6 * min(sizes), 3 * max(sizes))
    axes.set_xlabel("parameters")
    axes.set_ylabel("test accuracy (%)")
    axes.grid(alpha=0.25)


def _short_count(value: float, place: int | None = None) -> str:
    """Return 500 as "500", 20,000 as "20k" and 1,000,000 as "1M"."""
    for size, unit in ((1e6, "M"), (1e3, "k")):
        if value >= size:
            return f"{value / size:g}{unit}"
    return f"{value:g}"


def _draw_line(axes: Axes, best: Sequence[Point]) -> None:
    x, y = [point.parameters for point in best], [_error(point.accuracy) for point in best]
    axes.plot(x, y, color=_STYLES["measured"].colour, alpha=0.35, linewidth=1, zorder=1)


def _draw_point(axes: Axes, point: Point) -> None:
    low, high = _error(point.accuracy + point.std), _error(point.accuracy - point.std)
    error, style = _error(point.accuracy), _STYLES[point.kind]
    axes.errorbar(
        point.parameters,
        error,
        yerr=[[error - low], [high - error]],
        fmt=style.mark,
        markersize=style.size,
        markerfacecolor=style.face,
        color=style.colour,
        capsize=3 if point.std else 0,
        linewidth=1,
        zorder=3 if point.is_ours else 2,
    )


def _draw_legend(axes: Axes, drawn: Sequence[Point]) -> None:
    there = {point.kind for point in drawn}
    for kind, style in _STYLES.items():
        if kind in there:
            axes.plot(
                [], [], style.mark, color=style.colour, markerfacecolor=style.face, markersize=6, label=style.text
            )
    axes.legend(loc="lower right", fontsize=9)


def _label(axes: Axes, drawn: Sequence[Point]) -> None:
    """Write each point's name beside it, where neither a point nor another name is, if there is such a place."""
    taken = [_around(axes, point) for point in drawn]
    for point in drawn:
        for place in _PLACES:
            text = axes.annotate(
                point.label,
                (point.parameters, _error(point.accuracy)),
                xytext=place,
                textcoords="offset points",
                fontsize=_LABEL_POINTS,
                color=_STYLES[point.kind].colour,
                ha="left" if place[0] > 0 else "right" if place[0] < 0 else "center",
            )
            box = text.get_window_extent()
            if not any(box.overlaps(other) for other in taken) and axes.bbox.containsx(box.x1):
                break
            if place != _PLACES[-1]:
                text.remove()
        taken.append(box)


def _around(axes: Axes, point: Point) -> Bbox:
    from matplotlib.transforms import Bbox

    x, y = axes.transData.transform((point.parameters, _error(point.accuracy)))
    return Bbox.from_bounds(x - 5, y - 5, 10, 10)
