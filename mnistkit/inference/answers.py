"""What is answered about a picture: a digit, or why there is none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any, NamedTuple

from mnistkit.exceptions import MnistkitError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from torch import Tensor

    from mnistkit.imaging.prepared import Finding, Step
    from mnistkit.inference.calibration import Calibration


class Verdict(str, Enum):
    """The kinds of answer; all but the first are refusals."""

    DIGIT = "digit"
    UNSURE = "unsure"
    NOTHING = "nothing"
    SEVERAL = "several"
    NOT_A_DIGIT = "not a digit"


# Where there is nothing, or more than one digit, the model's opinion of the tile is an opinion of something else.
_WITHOUT_RANKING = (Verdict.NOTHING, Verdict.SEVERAL)


@dataclass(frozen=True)
class Answer:
    """What is answered about one picture.

    Attributes:
        name: The picture's path, or "-" for standard input.
        verdict: Whether a digit is named.
        ranking: Classes with their calibrated probabilities, the most probable first; empty where nothing was
            found, or several digits.
        count: How many digits the picture shows.
        tile: uint8 array of shape (28, 28): what the model was given.
        size: The picture's width and height in pixels.
        notes: What the user should know about how the picture was read.
        steps: The stages of its preparation, if they were asked for.
    """

    name: str
    verdict: Verdict
    ranking: tuple[tuple[str, float], ...]
    count: int
    tile: NDArray[np.uint8]
    size: tuple[int, int]
    notes: tuple[str, ...] = ()
    steps: tuple[Step, ...] = ()

    @property
    def digit(self) -> str | None:
        """The class named; None if the answer is a refusal."""
        return self.ranking[0][0] if self.verdict is Verdict.DIGIT else None

    @property
    def probability(self) -> float | None:
        """That of the most probable class; None where there is no ranking."""
        return self.ranking[0][1] if self.ranking else None

    def to_json(self, top: int) -> dict[str, Any]:
        """Return plain values, with the ``top`` most probable classes."""
        width, height = self.size
        return {
            "path": self.name,
            "answer": self.verdict.value,
            "digit": self.digit,
            "probability": self.probability,
            "count": self.count,
            "width": width,
            "height": height,
            "notes": list(self.notes),
            "top": [{"digit": name, "probability": share} for name, share in self.ranking[:top]],
        }


@dataclass(frozen=True)
class Failure:
    """A picture that could not be read.

    Attributes:
        name: Its path, or what was asked for.
        error: What is wrong; its message names the picture.
    """

    name: str
    error: MnistkitError

    def to_json(self, top: int) -> dict[str, Any]:
        """Return plain values."""
        return {"path": self.name, "answer": "error", "error": self.error.message}


class ReadPicture(NamedTuple):
    """A picture that has been read and prepared, but not classified; light, since it travels between processes.

    Attributes:
        finding: What the picture shows, judged by its ink alone.
        digits: How many digits it shows, 0 where nothing was found; the ``count`` of :class:`Answer`, whose other
            attributes are the same here.
    """

    name: str
    finding: Finding
    digits: int
    tile: NDArray[np.uint8]
    size: tuple[int, int]
    notes: tuple[str, ...]
    steps: tuple[Step, ...]


def answer(
    pictures: Sequence[ReadPicture], logits: Tensor, classes: Sequence[str], calibration: Calibration
) -> list[Answer]:
    """Return what is answered about pictures.

    The preparation's finding comes first: only of one digit-like shape is the model asked, and its answer counts
    if it is probable enough.

    Args:
        pictures: n pictures.
        logits: Float tensor of shape (n, classes): the model's outputs for their tiles.
        classes: The class names in the order of the logits.
        calibration: What turns logits into probabilities, and the threshold.
    """
    shares, order = calibration.probabilities(logits).sort(dim=1, descending=True, stable=True)
    answers = []
    for picture, numbers, places in zip(pictures, shares.tolist(), order.tolist(), strict=True):
        verdict = Verdict(picture.finding.value)
        if verdict is Verdict.DIGIT and numbers[0] < calibration.threshold:
            verdict = Verdict.UNSURE
        ranking = tuple(zip([classes[place] for place in places], numbers, strict=True))
        answers.append(
            Answer(
                picture.name,
                verdict,
                () if verdict in _WITHOUT_RANKING else ranking,
                picture.digits,
                picture.tile,
                picture.size,
                picture.notes,
                picture.steps,
            )
        )
    return answers
