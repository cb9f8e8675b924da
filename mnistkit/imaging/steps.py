"""The steps in order: from a picture that is no tile yet to one, and what was found on the way."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from mnistkit.imaging.background import flatten, smooth
from mnistkit.imaging.components import arrange
from mnistkit.imaging.finding import Statistics, collect, judge, judge_sheet
from mnistkit.imaging.fit import centre, coverage, enlarge, even_width, shrink_into_box
from mnistkit.imaging.greyscale import to_grey
from mnistkit.imaging.lines import remove_lines
from mnistkit.imaging.panel import cut_panel
from mnistkit.imaging.polarity import is_ink_dark
from mnistkit.imaging.prepared import Finding, Prepared
from mnistkit.imaging.recorder import Recorder
from mnistkit.imaging.shape import measure
from mnistkit.imaging.strokes import join_broken
from mnistkit.imaging.threshold import ink_levels, ink_mask
from mnistkit.imaging.transparency import composite
from mnistkit.recipe import IMAGE_SIZE

# The median of MNIST's training images is 0.8, and handwriting that runs together is narrower.
_DIGIT_ASPECT = 0.75

# A sheet of paper on a table is ink on a ground to the steps, until only the sheet is looked at.
_LOOKED_AT_AGAIN = (Finding.NOTHING, Finding.NOT_A_DIGIT)

_Judge = Callable[[Statistics], Finding]


def from_pixels(pixels: NDArray[np.uint8], recorder: Recorder) -> Prepared:
    """Turn a picture into a 28x28 tile.

    Args:
        pixels: As :attr:`mnistkit.imaging.load.Picture.pixels`.
        recorder: Is shown each stage.
    """
    if pixels.ndim == 3 and pixels.shape[2] == 4:
        pixels = composite(pixels)
        recorder.add("opaque", "transparency replaced", pixels)
    second = recorder.copy()
    prepared = _from_opaque(pixels, recorder, judge)
    if prepared.finding not in _LOOKED_AT_AGAIN:
        return prepared
    panel = cut_panel(pixels)
    if panel is None:
        return prepared
    second.add("panel", "the sheet that lies before other ground", panel)
    again = _from_opaque(panel, second, judge_sheet)
    return prepared if again.finding in _LOOKED_AT_AGAIN else again


def _from_opaque(pixels: NDArray[np.uint8], recorder: Recorder, judged: _Judge) -> Prepared:
    grey = smooth(to_grey(pixels))
    recorder.add("greyscale", "grey levels that show the ink", grey)
    dark = is_ink_dark(grey)
    strength = flatten(grey, dark)
    recorder.add("ink", f"{'dark' if dark else 'light'} ink without ground and shadows", strength)
    strength = remove_lines(strength)
    recorder.add("lines", "lines of the paper removed", strength)
    return _from_strength(strength, recorder, judged)


def _from_strength(strength: NDArray[np.float32], recorder: Recorder, judged: _Judge) -> Prepared:
    levels = ink_levels(strength)
    mask = ink_mask(strength, levels)
    recorder.add("threshold", "what is ink", mask)
    joined = join_broken(mask)
    layout = arrange(joined)
    recorder.add("digit", "specks and the picture's edge removed, strokes joined", layout.mask)
    large = enlarge(coverage(strength, layout.mask, levels)) if layout.count else layout.mask[:0, :0]
    if not large.size:
        nothing = collect(levels, layout)
        return _finish(np.zeros(IMAGE_SIZE, np.uint8), nothing, judged(nothing), recorder)
    even = even_width(large)
    recorder.add("strokes", "strokes as wide as MNIST's", even)
    tile = centre(shrink_into_box(even))
    recorder.add("tile", "reduced into 20x20, centred by mass in 28x28", tile)
    statistics = collect(levels, layout, measure(large))
    return _finish(tile, statistics, judged(statistics), recorder)


def _finish(tile: NDArray[np.uint8], statistics: Statistics, finding: Finding, recorder: Recorder) -> Prepared:
    count = statistics.digits
    if finding is Finding.NOTHING:
        tile = np.zeros(IMAGE_SIZE, np.uint8)
    if finding in (Finding.NOTHING, Finding.NOT_A_DIGIT):
        count = 0
    elif finding is Finding.SEVERAL and count == 1:  # they touch each other
        count = max(2, round(statistics.shape.aspect / _DIGIT_ASPECT))
    return Prepared(tile, finding, count, (0, 0), (), tuple(recorder.steps))
