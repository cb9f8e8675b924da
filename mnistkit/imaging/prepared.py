"""What the preparation of a picture gives. Nothing heavy is imported: results travel between processes."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class Finding(str, Enum):
    """What a picture shows."""

    DIGIT = "digit"
    NOTHING = "nothing"
    SEVERAL = "several"
    NOT_A_DIGIT = "not-a-digit"


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
    image: NDArray[np.uint8] = field(repr=False)


class Reading(NamedTuple):
    """Another tile as which a picture can be read.

    Attributes:
        tile: As :attr:`Prepared.tile`.
        title: One line for people: how it was made.
    """

    tile: NDArray[np.uint8]
    title: str


class Prepared(NamedTuple):
    """A picture as the model gets it; a tuple, since thousands travel between processes.

    Attributes:
        tile: uint8 of shape (28, 28), light ink on black; black where nothing was found.
        finding: What the picture shows, judged by its ink alone.
        digits: How many digits it seems to show; 0 where nothing was found.
        size: Width and height of the picture in pixels.
        notes: What the user should know about how the picture was read.
        steps: The stages in order, if they were asked for.
        others: What the picture may be read as besides ``tile``, where its proportions are not known for sure.
    """

    tile: NDArray[np.uint8]
    finding: Finding
    digits: int
    size: tuple[int, int]
    notes: tuple[str, ...] = ()
    steps: tuple[Step, ...] = ()
    others: tuple[Reading, ...] = ()

    def __repr__(self) -> str:
        width, height = self.size
        remarks = "".join(f"; {note}" for note in self.notes)
        return f"Prepared({width}x{height} pixels: {self.finding.value}{remarks})"

    def read_as(self, other: Reading) -> Prepared:
        """Return the picture with another reading's tile, and no readings besides."""
        steps = (*self.steps[:-1], Step("tile", other.title, other.tile)) if self.steps else ()
        return self._replace(tile=other.tile, steps=steps, others=())
