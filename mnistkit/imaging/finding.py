"""What a picture shows, judged by contrast and ink before any network sees it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mnistkit.imaging.glyphs import Glyph, main_glyph
from mnistkit.imaging.ink import Ink
from mnistkit.imaging.prepared import Finding
from mnistkit.imaging.shape import FRAME, Shape


@dataclass(frozen=True)
class Statistics:
    """Figures about the ink of a picture.

    Attributes:
        contrast: How far ink and ground lie apart, in grey levels.
        noise: Spread of the ground, in grey levels.
        digits: Digit-like glyphs.
        length: The largest one's longer side as a part of the picture's shorter side.
        shape: Its own figures, before its strokes were brought into MNIST's range.
    """

    contrast: float
    noise: float
    digits: int
    length: float
    shape: Shape


_NO_SHAPE = Shape(width=0, thickest=0, path=0, holes=0, aspect=0, filled=0, lining=0)


def collect(ink: Ink, glyphs: Sequence[Glyph], shape: Shape | None) -> Statistics:
    """Collect the figures of a page; without a shape there is no glyph that could be a digit."""
    main = main_glyph(glyphs)
    length = main.length / min(ink.mask.shape) if main else 0.0
    return Statistics(ink.levels.contrast, ink.levels.noise, len(glyphs), length, shape or _NO_SHAPE)


# Limits from pictures drawn from 300 MNIST validation images in ten styles (tests/support/picture_generator.py)
# and 30 of each kind without a digit. Of the digits, 99 % stand out of their noise more than 12-fold and are at
# most 8.3 pixels thick; the longest path is 3.5, none has more than 2 holes, and the broadest is 1.5 times as wide
# as high.
_LEAST_CONTRAST = 8.0
_CONTRAST_TO_NOISE = 5.5
SHORTEST = 0.03
MOST_GROUPS = 12
_THICKEST = 10.0
_WIDEST = 7.0
LONGEST_PATH = 4.0
MOST_HOLES = 3
BROADEST = 1.8
# A rectangle with little cut out of it, such as the ground of a light digit; narrow ones may be a 1.
_MOST_FILLED = 0.62
_NARROWEST_SLAB = 0.5
# A dash is as long as its path; several digits that touch are not.
DASH = 1.6


def judge(statistics: Statistics) -> Finding:
    """Return what the picture shows."""
    least = _LEAST_CONTRAST + _CONTRAST_TO_NOISE * statistics.noise
    if statistics.contrast < least or not statistics.digits or statistics.length < SHORTEST:
        return Finding.NOTHING
    if statistics.digits > MOST_GROUPS:
        return Finding.NOT_A_DIGIT
    if statistics.digits > 1:
        return Finding.SEVERAL
    shape = statistics.shape
    is_blot = shape.thickest > _THICKEST or shape.width > _WIDEST
    is_slab = shape.lining >= FRAME and shape.filled > _MOST_FILLED and shape.aspect > _NARROWEST_SLAB
    is_tangle = shape.path > LONGEST_PATH or shape.holes > MOST_HOLES
    if is_blot or is_slab or is_tangle:
        return Finding.NOT_A_DIGIT
    if shape.aspect > BROADEST:
        return Finding.NOT_A_DIGIT if shape.path < DASH else Finding.SEVERAL
    return Finding.DIGIT


# Things in photos look like sheets, and edges across them like strokes. Of 80 sheets and plots made of validation
# images, 42 showed a digit at the second look: at most 0.78 as long as the sheet's shorter side, and at least 81
# grey levels apart from it.
_LONGEST_ON_SHEET = 0.85
_LEAST_ON_SHEET = 35.0


def judge_sheet(statistics: Statistics) -> Finding:
    """Return what a sheet shows that was cut out of a picture: writing is clear there and has a margin."""
    finding = judge(statistics)
    is_plain = statistics.contrast >= _LEAST_ON_SHEET and statistics.length <= _LONGEST_ON_SHEET
    return finding if is_plain or finding is not Finding.DIGIT else Finding.NOT_A_DIGIT


# Broader discs are blots; a bar may be a 1 however thick, and stretching thickens a 1 further.
_BAR = 0.65
_THICKEST_STRETCHED = 13.0


def judge_crop(statistics: Statistics, *, few_pixels: bool, is_stretched: bool) -> Finding:
    """Return what a crop shows.

    A 1 fills its crop. Of few pixels the strokes cannot be measured: how long they are is left to the model.
    """
    finding = judge(statistics)
    shape = statistics.shape
    if finding is not Finding.NOT_A_DIGIT or statistics.digits != 1 or shape.holes > MOST_HOLES:
        return finding
    is_blot = shape.thickest > (_THICKEST_STRETCHED if is_stretched else _THICKEST) and shape.aspect > _BAR
    is_slab = shape.lining >= FRAME and shape.filled > _MOST_FILLED and shape.aspect > _BAR
    is_tangle = shape.path > LONGEST_PATH and not few_pixels
    is_thick = shape.width > _WIDEST and shape.aspect > _BAR and not is_stretched
    return finding if is_blot or is_slab or is_tangle or is_thick or shape.aspect > BROADEST else Finding.DIGIT
