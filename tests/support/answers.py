"""Answers to show, without a model."""

from __future__ import annotations

import numpy as np

from mnistkit.imaging.prepared import Finding, Prepared
from mnistkit.inference.answers import Answer, Verdict
from mnistkit.inference.calibration import Calibration

RANKING = (("7", 0.93), ("1", 0.0625), ("9", 0.0075))


CALIBRATION = Calibration(1.1, 0.73, 0.005, 5000)


def answer(verdict: Verdict = Verdict.DIGIT, **changes: object) -> Answer:
    ranking = () if verdict in (Verdict.NOTHING, Verdict.SEVERAL) else RANKING
    tile = np.zeros((28, 28), dtype=np.uint8)
    tile[8:20, 14] = 255
    finding = Finding(Verdict.DIGIT.value if verdict is Verdict.UNSURE else verdict.value)
    notes = changes.pop("notes", ())
    picture = Prepared(tile, finding, 3, (90, 60), notes)
    return Answer(
        **{
            "name": "x.png",
            "verdict": verdict,
            "ranking": ranking,
            "picture": picture,
            "calibration": CALIBRATION,
            **changes,
        }
    )
