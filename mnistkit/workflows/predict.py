"""Recognising the digits in pictures of one's own."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from mnistkit.exceptions import PictureError, UsageError
from mnistkit.inference.answers import Answer, Failure
from mnistkit.inference.backends import NUMPY
from mnistkit.inference.backends.choice import choose_backend
from mnistkit.inference.checkpoints import FoundCheckpoint, find_checkpoints
from mnistkit.inference.read_ahead import PictureInput, ReadAhead, ReadPicture
from mnistkit.inference.recogniser import BATCH_SIZE, Recogniser, check_input_size
from mnistkit.inference.side_by_side import SideBySide
from mnistkit.units import PICTURES
from mnistkit.workflows.picture_files import find_pictures

# A step takes up to 2 MB, and a picture has up to eight: with them, fewer pictures are held at a time.
_BATCH_WITH_STEPS = 8
# Without them, a picture that waits takes 3 kB.
_AHEAD = 16_384
# So few are read in this process before a worker has been started and has imported what it needs.
_IN_PLACE = 2
# Answers are not held back longer than this for a batch to fill, in seconds.
_PATIENCE = 0.3


def read_stdin() -> bytes:
    """Return the picture on standard input.

    Raises:
        PictureError: it is larger than a picture's file may be.
    """
    from mnistkit.imaging.limits import DEFAULT_LIMITS as LIMITS

    content = sys.stdin.buffer.read(LIMITS.file_bytes + 1)
    if len(content) > LIMITS.file_bytes:
        raise PictureError(f"the picture is too large: {LIMITS.file_bytes_text} are the limit")
    return content


@dataclass(frozen=True)
class PredictConfig:
    """What to recognise, and how.

    Attributes:
        inputs: Files, folders, patterns, or "-" for standard input.
        checkpoint: As :func:`mnistkit.locate.locate_checkpoint` takes it.
        device: As :func:`mnistkit.device.select_device` takes it.
        backend: As :func:`mnistkit.inference.backends.choice.choose_backend` takes it.
        top: How many classes are wanted of each picture; None for what the output shows by itself.
        keep_steps: Whether the answers hold the stages of the pictures' preparation.
        batch_size: Pictures in a forward pass, at most.
        workers: How many pictures are read at the same time; None for what suits the machine.
        progress: Called with how many pictures are done, of how many, and the unit.
        read_stdin: Returns the picture that "-" stands for.
    """

    inputs: tuple[str, ...]
    checkpoint: str | None = None
    device: str = "auto"
    backend: str = "auto"
    top: int | None = None
    keep_steps: bool = False
    batch_size: int = BATCH_SIZE
    workers: int | None = None
    progress: Callable[[int, int, str], None] = field(default=lambda done, total, unit: None)
    read_stdin: Callable[[], bytes] = read_stdin


@dataclass(frozen=True)
class PredictRun:
    """Pictures that were found, and the checkpoint to recognise them with; :meth:`results` does the work.

    Attributes:
        config: What was asked for.
        inputs: The pictures in the order of the results, and a failure for what names none.
        checkpoint: The checkpoint, not loaded yet.
    """

    config: PredictConfig
    inputs: tuple[PictureInput | Failure, ...]
    checkpoint: FoundCheckpoint

    def results(self) -> Iterator[Answer | Failure]:
        """Read, prepare and classify the pictures; yield an answer or a failure for each input, in their order.

        Raises:
            CheckpointError: the weights cannot be used.
            DeviceError: there is no such device.
            UsageError: the backend does not have the device.
        """
        size = _BATCH_WITH_STEPS if self.config.keep_steps else self.config.batch_size
        count, config = len(self.inputs), self.config
        backend = choose_backend(self.checkpoint, config.backend, device=config.device, pictures=count)
        # The first pictures are read while torch is imported. While a batch is classified, the next one is read.
        with ReadAhead(
            self.inputs,
            self.checkpoint.info.preparation,
            ahead=2 * size if self.config.keep_steps else _AHEAD,
            keep_steps=self.config.keep_steps,
            workers=self.config.workers,
            in_place=backend == NUMPY and count <= _IN_PLACE,
            read_stdin=self.config.read_stdin,
        ) as pictures:
            if not any(isinstance(each, PictureInput) for each in self.inputs):
                yield from (each for each in self.inputs if isinstance(each, Failure))
                return
            recogniser = Recogniser.load(
                self.checkpoint, device=config.device, backend=backend, batch_size=config.batch_size
            )
            with SideBySide(recogniser) as classifier:
                yield from self._in_batches(pictures, classifier, size)

    def _in_batches(
        self, pictures: Iterable[ReadPicture], classifier: SideBySide, size: int
    ) -> Iterator[Answer | Failure]:
        total, done = len(self.inputs), 0
        for batch, is_full in _batches(pictures, size):
            classifier.start(batch)
            # Where no full batch comes together in time, reading takes longer than the model.
            for results in classifier.finished(wait=not is_full):
                yield from results
                done += len(results)
                if total > 1:
                    self.config.progress(done, total, PICTURES)


def _batches(pictures: Iterable[ReadPicture], size: int) -> Iterator[tuple[list[ReadPicture], bool]]:
    """Yield batches of at most ``size``, and whether they have this size; the last may be empty, and has not."""
    batch: list[ReadPicture] = []
    since = time.monotonic()
    for each in pictures:
        batch.append(each)
        if len(batch) == size or time.monotonic() - since > _PATIENCE:
            yield batch, len(batch) == size
            batch, since = [], time.monotonic()
    yield batch, False


def open_run(config: PredictConfig, announce: Callable[[str], None] = lambda line: None) -> PredictRun:
    """Check the request, find pictures and checkpoint; imports nothing heavy and reads no picture.

    Args:
        config: What to recognise.
        announce: Called with one line where a choice is made.

    Raises:
        UsageError: options that are wrong in themselves.
        PictureError: the only input names no picture.
        CheckpointError: there is no such checkpoint, or it is damaged or not for pictures of 28x28.
    """
    check_top(config.top)
    inputs = tuple(find_pictures(config.inputs, announce))
    if len(inputs) == 1 and isinstance(inputs[0], Failure):
        raise inputs[0].error
    (checkpoint,) = find_checkpoints([config.checkpoint] if config.checkpoint is not None else [], announce)
    check_input_size(checkpoint)
    if config.top is not None and config.top > len(checkpoint.info.classes):
        known = len(checkpoint.info.classes)
        raise UsageError(f"--top-k is {config.top}, but {checkpoint.path} knows only {known} classes")
    return PredictRun(config, inputs, checkpoint)


def check_top(top: int | None) -> int | None:
    """Return ``top`` if that many classes can be shown, or None.

    Raises:
        UsageError: it is below 1.
    """
    if top is not None and top < 1:
        raise UsageError(f"--top-k must be at least 1, not {top}")
    return top
