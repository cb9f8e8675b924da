"""What is answered about a picture: a digit, or why there is none.

The words for answers stand here and nowhere else. Terminal, tab- and comma-separated values, JSON and the objects
of the Python API all use them: the values of :class:`Verdict`, :data:`ERROR`, and the names of the fields.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any

from mnistkit.exceptions import MnistkitError
from mnistkit.imaging.prepared import Finding, Prepared
from mnistkit.inference.calibration import Calibration
from mnistkit.notebook import Drawn
from mnistkit.numbers import probability

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from mnistkit.checkpoint import CheckpointInfo

SCHEMA = "mnistkit/predict/2"
"""Form and version of the JSON document of all answers."""

LINE_SCHEMA = "mnistkit/predict-line/2"
"""Form and version of the JSON of one answer."""

DEFAULT_TOP = 3
"""How many classes are shown of a picture where nothing else is asked for."""


class Verdict(str, Enum):
    """The kinds of answer; all but the first are refusals.

    Attributes:
        DIGIT: A class is named.
        UNSURE: No class is probable enough to be named.
        NOTHING: Nothing is found.
        SEVERAL: More than one digit is found.
        NOT_A_DIGIT: What is found does not look like a digit.
    """

    DIGIT = "digit"
    UNSURE = "unsure"
    NOTHING = "nothing"
    SEVERAL = "several"
    NOT_A_DIGIT = "not-a-digit"


ERROR = "error"
"""Stands where a verdict would, for a picture that could not be read."""

VERDICTS = (*(verdict.value for verdict in Verdict), ERROR)
"""All words that can stand there."""


# Where there is nothing, or more than one digit, the model's opinion of the tile is an opinion of something else.
WITHOUT_RANKING = (Verdict.NOTHING, Verdict.SEVERAL)
"""The verdicts that name no class, not even as a guess."""


@dataclass(frozen=True)
class Answer(Drawn):
    """What is answered about one picture.

    Attributes:
        name: The picture's path, or "-" for standard input.
        verdict: Whether a digit is named.
        ranking: Classes with their calibrated probabilities, the most probable first; empty where nothing was
            found, or several digits.
        picture: The picture as the model got it: its tile, size, notes and steps, and how many digits it shows.
        calibration: What made the probabilities, and the threshold below which no digit is named.
    """

    name: str
    verdict: Verdict
    ranking: tuple[tuple[str, float], ...]
    picture: Prepared
    calibration: Calibration

    def __repr__(self) -> str:
        share = "" if self.probability is None else f", {probability(self.probability)}"
        return f"Answer({self.name!r}: {self.word}{share})"

    @property
    def digit(self) -> str | None:
        """The class named; None if the answer is a refusal."""
        return self.ranking[0][0] if self.verdict is Verdict.DIGIT else None

    @property
    def guess(self) -> str | None:
        """The most probable class, named or not; None where there is no ranking."""
        return self.ranking[0][0] if self.ranking else None

    @property
    def probability(self) -> float | None:
        """That of the guess; None where there is none."""
        return self.ranking[0][1] if self.ranking else None

    @property
    def count(self) -> int:
        """How many digits the picture seems to show; 0 where nothing was found."""
        return self.picture.digits

    @property
    def word(self) -> str:
        """The whole answer in a word: "7", "unsure:7" (what it would have been), "nothing", "several:3" (how many)
        or "not-a-digit".
        """
        detail = {Verdict.UNSURE: self.guess, Verdict.SEVERAL: self.count}.get(self.verdict)
        return self.digit or (self.verdict.value if detail is None else f"{self.verdict.value}:{detail}")

    def to_json(self, top: int) -> dict[str, Any]:
        """Return plain values, with the ``top`` most probable classes."""
        width, height = self.picture.size
        return {
            "path": self.name,
            "verdict": self.verdict.value,
            "digit": self.digit,
            "guess": self.guess,
            "probability": self.probability,
            "count": self.count,
            "width": width,
            "height": height,
            "notes": list(self.picture.notes),
            "top": [{"guess": name, "probability": share} for name, share in self.ranking[:top]],
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

    def __repr__(self) -> str:
        return f"Failure({self.error.message})"

    def to_json(self, top: int) -> dict[str, Any]:
        """Return plain values."""
        return {"path": self.name, "verdict": ERROR, "error": self.error.message}


def answers_document(
    checkpoint: str, info: CheckpointInfo, results: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    """Return the plain values of the document of all answers, whose form is :data:`SCHEMA`.

    Args:
        checkpoint: What it is called.
        info: Its description.
        results: What ``to_json`` returned for each picture.
    """
    counts = Counter(each["verdict"] for each in results)
    return {
        "checkpoint": checkpoint,
        "architecture": info.architecture,
        "classes": info.classes,
        "calibration": Calibration.of(info.calibration).to_dict(),
        "n": len(results),
        "verdicts": {word: counts[word] for word in VERDICTS},
        "pictures": list(results),
    }


def verdict(finding: Finding, confidence: float, calibration: Calibration) -> Verdict:
    """Return the kind of answer.

    The preparation's finding comes first: only of one digit-like shape is the model asked, and its answer counts
    if it is probable enough.

    Args:
        finding: What the picture shows, judged by its ink alone.
        confidence: The probability of the most probable class.
        calibration: Holds the threshold.
    """
    if finding is Finding.DIGIT and confidence < calibration.threshold:
        return Verdict.UNSURE
    return Verdict(finding.value)


def answer(
    names: Sequence[str],
    pictures: Sequence[Prepared],
    logits: NDArray[np.float32],
    classes: Sequence[str],
    calibration: Calibration,
) -> list[Answer]:
    """Return what is answered about pictures.

    Args:
        names: What n pictures are called.
        pictures: The pictures.
        logits: Array of shape (n, classes): the model's outputs for their tiles.
        classes: The class names in the order of the logits.
        calibration: What turns logits into probabilities, and the threshold.
    """
    import numpy as np

    shares = calibration.probabilities(logits)
    order = np.argsort(-shares, axis=1, kind="stable")
    ranked = np.take_along_axis(shares, order, axis=1)
    answers = []
    for name, picture, numbers, places in zip(names, pictures, ranked.tolist(), order.tolist(), strict=True):
        kind = verdict(picture.finding, numbers[0], calibration)
        ranking = tuple(zip([classes[place] for place in places], numbers, strict=True))
        answers.append(Answer(name, kind, () if kind in WITHOUT_RANKING else ranking, picture, calibration))
    return answers
