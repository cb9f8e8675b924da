"""The Recogniser: pictures in, answers out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from mnistkit.device import FP32
from mnistkit.exceptions import CheckpointError, MnistkitError, UsageError
from mnistkit.imaging.chunks import MOST, picture_name, read_chunk
from mnistkit.imaging.limits import DEFAULT_LIMITS, Limits
from mnistkit.inference.answers import Answer, Failure, answer
from mnistkit.inference.calibration import Calibration
from mnistkit.inference.checkpoints import FoundCheckpoint, not_finite
from mnistkit.preparation import Preparation
from mnistkit.recipe import IMAGE_SIZE

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from mnistkit.checkpoint import CheckpointInfo
    from mnistkit.imaging.load import PictureSource
    from mnistkit.imaging.prepared import Prepared
    from mnistkit.inference.backends import Backend

BATCH_SIZE = 500
"""Tiles in a forward pass where nothing else is asked for."""


class Recogniser:
    """A trained model that says what pictures show.

    It owns the model, and with it the preparation, the classes and the threshold of the checkpoint. It reads no
    command line, starts no process and prints nothing.

    Args:
        checkpoint: The checkpoint, whose description says how pictures are prepared and answers are made.
        backend: Computes the logits of its weights.
        limits: Which pictures are refused for their size.

    Raises:
        CheckpointError: the checkpoint is for images of another size.

    Attributes:
        checkpoint: The checkpoint.
        backend: The backend.
        calibration: What turns logits into probabilities, and the threshold.
    """

    def __init__(self, checkpoint: FoundCheckpoint, backend: Backend, *, limits: Limits = DEFAULT_LIMITS) -> None:
        check_input_size(checkpoint)
        self.checkpoint, self.backend, self._limits = checkpoint, backend, limits
        self.calibration = Calibration.of(checkpoint.info.calibration)

    @classmethod
    def load(
        cls,
        checkpoint: FoundCheckpoint,
        *,
        device: str = "auto",
        precision: str = FP32.name,
        backend: str = "auto",
        pictures: int | None = None,
        batch_size: int = BATCH_SIZE,
        limits: Limits = DEFAULT_LIMITS,
    ) -> Recogniser:
        """Load the weights of a checkpoint once, into the backend that answers soonest.

        Args:
            checkpoint: As :func:`mnistkit.inference.checkpoints.find_checkpoints` finds it.
            device: As :func:`mnistkit.device.select_device` takes it.
            precision: As :func:`mnistkit.device.choose_precision` takes it; ``predict`` computes in fp32.
            backend: As :func:`mnistkit.inference.backends.choice.choose_backend` takes it.
            pictures: How many are to be recognised; None where nobody knows.
            batch_size: Tiles in a forward pass of torch, at most.
            limits: Which pictures are refused for their size.

        Raises:
            CheckpointError: the weights cannot be used.
            DeviceError: there is no such device, or it does not have the precision.
            UsageError: the backend does not have the device or the precision.
        """
        from mnistkit.inference.backends import NUMPY
        from mnistkit.inference.backends.choice import choose_backend

        check_input_size(checkpoint)
        chosen = choose_backend(checkpoint, backend, device=device, precision=precision, pictures=pictures)
        if chosen == NUMPY:
            from mnistkit.inference.backends.numpy import NumpyBackend

            return cls(checkpoint, NumpyBackend.load(checkpoint), limits=limits)
        from mnistkit.device import set_up_machine
        from mnistkit.inference.backends.pytorch import TorchBackend
        from mnistkit.inference.checkpoints import load_model

        machine = set_up_machine(device, precision)
        model = load_model(checkpoint, machine.device)
        in_torch = TorchBackend(model, checkpoint.info, batch_size=batch_size, precision=machine.precision)
        return cls(checkpoint, in_torch, limits=limits)

    @property
    def info(self) -> CheckpointInfo:
        """The description of the checkpoint."""
        return self.checkpoint.info

    @property
    def classes(self) -> tuple[str, ...]:
        """The class names in the order of the logits."""
        return self.info.classes

    @property
    def preparation(self) -> Preparation:
        """How pictures become what the model is given."""
        return self.info.preparation

    def __fspath__(self) -> str:
        # So that it can be given wherever a checkpoint can.
        return str(self.checkpoint.path)

    def __repr__(self) -> str:
        return f"Recogniser({self.checkpoint.name}: {self.info.architecture}, {len(self.classes)} classes)"

    def read(self, picture: PictureSource, *, keep_steps: bool = False) -> Answer:
        """Say what a picture shows.

        Args:
            picture: A path, the bytes of a file, a Pillow image, or a numpy array or torch tensor of any size:
                uint8 from 0 to 255, floats from 0 to 1, or booleans; grey or in colour, light on dark or dark on
                light. Where :attr:`preparation` is "tile", 28x28 pixels are taken as they are.
            keep_steps: Whether the answer holds the stages of the picture's preparation.

        Raises:
            PictureError: the picture cannot be read.
        """
        (result,) = self.read_all([picture], keep_steps=keep_steps)
        if isinstance(result, Failure):
            raise result.error
        return result

    def read_all(self, pictures: Iterable[PictureSource], *, keep_steps: bool = False) -> list[Answer | Failure]:
        """Say what each of several pictures shows, in their order; a failure stands for each that cannot be read.

        Args:
            pictures: As :meth:`read` takes one. An array of shape (n, height, width) is n grey pictures.
            keep_steps: Whether the answers hold the stages of the pictures' preparation.

        Raises:
            UsageError: a single path, or the bytes of a single file.
        """
        from mnistkit.imaging.decode import without_remarks

        if isinstance(pictures, (str, bytes, Path)):
            raise UsageError("read_all() takes several pictures, not one", hint="read() takes one")
        results: list[Answer | Failure] = []
        waiting = iter(pictures)
        with without_remarks():
            while chunk := list(islice(waiting, MOST)):
                names = [picture_name(each) for each in chunk]
                prepared = read_chunk(chunk, self.preparation, keep_steps=keep_steps, limits=self._limits)
                results.extend(self.answers(names, prepared))
        return results

    def answers(
        self, names: Sequence[str], pictures: Sequence[Prepared | MnistkitError]
    ) -> list[Answer | Failure]:
        """Return what is answered about pictures that are prepared already; failures stay where they are.

        Args:
            names: What the n pictures are called.
            pictures: Pictures prepared as :attr:`preparation` says, or why they could not be.

        Raises:
            CheckpointError: the model's outputs are not finite.
        """
        ready = [
            (name, each) for name, each in zip(names, pictures, strict=True) if not isinstance(each, MnistkitError)
        ]
        read, logits = self._surest([each for _, each in ready])
        found = iter(answer([name for name, _ in ready], read, logits, self.classes, self.calibration))
        return [
            Failure(name, each) if isinstance(each, MnistkitError) else next(found)
            for name, each in zip(names, pictures, strict=True)
        ]

    def _surest(self, pictures: Sequence[Prepared]) -> tuple[list[Prepared], NDArray[np.float32]]:
        """Return the pictures, each with that of its readings which the model is surest of, and the outputs."""
        import numpy as np

        tiles = [each.tile for each in pictures]
        others = [(place, other) for place, each in enumerate(pictures) for other in each.others]
        tiles += [other.tile for _, other in others]
        logits = self.logits(np.stack(tiles) if tiles else np.zeros((0, *IMAGE_SIZE), np.uint8))
        if not others:
            return list(pictures), logits
        sure = self.calibration.probabilities(logits).max(axis=1)
        best = list(range(len(pictures)))
        read = list(pictures)
        for row, (place, other) in enumerate(others, start=len(pictures)):
            if sure[row] > sure[best[place]]:
                best[place], read[place] = row, pictures[place].read_as(other)
        return read, logits[best]

    def logits(self, tiles: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Return the model's outputs for tiles.

        Args:
            tiles: uint8 array of shape (n, 28, 28), prepared as :attr:`preparation` says; background 0.

        Returns:
            Array of shape (n, classes).

        Raises:
            CheckpointError: they are not finite.
        """
        import numpy as np

        logits = self.backend.logits(tiles)
        if not np.isfinite(logits).all():
            raise not_finite(self.checkpoint.path)
        return logits


def check_input_size(checkpoint: FoundCheckpoint) -> None:
    """Raise unless a checkpoint is for tiles as pictures are made into.

    Raises:
        CheckpointError: it is for images of another size.
    """
    if checkpoint.info.input_size != IMAGE_SIZE:
        (height, width), (rows, columns) = checkpoint.info.input_size, IMAGE_SIZE
        raise CheckpointError(
            f"{checkpoint.path} is for pictures of {width}x{height}; they are made {columns}x{rows} here"
        )
