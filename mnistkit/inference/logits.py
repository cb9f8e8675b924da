"""Running a model over many images."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from mnistkit.data.batches import Normalisation
from mnistkit.device import FP32, Precision
from mnistkit.threads import in_threads


def predict_logits(
    model: nn.Module,
    images: Tensor,
    normalisation: Normalisation,
    *,
    batch_size: int,
    precision: Precision = FP32,
) -> Tensor:
    """Return the logits of all images; on a CPU several batches are computed at the same time.

    Args:
        model: Is put into evaluation mode and back into the mode it was in.
        images: uint8 tensor of shape (n, 1, 28, 28) on the model's device.
        normalisation: The normalisation the model was trained with.
        batch_size: Images in a forward pass.
        precision: Arithmetic of the forward pass.

    Returns:
        Float32 tensor of shape (n, classes) on the same device.
    """

    # The mode and the precision belong to the thread that computes.
    @torch.inference_mode()
    def logits(pixels: Tensor) -> Tensor:
        with precision.autocast(pixels.device):
            found: Tensor = model(normalisation(pixels))
        return found.float()

    was_training = model.training
    model.eval()
    try:
        batches = torch.split(images, batch_size)
        with torch.inference_mode():
            return torch.cat(in_threads(logits, batches) if images.is_cpu else [*map(logits, batches)])
    finally:
        model.train(was_training)
