"""The CPU form of a chain of convolutions."""

from __future__ import annotations

import torch
from torch import Tensor

from mnistkit.models.cpu_forms import cpu_form
from mnistkit.models.layers import Layers


@cpu_form
class ChannelsLastLayers(Layers):
    """Keeps the channels of a place beside each other in memory, which convolutions of few channels gain by.

    A layer's output takes the memory format of its input, so that one change at the beginning is enough.
    """

    def forward(self, images: Tensor) -> Tensor:
        """See the plain layers; the numbers are the same, only their order in memory differs."""
        return super().forward(images.to(memory_format=torch.channels_last))
