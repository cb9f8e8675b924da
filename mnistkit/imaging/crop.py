"""Pictures that are all digit: tight crops, as segmentation and older datasets give them, and tiny pictures.

The steps for a page take for granted that ink is rare and has a margin. In a crop it may be the larger part of the
picture and touch all four edges, and there may be too few pixels to tell paper from writing by their surroundings.
A crop has something that pages lack, though: two levels, ground and ink, and one piece of ink from edge to edge.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

from mnistkit.imaging.greyscale import to_grey
from mnistkit.imaging.threshold import EIGHT

TINY = 10
"""Pictures whose longer side has at most so many pixels are crops, whether their ink touches the edges or not."""

FEW = 40
"""With at most so many pixels on the longer side, most of them lie on an edge of a stroke."""

_SIDE = 64
# Levels between the darkest and the lightest, at least.
_CONTRAST = 24.0
# Which part of the levels' variance the two levels must explain. An even slope and noise have 0.75; of 7,000 crops
# of MNIST's training images and the chosen half of scikit-learn's digits, 99.8 % have 0.768 and more.
_TWO_LEVELS = 0.768
_BAR = 0.4
_LEVELS_OF_A_BAR = 0.6
# Smaller pieces, as a part of the picture, are dirt.
_SPECK = 0.01
# The largest piece has this part of the ink, and it touches so many of the picture's sides. Strokes of few pixels
# break and fade.
_ONE_PIECE, _ONE_PIECE_OF_FEW = 0.9, 0.55
_SIDES, _SIDES_OF_FEW = 2, 1
# A crop's digit is in its middle: its margins differ by this part of the picture at most.
_LOPSIDED = 0.4


@dataclass(frozen=True, eq=False)
class Crop:
    """A picture that is all digit.

    Attributes:
        cover: float32 of shape (height, width): how much of each pixel is ink, 0 to 1.
        contrast: How far ink and ground lie apart, in grey levels.
        noise: Spread of the ground, in grey levels.
        is_dark: Whether the ink is darker than the ground.
        has_few_pixels: Whether there are too few to measure strokes in them.
        is_tiny: Whether there are so few pixels that their grey levels say more than any mask.
        is_stretched: Whether the ink touches all sides of a square, as where every crop is made a square.
    """

    cover: NDArray[np.float32]
    contrast: float
    noise: float
    is_dark: bool
    has_few_pixels: bool
    is_tiny: bool
    is_stretched: bool


@dataclass(frozen=True, eq=False)
class _Part:
    """The darker or the lighter part of a picture, as if it were the ink."""

    mask: NDArray[np.bool_]
    pieces: int
    largest: float
    sides: int
    is_upright: bool
    lopsided: float

    @classmethod
    def of(cls, mask: NDArray[np.bool_]) -> _Part:
        labels, _ = ndimage.label(mask, EIGHT)
        areas = np.bincount(labels.reshape(-1))[1:]
        main: NDArray[np.bool_] = labels == 1 + int(np.argmax(areas))
        sides = sum(bool(side.any()) for side in (main[0], main[-1], main[:, 0], main[:, -1]))
        pieces = int(np.count_nonzero(areas >= _SPECK * mask.size))
        along = (np.asarray(mask.any(axis=axis)) for axis in (0, 1))
        margins = ((side.argmax(), side[::-1].argmax(), side.size) for side in along)
        lopsided = max(abs(int(before) - int(behind)) / length for before, behind, length in margins)
        is_upright = bool(main[0].any() and main[-1].any())
        return cls(mask, pieces, float(areas.max() / areas.sum()), sides, is_upright, lopsided)

    def unlikeness(self) -> float:
        """Return how little this is like ink: in pieces, large, and at home on the edge and in the corners.

        Of 16,000 crops of MNIST's training images and of scikit-learn's 8x8 digits, light on dark and dark on
        light, it chose the right part of all but 10, which were upright bars with nothing beside them.
        """
        mask = self.mask
        edge = np.concatenate([mask[0], mask[-1], mask[:, 0], mask[:, -1]])
        corners = mask[:: max(1, mask.shape[0] - 1), :: max(1, mask.shape[1] - 1)]
        return self.pieces + float(mask.mean() + edge.mean() + corners.mean())


def find_crop(pixels: NDArray[np.uint8]) -> Crop | None:
    """Return a picture as a crop, None if it is none: it has more levels than two, or its ink has a margin.

    Args:
        pixels: uint8 of shape (height, width) or (height, width, 3).
    """
    # Most pictures are no crops, which a small copy tells at little cost.
    small = to_grey(_reduced(pixels))
    threshold, explained = _split(small)
    few, is_tiny = max(pixels.shape[:2]) <= FEW, max(pixels.shape[:2]) <= TINY
    # A bar that fills its picture leaves nothing of the ground but a few edges.
    is_bar = few and pixels.shape[1] <= _BAR * pixels.shape[0]
    if explained < (_LEVELS_OF_A_BAR if is_bar else _TWO_LEVELS) or np.ptp(small) < _CONTRAST:
        return None
    dark, light = _Part.of(small < threshold), _Part.of(small > threshold)
    is_dark = dark.unlikeness() < light.unlikeness()
    if is_bar and dark.is_upright != light.is_upright:
        is_dark = dark.is_upright
    ink = dark if is_dark else light
    # Of a bar's width, a single pixel of ground beside it is too much.
    is_aside = ink.lopsided > _LOPSIDED and not (is_bar and ink.is_upright)
    if ink.largest < (_ONE_PIECE_OF_FEW if few else _ONE_PIECE) or is_aside:
        return None
    if ink.sides < (_SIDES_OF_FEW if few else _SIDES) and not is_tiny:
        return None
    grey = to_grey(pixels)
    strength = threshold - grey if is_dark else grey - threshold
    low, high, noise = _levels(strength, few)
    cover = np.clip((strength - low) / max(high - low, 1e-6), 0, 1).astype(np.float32)
    return Crop(cover, high - low, noise, is_dark, few, is_tiny, _fills_a_square(ink))


def _reduced(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    factor = -(-max(pixels.shape[:2]) // _SIDE)
    return pixels if factor == 1 else np.asarray(Image.fromarray(pixels).reduce(factor))


def _split(grey: NDArray[np.float32]) -> tuple[float, float]:
    """Return the threshold that parts the levels best, and which part of their variance the two parts explain.

    Otsu (1979), "A threshold selection method from gray-level histograms".
    """
    levels = np.sort(grey, axis=None).astype(np.float64)
    below = np.arange(1, levels.size)
    sums = np.cumsum(levels)
    means = sums[:-1] / below, (sums[-1] - sums[:-1]) / (levels.size - below)
    between = below * (levels.size - below) * (means[1] - means[0]) ** 2
    if not between.size or not between.max():
        return float(levels[0]), 0.0
    place = int(np.argmax(between))
    explained = float(between[place] / levels.size**2 / max(float(levels.var()), 1e-9))
    return float(levels[place] + levels[place + 1]) / 2, explained


def _fills_a_square(ink: _Part) -> bool:
    mask = ink.mask
    touches = all(bool(side.any()) for side in (mask[0], mask[-1], mask[:, 0], mask[:, -1]))
    return touches and 0.9 <= mask.shape[1] / mask.shape[0] <= 1.1


def _levels(strength: NDArray[np.float32], few: bool) -> tuple[float, float, float]:
    """Return the levels of ground and ink and the ground's spread, from strengths positive on ink."""
    if few:
        low, high = (float(value) for value in np.percentile(strength, [1, 99]))
        return low, high, 0.0
    ground = strength[strength <= 0]
    low = float(np.median(ground))
    return low, float(np.median(strength[strength > 0])), low - float(np.percentile(ground, 15))
