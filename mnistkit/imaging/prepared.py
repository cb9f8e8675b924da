"""What the preparation of a picture gives. Nothing heavy is imported: results travel between processes."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

import numpy as np
from numpy.typing import NDArray


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
        thickest: Diameter of the largest disc inside the ink, in pixels of the same box.
        path: Length of the strokes, measured in the digit's longer side.
        holes: Loops that the strokes enclose.
        aspect: Width of the digit divided by its height.
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
    pieces: int
    digits: int
    kept_share: float
    length: float

    @classmethod
    def of_tile(cls, tile: NDArray[np.uint8]) -> Statistics:
        """Return the figures of an MNIST-like tile, whose strokes are not examined further."""
        share = np.count_nonzero(tile > 127) / tile.size
        return cls(float(tile.max()), 0.0, share, 0.0, 0.0, 0.0, 0, 0.0, 1, 1, 1.0, 20 / 28)


@dataclass(frozen=True)
class Step:
    """One stage of the preparation, to be shown.

    Attributes:
        name: Short and stable, such as "greyscale".
        title: One line for people.
        image: uint8 of shape (height, width) or (height, width, 3).
    """

    name: str
    title: str
    image: NDArray[np.uint8]


@dataclass(frozen=True)
class Prepared:
    """A picture as the model gets it.

    Attributes:
        tile: uint8 of shape (28, 28), light ink on black; black where nothing was found.
        finding: What the picture shows, judged by its ink alone.
        count: How many digits there seem to be.
        statistics: The figures behind the finding.
        already_tile: Whether the picture was an MNIST-like tile, which is passed on as it is.
        steps: The stages in order, if they were asked for.
    """

    tile: NDArray[np.uint8]
    finding: Finding
    count: int
    statistics: Statistics
    already_tile: bool
    steps: tuple[Step, ...] = ()
