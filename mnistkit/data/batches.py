"""A split as two tensors on the device, cut into batches there; no worker processes for data that fits."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from mnistkit.data.base import LabelledImages


@dataclass(frozen=True)
class DeviceImages:
    """A split on its device.

    Attributes:
        images: uint8 tensor of shape (n, 1, 28, 28).
        labels: int64 tensor of shape (n,).
    """

    images: Tensor
    labels: Tensor

    @classmethod
    def of(cls, data: LabelledImages, device: torch.device) -> DeviceImages:
        """Copy a split to ``device``."""
        # Copies, because the arrays may be read-only views of a file.
        images = torch.from_numpy(data.images.copy()).unsqueeze(1)
        return cls(images.to(device), torch.from_numpy(data.labels.copy()).to(device))

    def __len__(self) -> int:
        return len(self.labels)

    def repeated(self, times: int) -> DeviceImages:
        """Return the images ``times`` over, so that an epoch goes over each of them as often."""
        return self if times == 1 else self.take(torch.arange(len(self)).repeat(times))

    def take(self, places: Tensor) -> DeviceImages:
        """Return the images at ``places``, an int64 tensor, in that order."""
        places = places.to(self.labels.device)
        return DeviceImages(self.images[places], self.labels[places])


@dataclass(frozen=True)
class Normalisation:
    """Turns pixels into what a model expects: ``(pixel / 255 - mean) / std``."""

    mean: float
    std: float

    def __call__(self, pixels: Tensor) -> Tensor:
        """Return normalised float images from uint8 ones of any shape."""
        return self.apply_(to_unit_range(pixels))

    def apply_(self, images: Tensor) -> Tensor:
        """Normalise float images with values from 0 to 1 in place, and return them."""
        return images.sub_(self.mean).div_(self.std)


def to_unit_range(pixels: Tensor) -> Tensor:
    """Return uint8 pixels as floats from 0 to 1."""
    return pixels.float().div_(255)


def shuffled_batches(
    data: DeviceImages, batch_size: int, generator: torch.Generator, *, start: int = 0
) -> Iterator[Tensor]:
    """Yield the places of one epoch's images in random order, for each batch an int64 tensor on their device.

    Args:
        data: The split.
        batch_size: Images in a batch; the last, smaller batch is left out unless it is the only one.
        generator: A CPU generator from which the order is drawn.
        start: Number of batches to skip, for a run that is resumed within an epoch.
    """
    order = torch.randperm(len(data), generator=generator).to(data.labels.device)
    for step in range(start, steps_per_epoch(len(data), batch_size)):
        yield order[step * batch_size : (step + 1) * batch_size]


def steps_per_epoch(n: int, batch_size: int) -> int:
    """Return the number of whole batches in ``n`` images, at least one."""
    return max(1, n // batch_size)
