"""Logits by numpy, from a model's program: without torch, whose import takes longer than thousands of tiles."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import AbstractContextManager
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mnistkit.checkpoint import RETRAIN_HINT, CheckpointInfo, load_arrays
from mnistkit.exceptions import CheckpointError
from mnistkit.export.numpy_program import NumpyProgram
from mnistkit.export.program import Program
from mnistkit.inference.checkpoints import FoundCheckpoint
from mnistkit.threads import thread_count_without_torch


class NumpyBackend:
    """A program and its tensors.

    Args:
        program: Maps normalised float arrays of shape (n, 1, 28, 28) to logits.
        info: Holds the normalisation.
    """

    def __init__(self, program: NumpyProgram, info: CheckpointInfo) -> None:
        self._program = program
        self._mean, self._std = np.float32(info.mean), np.float32(info.std)
        self._classes = len(info.classes)

    @classmethod
    def load(cls, checkpoint: FoundCheckpoint) -> NumpyBackend:
        """Load the weights of a checkpoint; one without a program is lowered, which takes torch after all.

        Raises:
            CheckpointError: the file or its program is damaged.
            LoweringError: there is no program, and the architecture cannot have one.
        """
        return load_program(checkpoint).backend

    def check(self) -> None:
        """See that the program gives an output for each class, by an empty picture.

        Raises:
            ValueError: it does not.
        """
        shape = self.logits(np.zeros((1, 28, 28), dtype=np.uint8)).shape
        if shape != (1, self._classes):
            raise ValueError(f"its output has the shape {shape}")

    def logits(self, tiles: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Return the logits, shape (n, classes), of tiles of shape (n, 28, 28)."""
        if not len(tiles):
            return np.zeros((0, self._classes), dtype=np.float32)
        levels = np.asarray(tiles, dtype=np.float32)[:, None] / np.float32(255)
        return self._program((levels - self._mean) / self._std)

    @property
    def lanes(self) -> int:
        """How many batches it pays to compute at the same time: each is computed by a single thread."""
        return thread_count_without_torch()

    def threads(self, count: int) -> AbstractContextManager[Executor]:
        """Give that many threads for calls of :meth:`logits` side by side."""
        return ThreadPoolExecutor(count, "mnistkit")


class LoadedProgram(NamedTuple):
    """A checkpoint's program, known to fit its tensors.

    Attributes:
        program: The program.
        tensors: All of the checkpoint, by name.
        backend: What computes it.
    """

    program: Program
    tensors: Mapping[str, NDArray[Any]]
    backend: NumpyBackend


def load_program(checkpoint: FoundCheckpoint) -> LoadedProgram:
    """Load what a checkpoint's program needs; see :meth:`NumpyBackend.load`."""
    path, info = checkpoint.path, checkpoint.info
    tensors = load_arrays(path)
    try:
        program = _program_of(info)
        backend = NumpyBackend(NumpyProgram(program, tensors), info)
        backend.check()
    except (ValueError, TypeError, LookupError, ArithmeticError, MemoryError) as error:
        raise CheckpointError(
            f"{path}: its program does not fit its tensors: {error}",
            hint=f"--backend torch does without it; or {RETRAIN_HINT}",
        ) from error
    return LoadedProgram(program, tensors, backend)


def _program_of(info: CheckpointInfo) -> Program:
    """Return a checkpoint's program, or raise ValueError; one that carries none is lowered, which takes torch."""
    if info.program:
        return Program.of(info.program)
    from mnistkit.export.lower import lower_architecture

    return lower_architecture(info.architecture, len(info.classes))
