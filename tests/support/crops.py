"""Pictures that are all digit, as segmentation steps and older datasets give them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from mnistkit.data.base import LabelledImages

SIDES = (12, 16, 20, 32)
SHAPES = ("tight", "square", "stretched")
# Which grey levels of MNIST belong to the digit, where the crop keeps them and where it has two values.
_FAINT, _SOLID = 32, 64
_TWO_VALUED = 110


@dataclass(frozen=True)
class Form:
    """How a crop is made.

    Attributes:
        side: Pixels of its longer side.
        shape: "tight" touches all four edges with its proportions kept; "square" is widened by bare ground to a
            square, so that the digit touches two edges; "stretched" is drawn out to a square that it fills.
        is_two_valued: Whether there are no levels but 0 and 255.
        is_dark: Whether the ink is dark on light.
    """

    side: int
    shape: str = "tight"
    is_two_valued: bool = False
    is_dark: bool = False


FORMS = tuple(Form(*each) for each in product(SIDES, SHAPES, (False, True), (False, True)))


def crop_of(tile: NDArray[np.uint8], form: Form) -> NDArray[np.uint8]:
    """Return a crop of an MNIST image of shape (28, 28)."""
    ink = tile >= (_SOLID if form.is_two_valued else _FAINT)
    rows, columns = (np.flatnonzero(ink.any(axis=axis)) for axis in (1, 0))
    digit = tile[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    longer = max(digit.shape)
    if form.shape == "square":
        missing = [longer - length for length in digit.shape]
        digit = np.pad(digit, [(each // 2, each - each // 2) for each in missing])
    height, width = (max(1, round(length * form.side / longer)) for length in digit.shape)
    size = (form.side, form.side) if form.shape == "stretched" else (width, height)
    kind = Image.Resampling.BOX if form.side < longer else Image.Resampling.BICUBIC
    pixels = np.asarray(Image.fromarray(digit).resize(size, kind))
    if form.is_two_valued:
        pixels = np.where(pixels >= _TWO_VALUED, 255, 0).astype(np.uint8)
    return 255 - pixels if form.is_dark else pixels


def small_digits() -> Iterator[tuple[NDArray[np.uint8], int]]:
    """Yield the 8x8 digits of scikit-learn, of 17 levels, as pictures light on dark, with their labels."""
    from sklearn.datasets import load_digits

    digits = load_digits()
    for levels, label in zip(digits.images, digits.target.tolist(), strict=True):
        yield (levels * (255 / 16)).round().astype(np.uint8), label


def sample(data: LabelledImages, count: int, seed: int) -> list[tuple[NDArray[np.uint8], int]]:
    """Return ``count`` images with their labels, drawn without repetition."""
    places = np.random.default_rng(seed).choice(len(data), count, replace=False).tolist()
    return [(data.images[place], int(data.labels[place])) for place in places]
