"""The CPU form of the residual network."""

from __future__ import annotations

import torch
from torch import Tensor

from mnistkit.models.cpu_forms import cpu_form
from mnistkit.models.resnet import ResNet


@cpu_form
class ChannelsLastResNet(ResNet):
    """Keeps the channels of a place beside each other, as :mod:`mnistkit.models.cpu_forms.layers` does."""

    def forward(self, images: Tensor) -> Tensor:
        """See the plain network; the numbers are the same, only their order in memory differs."""
        return super().forward(images.to(memory_format=torch.channels_last))
