"""What a picture shows, judged by contrast and ink before any network sees it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mnistkit.imaging.fit import trimmed
from mnistkit.imaging.prepared import Finding
from mnistkit.imaging.shape import FRAME, Shape
from mnistkit.imaging.threshold import InkLevels

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mnistkit.imaging.components import Layout


@dataclass(frozen=True)
class Statistics:
    """Figures about the ink of a picture.

    Attributes:
        contrast: How far ink and ground lie apart, in grey levels.
        noise: Spread of the ground, in grey levels.
        ink_share: Part of the picture that is ink, 0 to 1.
        stroke_width: In pixels of the 20x20 box, before it was brought into MNIST's range.
        thickest: Diameter of the largest disc inside the ink, in pixels of the same box.
        path: Length of the strokes, measured in the digit's longer side.
        holes: Loops that the strokes enclose.
        aspect: Width of the digit divided by its height.
        filled: Part of the box around it that is ink, 0 to 1.
        lining: How much of each side of this box has ink close to it, 0 to 1.
        pieces: Connected pieces of ink that are not specks.
        digits: Digit-like groups of pieces.
        kept_share: Part of all ink that belongs to the digit, 0 to 1.
        length: The digit's longer side as a part of the picture's shorter side.
    """

    contrast: float
    noise: float
    ink_share: float
    stroke_width: float
    thickest: float
    path: float
    holes: int
    aspect: float
    filled: float
    lining: float
    pieces: int
    digits: int
    kept_share: float
    length: float


def collect(levels: InkLevels, mask: NDArray[np.bool_], layout: Layout, shape: Shape | None = None) -> Statistics:
    """Collect the figures; without a shape nothing was found."""
    ink, kept = np.count_nonzero(mask), np.count_nonzero(layout.mask)
    shape = shape or Shape(0.0, 0.0, 0.0, 0, 0.0, 0.0, 0.0)
    return Statistics(
        contrast=levels.contrast,
        noise=levels.noise,
        ink_share=ink / mask.size,
        stroke_width=shape.width,
        thickest=shape.thickest,
        path=shape.path,
        holes=shape.holes,
        aspect=shape.aspect,
        filled=shape.filled,
        lining=shape.lining,
        pieces=layout.pieces,
        digits=layout.count,
        kept_share=min(1.0, kept / ink) if ink else 0.0,
        length=max(trimmed(layout.mask).shape) / min(mask.shape),
    )


# Limits from pictures drawn from 300 MNIST validation images in ten styles (tests/imaging/generator.py) and 30 of
# each kind without a digit. Of the digits, 99 % stand out of their noise more than 12-fold and are at most 8.3
# pixels thick; the longest path is 3.5, none has more than 2 holes, and the broadest is 1.5 times as wide as high.
_LEAST_CONTRAST = 8.0
_CONTRAST_TO_NOISE = 5.5
_SHORTEST = 0.03
_MOST_GROUPS = 12
_THICKEST = 10.0
_WIDEST = 7.0
_LONGEST_PATH = 4.0
_MOST_HOLES = 3
_BROADEST = 1.8
# A rectangle with little cut out of it, such as the ground of a light digit; narrow ones may be a 1.
_MOST_FILLED = 0.62
_NARROWEST_SLAB = 0.5
# A dash is as long as its path; several digits that touch are not.
_DASH = 1.6


def judge(statistics: Statistics) -> Finding:
    """Return what the picture shows."""
    least = _LEAST_CONTRAST + _CONTRAST_TO_NOISE * statistics.noise
    if statistics.contrast < least or not statistics.digits or statistics.length < _SHORTEST:
        return Finding.NOTHING
    if statistics.digits > _MOST_GROUPS:
        return Finding.NOT_A_DIGIT
    if statistics.digits > 1:
        return Finding.SEVERAL
    is_blot = statistics.thickest > _THICKEST or statistics.stroke_width > _WIDEST
    is_slab = (
        statistics.lining >= FRAME and statistics.filled > _MOST_FILLED and statistics.aspect > _NARROWEST_SLAB
    )
    is_tangle = statistics.path > _LONGEST_PATH or statistics.holes > _MOST_HOLES
    if is_blot or is_slab or is_tangle:
        return Finding.NOT_A_DIGIT
    if statistics.aspect > _BROADEST:
        return Finding.NOT_A_DIGIT if statistics.path < _DASH else Finding.SEVERAL
    return Finding.DIGIT


# Things in photos look like sheets, and edges across them like strokes. The digits on 80 sheets and plots made of
# validation images are at most 0.78 as long as the sheet's shorter side and at least 81 grey levels apart from it.
_LONGEST_ON_SHEET = 0.85
_LEAST_ON_SHEET = 35.0


def judge_sheet(statistics: Statistics) -> Finding:
    """Return what a sheet shows that was cut out of a picture: writing is clear there and has a margin."""
    finding = judge(statistics)
    is_plain = statistics.contrast >= _LEAST_ON_SHEET and statistics.length <= _LONGEST_ON_SHEET
    return finding if is_plain or finding is not Finding.DIGIT else Finding.NOT_A_DIGIT
