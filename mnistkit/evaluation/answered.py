"""What ``predict`` says about the pictures of a split: named rightly, named wrongly, or refused."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mnistkit.data.base import Origin
from mnistkit.imaging.prepared import Finding
from mnistkit.inference.answers import Verdict, verdict
from mnistkit.inference.calibration import Calibration


@dataclass(frozen=True)
class Answered:
    """How many pictures get which kind of answer.

    Attributes:
        right: Pictures whose class is named.
        wrong: Pictures for which another class is named.
        unsure: Refused, because no class is probable enough.
        nothing: Refused, because nothing is found.
        several: Refused, because more than one digit is found.
        not_a_digit: Refused, because what is found does not look like a digit.
    """

    right: int
    wrong: int
    unsure: int
    nothing: int
    several: int
    not_a_digit: int

    @property
    def refused(self) -> int:
        """Pictures for which no class is named."""
        return self.unsure + self.nothing + self.several + self.not_a_digit

    @property
    def total(self) -> int:
        """All pictures."""
        return self.right + self.wrong + self.refused

    def to_json(self) -> dict[str, int]:
        """Return plain values; what is refused stands under the verdict's own word."""
        return {
            "right": self.right,
            "wrong": self.wrong,
            Verdict.UNSURE.value: self.unsure,
            Verdict.NOTHING.value: self.nothing,
            Verdict.SEVERAL.value: self.several,
            Verdict.NOT_A_DIGIT.value: self.not_a_digit,
        }


def count_answers(
    origins: Sequence[Origin], labels: NDArray[np.int64], logits: NDArray[np.float32], calibration: Calibration
) -> Answered:
    """Count the answers that ``predict`` gives about pictures.

    Args:
        origins: The n pictures, with what was found in each.
        labels: int64 array of shape (n,).
        logits: Array of shape (n, classes).
        calibration: That of the checkpoint.
    """
    shares = calibration.probabilities(logits)
    is_right = shares.argmax(axis=1) == labels
    confidences = shares.max(axis=1)
    kinds: Counter[Verdict] = Counter()
    right = 0
    for origin, hit, confidence in zip(origins, is_right.tolist(), confidences.tolist(), strict=True):
        kind = verdict(Finding(origin.finding), confidence, calibration)
        kinds[kind] += 1
        right += hit and kind is Verdict.DIGIT
    return Answered(
        right=right,
        wrong=kinds[Verdict.DIGIT] - right,
        unsure=kinds[Verdict.UNSURE],
        nothing=kinds[Verdict.NOTHING],
        several=kinds[Verdict.SEVERAL],
        not_a_digit=kinds[Verdict.NOT_A_DIGIT],
    )
