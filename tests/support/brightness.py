"""A recogniser whose classes are how bright a tile is, for tests of everything around a model."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mnistkit.checkpoint import CheckpointInfo
from mnistkit.imaging.prepared import Finding, Prepared
from mnistkit.inference.checkpoints import FoundCheckpoint
from mnistkit.inference.recogniser import Recogniser

INFO = CheckpointInfo(
    architecture="none",
    classes=("low", "middle", "high"),
    mean=0.1,
    std=0.3,
    dataset="none",
    split="",
    recipe={},
    seed=0,
    epoch=1,
    calibration={"temperature": 2.0, "threshold": 0.6, "false_alarm_rate": 0.0, "n": 5},
)


class Brightness:
    """A backend whose classes are how bright a tile is; it notes what it was given."""

    lanes = 2

    def __init__(self) -> None:
        self.given: list[NDArray[np.uint8]] = []

    def logits(self, tiles: NDArray[np.uint8]) -> NDArray[np.float32]:
        self.given.append(tiles)
        mean = tiles.reshape(len(tiles), 28 * 28).mean(axis=1)
        return np.stack([4 - mean, 0 * mean, mean - 40], axis=1).astype(np.float32)

    @contextmanager
    def threads(self, count: int) -> Iterator[Executor]:
        with ThreadPoolExecutor(count, "lane") as pool:
            yield pool


def recogniser(**changes: object) -> Recogniser:
    return Recogniser(FoundCheckpoint(Path("runs/a/model.safetensors"), replace(INFO, **changes)), Brightness())


def prepared(level: int, finding: Finding = Finding.DIGIT) -> Prepared:
    return Prepared(np.full((28, 28), level, np.uint8), finding, 1, (28, 28))
