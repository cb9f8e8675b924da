"""The one digit that a picture shows: its largest glyph, and what the whole picture says of it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from mnistkit.imaging.crop import FEW, find_crop
from mnistkit.imaging.finding import Statistics, collect, judge, judge_sheet
from mnistkit.imaging.glyphs import find_glyphs, main_glyph
from mnistkit.imaging.ink import find_ink, opaque
from mnistkit.imaging.load import Picture
from mnistkit.imaging.panel import cut_panel
from mnistkit.imaging.prepared import Finding, Prepared
from mnistkit.imaging.read_crop import read_crop
from mnistkit.imaging.recorder import Recorder
from mnistkit.imaging.tile import make_tile
from mnistkit.recipe import IMAGE_SIZE

# The median of MNIST's training images is 0.8, and handwriting that runs together is narrower.
DIGIT_ASPECT = 0.75
# A picture in so many pieces shows no digit, however they are grouped.
_MOST_PIECES = 400

# A sheet of paper on a table is ink on a ground to the steps, until only the sheet is looked at.
_LOOKED_AT_AGAIN = (Finding.NOTHING, Finding.NOT_A_DIGIT)

_Judge = Callable[[Statistics], Finding]


def find_digit(picture: Picture, recorder: Recorder) -> Prepared:
    """Turn a picture that is no tile yet into one of its largest glyph, and say what the picture shows.

    Args:
        picture: As :func:`mnistkit.imaging.load.load_picture` gives it.
        recorder: Is shown each stage.
    """
    pixels = opaque(picture.pixels, recorder)
    second = recorder.copy()
    has_few_pixels = max(pixels.shape[:2]) <= FEW
    as_crop = _as_crop(picture, pixels, recorder.copy()) if has_few_pixels else None
    if as_crop:
        return as_crop
    prepared = _look(picture, pixels, recorder, judge)
    if prepared.finding is Finding.DIGIT:
        return prepared
    as_crop = None if has_few_pixels else _as_crop(picture, pixels, second.copy())
    if as_crop:
        return as_crop
    if prepared.finding not in _LOOKED_AT_AGAIN:
        return prepared
    panel = cut_panel(pixels)
    if panel is None:
        return prepared
    second.add("panel", "the sheet that lies before other ground", panel)
    again = _look(picture, panel, second, judge_sheet)
    return prepared if again.finding in _LOOKED_AT_AGAIN else again


def _as_crop(picture: Picture, pixels: NDArray[np.uint8], recorder: Recorder) -> Prepared | None:
    """Return the picture as a crop, None if it is none that can be read."""
    crop = find_crop(pixels)
    return read_crop(picture, crop, recorder) if crop else None


def _look(picture: Picture, pixels: NDArray[np.uint8], recorder: Recorder, judged: _Judge) -> Prepared:
    """Look at the opaque pixels of a picture, or of a part of it."""
    ink = find_ink(pixels, recorder)
    glyphs = find_glyphs(ink.mask, _MOST_PIECES)
    main = main_glyph(glyphs)
    shown = np.zeros_like(ink.mask) if main is None else main.on_page(ink.mask.shape)
    recorder.add("digit", "specks and the picture's edge removed, strokes joined", shown)
    tile = None if main is None else make_tile(ink, main, recorder)
    statistics = collect(ink, glyphs, tile.shape if tile else None)
    finding = judged(statistics)
    pixels = np.zeros(IMAGE_SIZE, np.uint8)
    if tile is not None and finding is not Finding.NOTHING:
        pixels = tile.pixels
    elif tile is not None:
        recorder.add("tile", "too faint or too small: left empty", pixels)
    return Prepared(
        pixels,
        finding,
        _count(statistics, finding),
        picture.size,
        picture.notes,
        tuple(recorder.steps),
    )


def _count(statistics: Statistics, finding: Finding) -> int:
    """Return how many digits there are to a picture that shows what was found."""
    if finding in (Finding.NOTHING, Finding.NOT_A_DIGIT):
        return 0
    if finding is Finding.SEVERAL and statistics.digits == 1:  # they touch each other
        return max(2, round(statistics.shape.aspect / DIGIT_ASPECT))
    return statistics.digits
