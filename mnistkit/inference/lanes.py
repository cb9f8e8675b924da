"""Classifying batches of prepared pictures, several at the same time on a CPU."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial

from mnistkit.inference.answers import Answer, Failure, ReadPicture, answer
from mnistkit.inference.calibration import Calibration
from mnistkit.workflows.inputs import FoundCheckpoint

# More would hardly be faster than pictures are read, and each takes 80 MB for a batch.
_MOST_LANES = 4

Results = list[Answer | Failure]


class BatchModel:
    """The loaded weights, and threads that classify a batch each.

    On a CPU every batch is classified by a single thread. Two batches side by side take less time than one after
    the other by two threads each, and they leave room to the processes that read pictures: threads that share a
    batch wait for one another without sleeping, so that all of them stand still while one of them has no core.

    Args:
        checkpoint: What to load.
        calibration: That of the checkpoint.
        device: As :func:`mnistkit.device.select_device` takes it.
        batch_size: Pictures in a forward pass, at most.

    Raises:
        CheckpointError: the weights cannot be used.
        DeviceError: there is no such device.
    """

    def __init__(
        self, checkpoint: FoundCheckpoint, calibration: Calibration, *, device: str, batch_size: int
    ) -> None:
        import torch

        from mnistkit.device import prepare, select_device
        from mnistkit.workflows.inputs import load_model

        self._classes, self._calibration, self._batch_size = checkpoint.info.classes, calibration, batch_size
        self._device = select_device(device)
        prepare(self._device)
        self._source = checkpoint.source()
        self._model, self._normaliser = load_model(self._source, self._device)
        # Every pass puts the model back into the mode it was in: not into training, while another pass runs.
        self._model.eval()
        self._threads = torch.get_num_threads()
        self._lanes = min(self._threads, _MOST_LANES) if self._device.type == "cpu" else 1
        self._pool = ThreadPoolExecutor(self._lanes, "lane", partial(torch.set_num_threads, 1))
        self._waiting: deque[Future[Results]] = deque()

    def __enter__(self) -> BatchModel:
        return self

    def __exit__(self, *exception: object) -> None:
        import torch

        self._pool.shutdown(cancel_futures=True)
        # Each thread has its own number, but new threads get the one that was set last.
        torch.set_num_threads(self._threads)

    def start(self, batch: Sequence[ReadPicture | Failure]) -> None:
        """Begin to classify a batch; failures stay where they are."""
        self._waiting.append(self._pool.submit(self._classify, batch))

    def finished(self, *, wait: bool) -> Iterator[Results]:
        """Yield batches in the order in which they were begun.

        Args:
            wait: Whether to wait for all of them; otherwise only until every lane has no more than one to do next.
        """
        while self._waiting and (wait or self._waiting[0].done() or len(self._waiting) > 2 * self._lanes):
            yield self._waiting.popleft().result()

    def _classify(self, batch: Sequence[ReadPicture | Failure]) -> Results:
        pictures = [each for each in batch if isinstance(each, ReadPicture)]
        answers = iter(self._answers(pictures) if pictures else [])
        return [each if isinstance(each, Failure) else next(answers) for each in batch]

    def _answers(self, pictures: Sequence[ReadPicture]) -> list[Answer]:
        import numpy as np
        import torch

        from mnistkit.inference.logits import predict_logits
        from mnistkit.workflows.inputs import finite

        tiles = torch.from_numpy(np.stack([picture.tile for picture in pictures])).unsqueeze(1)
        logits = predict_logits(
            self._model,
            tiles.to(self._device),
            self._normaliser,
            batch_size=self._batch_size,
        )
        return answer(pictures, finite(logits, self._source), self._classes, self._calibration)
