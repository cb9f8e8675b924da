"""What a picture shows, judged by contrast and ink before any network sees it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

import numpy as np

from mnistkit.imaging.threshold import InkLevels

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mnistkit.imaging.components import Layout


class Finding(str, Enum):
    """What a picture shows."""

    DIGIT = "digit"
    NOTHING = "nothing"
    SEVERAL = "several"
    NOT_A_DIGIT = "not a digit"


@dataclass(frozen=True)
class Statistics:
    """Figures about the ink of a picture.

    Attributes:
        contrast: How far ink and ground lie apart, in grey levels.
        noise: Spread of the ground, in grey levels.
        ink_share: Part of the picture that is ink, 0 to 1.
        stroke_width: In pixels of the 20x20 box, before it was brought into MNIST's range.
        solidity: Part of the box around the digit that is ink, 0 to 1.
        pieces: Connected pieces of ink that are not specks.
        digits: Digit-like groups of pieces.
        kept_share: Part of all ink that belongs to the digit, 0 to 1.
        length: The digit's longer side as a part of the picture's shorter side.
    """

    contrast: float
    noise: float
    ink_share: float
    stroke_width: float
    solidity: float
    pieces: int
    digits: int
    kept_share: float
    length: float

    @classmethod
    def of(
        cls, levels: InkLevels, mask: NDArray[np.bool_], layout: Layout, width: float, solidity: float
    ) -> Statistics:
        """Collect the figures."""
        ink, kept = np.count_nonzero(mask), np.count_nonzero(layout.mask)
        rows, columns = (np.flatnonzero(layout.mask.any(axis=axis)) for axis in (1, 0))
        length = max((int(side[-1] - side[0]) + 1 for side in (rows, columns) if side.size), default=0)
        return cls(
            levels.contrast,
            levels.noise,
            ink / mask.size,
            width,
            solidity,
            layout.pieces,
            layout.count,
            min(1.0, kept / ink) if ink else 0.0,
            length / min(mask.shape),
        )

    @classmethod
    def of_tile(cls, tile: NDArray[np.uint8]) -> Statistics:
        """Return the figures of an MNIST-like tile, which is not examined further."""
        share = float(np.count_nonzero(tile > 127)) / tile.size
        return cls(float(tile.max()), 0.0, share, 0.0, share, 1, 1, 1.0, 20 / 28)


_LEAST_CONTRAST = 14.0
_CONTRAST_TO_NOISE = 5.0


def judge(statistics: Statistics) -> Finding:
    """Return what the picture shows."""
    if statistics.contrast < max(_LEAST_CONTRAST, _CONTRAST_TO_NOISE * statistics.noise) or not statistics.digits:
        return Finding.NOTHING
    if statistics.digits > 1:
        return Finding.SEVERAL
    return Finding.DIGIT
