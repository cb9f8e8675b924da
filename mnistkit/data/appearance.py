"""Random changes of how ink looks: width of strokes, intensity, blur, noise and what is left of a background."""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional

from mnistkit.recipe import Augmentation

# A binomial filter: close to a Gaussian with a standard deviation of one pixel.
_SMOOTH = (1 / 16, 4 / 16, 6 / 16, 4 / 16, 1 / 16)


def change_appearance(images: Tensor, ranges: Augmentation, generator: torch.Generator) -> Tensor:
    """Change the ink of each image by its own random amounts.

    Args:
        images: Float tensor of shape (n, 1, height, width), values 0 to 1, background 0.
        ranges: What is 0 costs nothing.
        generator: A CPU generator; the same numbers are drawn whatever device the images are on.

    Returns:
        A tensor of the same shape, values 0 to 1.
    """
    for share, change in (
        (ranges.stroke, _stroke),
        (ranges.blur, _blur),
        (ranges.intensity, _intensity),
        (ranges.background, _background),
        (ranges.noise, _noise),
    ):
        if share:
            images = change(images, share, generator)
    return images


def _stroke(images: Tensor, share: float, generator: torch.Generator) -> Tensor:
    """Make strokes up to a pixel wider on either side, or up to half a pixel thinner."""
    amount = _uniform(images, -share / 2, share, generator)
    wider = functional.max_pool2d(images, 3, stride=1, padding=1)
    # Two by two: three by three would wipe out strokes of two pixels.
    thinner = -functional.max_pool2d(-functional.pad(images, (0, 1, 0, 1)), 2, stride=1)
    return images + torch.where(amount > 0, wider - images, images - thinner) * amount


def _blur(images: Tensor, share: float, generator: torch.Generator) -> Tensor:
    kernel = torch.tensor(_SMOOTH, device=images.device)
    smooth = functional.conv2d(images, kernel.view(1, 1, 1, -1), padding=(0, 2))
    smooth = functional.conv2d(smooth, kernel.view(1, 1, -1, 1), padding=(2, 0))
    return torch.lerp(images, smooth, _uniform(images, 0, share, generator))


def _intensity(images: Tensor, share: float, generator: torch.Generator) -> Tensor:
    """Raise the ink to a power and make it fainter."""
    gamma = _uniform(images, -share, share, generator).exp()
    return images.clamp(0, 1).pow(gamma) * _uniform(images, 1 - share, 1, generator)


def _background(images: Tensor, level: float, generator: torch.Generator) -> Tensor:
    """Lay a grey half-plane with a soft edge, like the rest of a shadow, under the ink of every other image."""
    height, width = images.shape[2:]
    angle = _uniform(images, 0, 2 * math.pi, generator)
    offset = _uniform(images, -1, 1, generator)
    sharpness = _uniform(images, 1, 10, generator)
    y = torch.linspace(-1, 1, height, device=images.device).view(1, 1, height, 1)
    x = torch.linspace(-1, 1, width, device=images.device).view(1, 1, 1, width)
    half = torch.sigmoid(sharpness * (x * angle.cos() + y * angle.sin() - offset))
    present = (_uniform(images, 0, 1, generator) < 0.5).to(images.dtype)
    grey = half * present * _uniform(images, 0, level, generator)
    return images + grey * (1 - images)


def _noise(images: Tensor, std: float, generator: torch.Generator) -> Tensor:
    normal = torch.randn(images.shape, generator=generator).to(images.device)
    return (images + normal * _uniform(images, 0, std, generator)).clamp(0, 1)


def _uniform(images: Tensor, low: float, high: float, generator: torch.Generator) -> Tensor:
    """Return a number for each image, as a tensor of shape (n, 1, 1, 1)."""
    return (torch.rand(len(images), 1, 1, 1, generator=generator) * (high - low) + low).to(images.device)
