"""A trained model as targets get it: its program, its numbers, and what is to be said of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from mnistkit.checkpoint import CheckpointInfo
from mnistkit.export.program import Program


@dataclass(frozen=True, eq=False)
class WrongExample:
    """A test image that the model gets wrong.

    Attributes:
        tile: uint8 of shape (28, 28), light ink on black.
        label: The number of the class it is said to be.
        index: Its place in the test set.
    """

    tile: NDArray[np.uint8]
    label: int
    index: int


@dataclass(frozen=True, eq=False)
class Exported:
    """A trained model, ready to be written.

    Attributes:
        name: What it is called: that of its run, its file or its bundled model.
        info: The description of its checkpoint.
        program: Computes the logits of normalised images; has no batch normalisations.
        tensors: Those that the program takes, by name.
        temperature: The logits are divided by it before their softmax.
        threshold: An answer less probable than this is none, 0 to 1.
        wrong: Test images that it gets wrong, the gravest mistakes first; empty where none are to be shown.
        wrong_in_all: How many it gets wrong.
        tested: Of how many.
    """

    name: str
    info: CheckpointInfo
    program: Program
    tensors: Mapping[str, NDArray[np.float32]]
    temperature: float
    threshold: float
    wrong: tuple[WrongExample, ...] = ()
    wrong_in_all: int = 0
    tested: int = 0

    @cached_property
    def parameters(self) -> int:
        """How many numbers the tensors hold."""
        return sum(each.size for each in self.tensors.values())
