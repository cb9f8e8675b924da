"""Recognising the digits in pictures of one's own."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from mnistkit.data.base import IMAGE_SIZE
from mnistkit.evaluation.answers import Answer, Failure, ReadPicture, answer
from mnistkit.evaluation.calibration import Calibration
from mnistkit.exceptions import CheckpointError, PictureError, UsageError
from mnistkit.workflows.inference import FoundCheckpoint, find_checkpoints
from mnistkit.workflows.predict_inputs import PictureInput, find_pictures
from mnistkit.workflows.predict_reading import ReadAhead

SCHEMA = "mnistkit/predict/1"
"""Form and version of the JSON document of all answers."""

LINE_SCHEMA = "mnistkit/predict-line/1"
"""Form and version of the JSON of one answer."""

# A step takes up to 2 MB, and a picture has up to eight: with them, fewer pictures are held at a time.
_BATCH_WITH_STEPS = 8
# Without them, a picture that waits takes 3 kB.
_AHEAD = 16_384
# Answers are not held back longer than this for a batch to fill, in seconds.
_PATIENCE = 0.3


def read_stdin() -> bytes:
    """Return the picture on standard input.

    Raises:
        PictureError: it is larger than a picture's file may be.
    """
    from mnistkit.imaging.source import MAX_BYTES

    content = sys.stdin.buffer.read(MAX_BYTES + 1)
    if len(content) > MAX_BYTES:
        raise PictureError(f"the picture is too large: {MAX_BYTES >> 20} MiB are the limit")
    return content


@dataclass(frozen=True)
class PredictConfig:
    """What to recognise, and how.

    Attributes:
        inputs: Files, folders, patterns, or "-" for standard input.
        checkpoint: As :func:`mnistkit.locate.locate_checkpoint` takes it.
        device: As :func:`mnistkit.device.select_device` takes it.
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
    top: int | None = None
    keep_steps: bool = False
    batch_size: int = 500
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
        calibration: That of the checkpoint.
    """

    config: PredictConfig
    inputs: tuple[PictureInput | Failure, ...]
    checkpoint: FoundCheckpoint
    calibration: Calibration

    @property
    def classes(self) -> tuple[str, ...]:
        """The class names in the order of the logits."""
        return self.checkpoint.info.classes

    def results(self) -> Iterator[Answer | Failure]:
        """Read, prepare and classify the pictures; yield an answer or a failure for each input, in their order.

        Raises:
            CheckpointError: the weights cannot be used.
            DeviceError: there is no such device.
        """
        size = _BATCH_WITH_STEPS if self.config.keep_steps else self.config.batch_size
        # The first pictures are read while torch is imported. While a batch is classified, the next one is read.
        with ReadAhead(
            self.inputs,
            ahead=2 * size if self.config.keep_steps else _AHEAD,
            keep_steps=self.config.keep_steps,
            workers=self.config.workers,
            read_stdin=self.config.read_stdin,
        ) as pictures:
            yield from self._in_batches(pictures, size)

    def _in_batches(self, pictures: ReadAhead, size: int) -> Iterator[Answer | Failure]:
        model = _Model(self) if any(isinstance(each, PictureInput) for each in self.inputs) else None
        batch: list[ReadPicture | Failure] = []
        done, since = 0, time.monotonic()
        for each in pictures:
            batch.append(each)
            last = done + len(batch) == len(self.inputs)
            if len(batch) == size or last or time.monotonic() - since > _PATIENCE:
                if model is not None:
                    model.share_cores(pictures.busy_processes)
                yield from _classified(batch, model)
                done, batch = done + len(batch), []
                if len(self.inputs) > 1:
                    self.config.progress(done, len(self.inputs), "pictures")
                since = time.monotonic()


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
    inputs = tuple(find_pictures(config.inputs))
    if len(inputs) == 1 and isinstance(inputs[0], Failure):
        raise inputs[0].error
    (checkpoint,) = find_checkpoints([config.checkpoint] if config.checkpoint is not None else [], announce)
    info = checkpoint.info
    if info.input_size != IMAGE_SIZE:
        height, width = info.input_size
        raise CheckpointError(f"{checkpoint.path} is for pictures of {width}x{height}; predict makes 28x28")
    if config.top is not None and config.top > len(info.classes):
        raise UsageError(f"--top-k is {config.top}, but {checkpoint.path} knows only {len(info.classes)} classes")
    return PredictRun(config, inputs, checkpoint, Calibration.of(info.calibration))


def check_top(top: int | None) -> int | None:
    """Return ``top`` if that many classes can be shown, or None.

    Raises:
        UsageError: it is below 1.
    """
    if top is not None and top < 1:
        raise UsageError(f"--top-k must be at least 1, not {top}")
    return top


class _Model:
    """The loaded weights."""

    def __init__(self, run: PredictRun) -> None:
        import torch

        from mnistkit.device import choose_precision, prepare, select_device
        from mnistkit.workflows.inference import load_model

        self._run = run
        self._device = select_device(run.config.device)
        prepare(self._device)
        self._precision = choose_precision(self._device)
        self._source = run.checkpoint.source()
        self._model, self._normaliser = load_model(self._source, self._device)
        self._threads = torch.get_num_threads()

    def share_cores(self, others: int) -> None:
        """Leave a core to each of so many other processes.

        OpenMP's threads wait for one another without sleeping: with more threads than free cores, a step takes
        several times as long, and the other processes hardly get on.
        """
        import torch

        wanted = max(1, self._threads - others)
        if wanted != torch.get_num_threads():
            torch.set_num_threads(wanted)

    def answers(self, pictures: Sequence[ReadPicture]) -> list[Answer]:
        """Return what is answered about pictures."""
        import numpy as np
        import torch

        from mnistkit.evaluation.predictions import predict_logits
        from mnistkit.workflows.inference import finite

        tiles = torch.from_numpy(np.stack([picture.prepared.tile for picture in pictures])).unsqueeze(1)
        logits = predict_logits(
            self._model,
            tiles.to(self._device),
            self._normaliser,
            batch_size=self._run.config.batch_size,
            precision=self._precision,
        )
        return answer(pictures, finite(logits, self._source), self._run.classes, self._run.calibration)


def _classified(batch: Sequence[ReadPicture | Failure], model: _Model | None) -> Iterator[Answer | Failure]:
    """Yield an answer in the place of each picture; failures stay where they are."""
    pictures = [each for each in batch if isinstance(each, ReadPicture)]
    answers = iter(model.answers(pictures) if model and pictures else [])
    for each in batch:
        yield each if isinstance(each, Failure) else next(answers)
