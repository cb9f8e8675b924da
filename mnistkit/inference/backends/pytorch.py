"""Logits by PyTorch, on any of its devices."""

from __future__ import annotations

from concurrent.futures import Executor
from contextlib import AbstractContextManager

import numpy as np
import torch
from numpy.typing import NDArray

from mnistkit.checkpoint import CheckpointInfo
from mnistkit.data.batches import Normalisation
from mnistkit.device import FP32, Precision
from mnistkit.inference.logits import predict_logits
from mnistkit.threads import thread_count, thread_pool

# More would hardly be faster than pictures are read, and each takes 80 MB for a batch.
_MOST_LANES = 4


class TorchBackend:
    """A model on its device, in evaluation mode.

    Args:
        model: Maps normalised float tensors of shape (n, 1, 28, 28) to logits.
        info: Holds the normalisation.
        batch_size: Tiles in a forward pass, at most.
        precision: Arithmetic of the forward pass.
    """

    def __init__(
        self, model: torch.nn.Module, info: CheckpointInfo, *, batch_size: int, precision: Precision = FP32
    ) -> None:
        # Every pass puts the model back into the mode it was in: not into training, while another pass runs.
        self._model = model.eval()
        self._normalisation = Normalisation(info.mean, info.std)
        self._batch_size, self._precision = batch_size, precision
        self._device = next(model.parameters()).device
        self._classes = len(info.classes)

    def logits(self, tiles: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Return the logits, shape (n, classes), of tiles of shape (n, 28, 28)."""
        if not len(tiles):
            return np.zeros((0, self._classes), dtype=np.float32)
        # A copy, because the array may be a read-only view of a file.
        images = torch.from_numpy(np.array(tiles, order="C")).unsqueeze(1).to(self._device)
        found = predict_logits(
            self._model,
            images,
            self._normalisation,
            batch_size=self._batch_size,
            precision=self._precision,
        )
        logits: NDArray[np.float32] = found.cpu().numpy()
        return logits

    @property
    def lanes(self) -> int:
        """How many batches it pays to compute at the same time.

        On a CPU every batch is classified by a single thread (:mod:`mnistkit.threads`).
        """
        return min(thread_count(), _MOST_LANES) if self._device.type == "cpu" else 1

    def threads(self, count: int) -> AbstractContextManager[Executor]:
        """Give that many threads for calls of :meth:`logits` side by side; in each of them torch uses no other."""
        return thread_pool(count)
