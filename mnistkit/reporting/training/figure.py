"""Training curves as a figure, for the run folder."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from mnistkit.numbers import percentage
from mnistkit.reporting.figures import figure_file
from mnistkit.training.events import EpochRecord, RunEnd, TrainingEvents

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# From the palette of Okabe and Ito, which colour-blind readers can tell apart.
_TRAIN_COLOUR, _VALIDATION_COLOUR, _CHOSEN_COLOUR = "#0072B2", "#D55E00", "#555555"
# From this ratio of the largest to the smallest value on, a logarithmic scale shows more than a linear one.
_LEAST_RATIO = 4
# Up to which ratio of the largest to the smallest value which digits of a decade are numbered.
_NUMBERED = ((25, (1, 2, 3, 5, 7)), (1000, (1, 2, 5)), (float("inf"), (1,)))
# More than there ever are: matplotlib would leave decades out.
_MOST_TICKS = 100


class CurvesWriter(TrainingEvents):
    """Leaves ``curves.png`` in the folder of every run that comes to its end."""

    def run_measured(self, end: RunEnd) -> None:
        """Draw the run's curves.

        Raises:
            OutputError: the file cannot be written.
        """
        title = (
            f"{end.architecture} on {end.dataset}, seed {end.seed}: test accuracy {percentage(end.test_accuracy)}"
        )
        write_curves(end.folder.curves, end.history, end.chosen_epoch, title)


def write_curves(path: Path, history: Sequence[EpochRecord], chosen_epoch: int | None, title: str) -> None:
    """Draw loss and error over the epochs as a PNG.

    Args:
        path: The file to write.
        history: The finished epochs, at least one.
        chosen_epoch: The epoch whose weights were kept, marked by a line; None marks none.
        title: The heading.

    Raises:
        OutputError: the file cannot be written.
    """
    with figure_file(path, 9, 3.8, title) as figure:
        loss, error = figure.subplots(1, 2)
        epochs = [record.epoch for record in history]
        _draw(loss, epochs, [r.train_loss for r in history], [r.val_loss for r in history], "loss (nats)")
        _draw(
            error,
            epochs,
            [100 * (1 - r.train_accuracy) for r in history],
            [None if r.val_accuracy is None else 100 * (1 - r.val_accuracy) for r in history],
            "error (%)",
        )
        if chosen_epoch is not None:
            for axes in (loss, error):
                axes.axvline(
                    chosen_epoch, color=_CHOSEN_COLOUR, linestyle=":", label=f"kept: epoch {chosen_epoch}"
                )
        for axes in (loss, error):
            axes.legend(fontsize=9)


def _scale_values(axes: Axes, values: Sequence[float]) -> None:
    """Choose the scale of what is drawn, and numbers on it that are neither few nor crowded."""
    from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter

    least, most = min(values), max(values)
    if least <= 0 or most / least < _LEAST_RATIO:
        axes.yaxis.set_major_locator(MaxNLocator(nbins=6, steps=[1, 2, 5, 10]))
        return
    # Errors fall from tens of per cent to tenths of one: only a logarithmic scale shows both.
    axes.set_yscale("log")
    numbered = next(digits for ratio, digits in _NUMBERED if most / least <= ratio)
    axes.yaxis.set_major_locator(LogLocator(subs=numbered, numticks=_MOST_TICKS))
    axes.yaxis.set_minor_locator(LogLocator(subs=range(2, 10), numticks=_MOST_TICKS))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.yaxis.set_minor_formatter(NullFormatter())


def _draw(
    axes: Axes, epochs: Sequence[int], train: Sequence[float], val: Sequence[float | None], label: str
) -> None:
    from matplotlib.ticker import MaxNLocator

    axes.plot(epochs, train, marker="o", markersize=4, color=_TRAIN_COLOUR, label="training (augmented)")
    known = [(epoch, value) for epoch, value in zip(epochs, val, strict=True) if value is not None]
    if known:
        axes.plot(
            *zip(*known, strict=True), marker="s", markersize=4, color=_VALIDATION_COLOUR, label="validation"
        )
    _scale_values(axes, [*train, *(value for _, value in known)])
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    if len(epochs) == 1:
        axes.set_xlim(epochs[0] - 0.5, epochs[0] + 0.5)
    axes.set_xlabel("epoch")
    axes.set_ylabel(label)
    axes.grid(alpha=0.25, which="both")
