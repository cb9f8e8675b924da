"""What several convolutional networks are made of."""

from __future__ import annotations

from torch import Tensor, nn


class Layers(nn.Sequential):
    """Layers one after another, which begin with a convolution of the images.

    A CPU computes them in the quicker form of :mod:`mnistkit.models.cpu_forms.layers`.
    """

    def forward(self, images: Tensor) -> Tensor:
        """Map (batch, 1, 28, 28) normalised images to what the last layer gives."""
        x = images
        for layer in self:
            x = layer(x)
        return x


def convolution(
    channels: int, maps: int, *, kernel: int = 3, same: bool = False, normalised: bool = False
) -> nn.Sequential:
    """Return a convolution and its ReLU: (n, channels, h, w) to (n, maps, h, w), or smaller by kernel - 1.

    Args:
        channels: Channels of the input.
        maps: Channels of the output.
        kernel: Height and width of the kernel.
        same: Whether the input is padded, so that height and width stay.
        normalised: Whether batch normalisation comes before the ReLU.
    """
    padding = kernel // 2 if same else 0
    layers: list[nn.Module] = [nn.Conv2d(channels, maps, kernel, padding=padding)]
    layers += [nn.BatchNorm2d(maps)] if normalised else []
    return nn.Sequential(*layers, nn.ReLU())


def averaged() -> nn.Sequential:
    """Return what takes the mean over all places: (n, channels, h, w) to (n, channels)."""
    return nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten())
