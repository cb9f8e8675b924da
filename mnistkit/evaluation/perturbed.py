"""The perturbed test set, for figures of robustness: the same images for everyone, of any split."""

from __future__ import annotations

import torch
from torch import Tensor

from mnistkit.data.augmentation import augment
from mnistkit.recipe import Augmentation

# Changing any of these three changes every robustness figure ever reported.
PERTURBATION = Augmentation(rotation=30, translate_x=0.1, translate_y=0.2, zoom=0.25, shear=10)
SEED = 2024
_CHUNK = 1000


@torch.inference_mode()
def perturb(images: Tensor) -> Tensor:
    """Return the images, each rotated, shifted, scaled and sheared by its own random amounts.

    They are computed on the CPU, in chunks of a fixed size and rounded to whole grey levels, so that they do
    not depend on the device or the batch size of the evaluation.

    Args:
        images: uint8 tensor of shape (n, 1, 28, 28) on any device.

    Returns:
        uint8 tensor of the same shape on the same device.
    """
    generator = torch.Generator().manual_seed(SEED)
    chunks = [
        augment(chunk.float().div_(255), PERTURBATION, generator).mul_(255).round_().to(torch.uint8)
        for chunk in torch.split(images.cpu(), _CHUNK)
    ]
    return torch.cat(chunks).to(images.device)
