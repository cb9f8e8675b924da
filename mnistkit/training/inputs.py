"""What a model is given in training: pixels scaled, some of them augmented, then normalised."""

from __future__ import annotations

import torch
from torch import Tensor

from mnistkit.data.augmentation import augment
from mnistkit.data.batches import Normalisation, to_unit_range
from mnistkit.recipe import Augmentation


def training_inputs(
    pixels: Tensor,
    normalisation: Normalisation,
    augmentation: Augmentation,
    generator: torch.Generator,
    *,
    progress: float,
) -> Tensor:
    """Return the model's inputs for one batch.

    Args:
        pixels: uint8 tensor of shape (n, 1, height, width), in random order.
        normalisation: That of the dataset.
        augmentation: The changes, and how many of the images get them (:meth:`Augmentation.share`).
        generator: A CPU generator from which the changes are drawn.
        progress: The share of the training that is done, 0 to 1.

    Returns:
        Float tensor of the same shape.
    """
    images = to_unit_range(pixels)
    # Batches are in random order, so the first images are as good as any.
    changed = round(augmentation.share(progress) * len(images))
    images[:changed] = augment(images[:changed], augmentation, generator)
    return normalisation.apply_(images)
