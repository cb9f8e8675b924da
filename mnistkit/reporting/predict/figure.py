"""A picture's way to its answer as a figure: every step of its preparation, and the probabilities."""

from __future__ import annotations

import math
import os
import textwrap
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mnistkit.exceptions import OutputError, UsageError
from mnistkit.inference.answers import Answer, Verdict
from mnistkit.numbers import probability
from mnistkit.own_figures import EXPLAINED, is_own_figure
from mnistkit.reporting.figures import SUFFIXES, check_figure_path, figure_file
from mnistkit.reporting.names import escaped
from mnistkit.reporting.predict.text import rule, sentence

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_MOST_ACROSS = 5
_PANEL_INCHES, _CAPTION_INCHES, _HEAD_INCHES, _GAP_INCHES = 2.3, 0.6, 0.8, 0.25
_LEAST_WIDTH = 5.0
_CAPTION_COLUMNS = 32
# Smaller pictures are shown with their pixels, larger ones smoothly.
_FEW_PIXELS = 130
# Bars of smaller probabilities have no number.
_LEAST_LABELLED = 0.001
_LAST_BESIDE_END = 0.78
_BAR, _TEXT_ON_BAR = "#0072b2", "#d55e00"


class ExplanationFiles:
    """Chooses the files of explanations: one that is given, or one for each picture in a folder.

    Args:
        target: A file if its name ends in ``.png``, ``.pdf`` or ``.svg``, else a folder.
        inputs: Paths of the pictures, none of which may be overwritten; nor may what else mnistkit did not draw.

    Raises:
        UsageError: a file for several pictures, a suffix of another format, or one of the pictures itself.
        OutputError: the file is there, and of somebody else.
    """

    def __init__(self, target: Path, inputs: Iterable[str]) -> None:
        paths = list(inputs)
        self._is_folder = target.is_dir() or not target.suffix
        self._target = target
        self._used: set[str] = set()
        self._inputs = {Path(path).resolve() for path in paths}
        if self._is_folder:
            return
        check_figure_path(target)
        if len(paths) > 1:
            raise UsageError(f"{len(paths):,} pictures do not go into one file", hint="--explain FOLDER")
        if target.resolve() in self._inputs:
            raise UsageError(f"{target} is the picture itself", hint="give --explain another name")
        if _is_foreign(target):
            raise OutputError(
                f"{target} is there already, and mnistkit did not draw it", hint="give --explain another name"
            )

    def path_for(self, name: str) -> Path:
        """Return the file for a picture's explanation; it gets a number where the name is taken."""
        if not self._is_folder:
            return self._target
        stem = "standard-input" if name == "-" else Path(name).stem
        number = 1
        while True:
            addition = f"-{number}" if number > 1 else ""
            path = self._target / f"{stem}{addition}{EXPLAINED}{SUFFIXES[0]}"
            # Some file systems do not tell capitals from small letters.
            is_free = path.name.lower() not in self._used and path.resolve() not in self._inputs
            if is_free and not _is_foreign(path):
                self._used.add(path.name.lower())
                return path
            number += 1

    def write(self, answer: Answer) -> Path:
        """Draw an answer's explanation and return its file."""
        path = self.path_for(answer.name)
        write_explanation(path, answer)
        return path


def _is_foreign(path: Path) -> bool:
    """Say whether something is there that mnistkit did not draw."""
    return os.path.lexists(path) and not is_own_figure(path)


def write_explanation(path: Path, answer: Answer) -> None:
    """Draw every step from the original to the 28x28 tile, and the probabilities of all classes.

    Args:
        path: The file; its suffix chooses the format.
        answer: With its steps.

    Raises:
        UsageError: a suffix of no known format.
        OutputError: the file cannot be written.
    """
    count = len(answer.picture.steps) + bool(answer.ranking)
    across = count if count <= _MOST_ACROSS else math.ceil(count / math.ceil(count / _MOST_ACROSS))
    heights = _row_heights(answer, across)
    width = max(_LEAST_WIDTH, across * (_PANEL_INCHES + _GAP_INCHES))
    heading = "\n".join(textwrap.wrap(f"{escaped(answer.name)}: {sentence(answer)}", int(width * 9)))
    with figure_file(path, width, sum(heights) + _HEAD_INCHES, heading) as figure:
        panels = figure.subplots(len(heights), across, squeeze=False, height_ratios=heights).reshape(-1)
        for number, (step, axes) in enumerate(zip(answer.picture.steps, panels, strict=False), start=1):
            _draw_step(axes, step.image, f"{number}. {step.title}")
        if answer.ranking:
            _draw_probabilities(panels[len(answer.picture.steps)], answer)
        for axes in panels:
            # Within a row the upper edges are in line, whatever the proportions.
            axes.set_anchor("N")
        for axes in panels[count:]:
            axes.set_axis_off()
        notes = [*answer.picture.notes, *([rule(answer.calibration)] if answer.ranking else [])]
        figure.supxlabel("\n".join(textwrap.wrap("; ".join(notes), int(width * 13))), fontsize=8)


def _row_heights(answer: Answer, across: int) -> list[float]:
    """Return the inches of each row: those of its highest panel, none higher than wide, and of the captions."""
    shapes = [step.image.shape[:2] for step in answer.picture.steps]
    panels = [min(1.0, height / width) for height, width in shapes] + [1.0] * bool(answer.ranking)
    rows = [panels[start : start + across] for start in range(0, len(panels), across)]
    return [max(row) * _PANEL_INCHES + _CAPTION_INCHES for row in rows]


def _draw_step(axes: Axes, image: Any, caption: str) -> None:
    smooth = "nearest" if max(image.shape[:2]) < _FEW_PIXELS else "antialiased"
    axes.imshow(image, cmap="gray", vmin=0, vmax=255, interpolation=smooth)
    axes.set_xticks([])
    axes.set_yticks([])
    for side in axes.spines.values():
        side.set_visible(True)
        side.set_color("#999999")
    axes.set_title(textwrap.fill(caption, _CAPTION_COLUMNS), fontsize=9)


def _draw_probabilities(axes: Axes, answer: Answer) -> None:
    """Draw a bar for each class, in the order of the classes' names, and the threshold."""
    ranking = sorted(answer.ranking) if len(answer.ranking) <= 10 else list(answer.ranking[:10])
    names = [name for name, _ in ranking]
    shares = [share for _, share in ranking]
    bars = axes.barh(range(len(names)), shares, color=_BAR)
    labels = [probability(share) if share >= _LEAST_LABELLED else "" for share in shares]
    axes.bar_label(bars, labels, padding=2, fontsize=8)
    threshold = answer.calibration.threshold
    axes.axvline(threshold, color=_TEXT_ON_BAR, linewidth=1, linestyle="--")
    axes.set_yticks(range(len(names)), names)
    axes.invert_yaxis()
    axes.set_xlim(0, 1.3)
    axes.set_box_aspect(1)
    # The two numbers would touch if they stood closer together.
    end = [1.0] if threshold <= _LAST_BESIDE_END else []
    axes.set_xticks([0, threshold, *end], ["0", *(probability(share) for share in (threshold, *end))], fontsize=8)
    verdict = answer.verdict.value if answer.verdict is not Verdict.DIGIT else f"answer: {answer.digit}"
    axes.set_title(f"{len(answer.picture.steps) + 1}. probabilities; {verdict}", fontsize=9)
