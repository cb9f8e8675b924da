"""How many images a second a model classifies."""

from __future__ import annotations

import time

import torch
from torch import Tensor, nn

from mnistkit.data.batches import Normalisation
from mnistkit.device import Precision
from mnistkit.inference.logits import predict_logits


def timed_logits(
    model: nn.Module, images: Tensor, normalisation: Normalisation, *, batch_size: int, precision: Precision
) -> tuple[Tensor, float]:
    """Return the logits of all images, and images per second.

    Timed are the normalisation and the forward passes of all images, which lie on the device already, after one
    batch to warm up; loading data, copying it to the device and computing metrics are not.

    Args:
        model: Lives on the device of ``images``.
        images: uint8 tensor of shape (n, 1, 28, 28).
        normalisation: The normalisation the model was trained with.
        batch_size: Images in a forward pass.
        precision: Arithmetic of the forward pass.

    Returns:
        Float32 tensor of shape (n, classes) on the same device, and the speed.
    """

    def run(part: Tensor) -> Tensor:
        logits = predict_logits(model, part, normalisation, batch_size=batch_size, precision=precision)
        _wait_for(images.device)
        return logits

    run(images[:batch_size])
    start = time.perf_counter()
    logits = run(images)
    return logits, len(images) / (time.perf_counter() - start)


def _wait_for(device: torch.device) -> None:
    """Wait until the device has done what it was given; accelerators compute while Python goes on."""
    if device.type != "cpu":
        torch.accelerator.synchronize(device)
