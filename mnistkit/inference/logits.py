"""Running a model over many images."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from mnistkit.data.batches import Normalisation
from mnistkit.device import FP32, Precision


@torch.inference_mode()
def predict_logits(
    model: nn.Module,
    images: Tensor,
    normalisation: Normalisation,
    *,
    batch_size: int,
    precision: Precision = FP32,
) -> Tensor:
    """Return the logits of all images.

    Args:
        model: Is put into evaluation mode and back into the mode it was in.
        images: uint8 tensor of shape (n, 1, 28, 28) on the model's device.
        normalisation: The normalisation the model was trained with.
        batch_size: Images in a forward pass.
        precision: Arithmetic of the forward pass.

    Returns:
        Float32 tensor of shape (n, classes) on the same device.
    """
    was_training = model.training
    model.eval()
    try:
        with precision.autocast(images.device):
            batches = [model(normalisation(pixels)).float() for pixels in torch.split(images, batch_size)]
    finally:
        model.train(was_training)
    return torch.cat(batches)
