"""Random changes of images, per image and on the device: one resampling for everything together."""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional

from mnistkit.data.appearance import change_appearance
from mnistkit.recipe import IMAGE_SIZE, Augmentation


def augment(images: Tensor, augmentation: Augmentation, generator: torch.Generator) -> Tensor:
    """Rotate, shift, zoom, shear, elastically distort and restyle each image by its own random amounts.

    Args:
        images: Float tensor of shape (n, 1, height, width), values 0 to 1, background 0.
        augmentation: The ranges; what is 0 costs nothing.
        generator: A CPU generator; the same numbers are drawn whatever device the images are on.

    Returns:
        A tensor of the same shape, resampled bilinearly; what comes from outside is background.
    """
    if augmentation == _NONE or not len(images):
        return images
    grid = functional.affine_grid(
        _affine(len(images), augmentation, generator).to(images.device),
        list(images.shape),
        align_corners=False,
    )
    if augmentation.elastic:
        grid = grid + _elastic(images.shape, augmentation, generator).to(images.device)
    moved = functional.grid_sample(images, grid, align_corners=False)
    return change_appearance(moved, augmentation, generator)


_NONE = Augmentation()


def _affine(n: int, ranges: Augmentation, generator: torch.Generator) -> Tensor:
    """Return (n, 2, 3) matrices from output to input coordinates, in which the image spans -1 to 1."""

    def uniform(limit: float) -> Tensor:
        return (torch.rand(n, generator=generator) * 2 - 1) * limit

    angle = uniform(math.radians(ranges.rotation))
    scale = 1 + uniform(ranges.zoom)
    shear = torch.tan(uniform(math.radians(ranges.shear)))
    # The image is two units wide, so a fraction of its width is twice that in grid units.
    shift_x, shift_y = uniform(2 * ranges.translate_x), uniform(2 * ranges.translate_y)
    if ranges.crop_share:
        is_cropped = torch.rand(n, generator=generator) < ranges.crop_share
        scale = torch.where(is_cropped, scale * IMAGE_SIZE[1] / ranges.crop_size, scale)
    cos, sin = angle.cos() / scale, angle.sin() / scale
    rows = [cos, -sin + cos * shear, shift_x, sin, cos + sin * shear, shift_y]
    return torch.stack(rows, dim=1).view(n, 2, 3)


def _elastic(shape: torch.Size, ranges: Augmentation, generator: torch.Generator) -> Tensor:
    """Return smooth random displacements, (n, height, width, 2) in grid units.

    Simard, Steinkraus and Platt (2003), "Best practices for convolutional neural networks applied to visual
    document analysis", section 2: uniform noise smoothed by a Gaussian. The strength is set as the RMS
    displacement instead of their alpha, whose meaning changes with sigma.
    """
    n, _, height, width = shape
    noise = torch.rand(n, 2, height, width, generator=generator) * 2 - 1
    # The Gaussian as two matrix products: a convolution of one channel takes ten times as long.
    rows, columns = (_gaussian(size, ranges.elastic_sigma) for size in (height, width))
    field = (rows @ noise @ columns).permute(0, 2, 3, 1)
    # Of the displacement's length: both its parts count.
    rms = field.square().sum(dim=3, keepdim=True).mean(dim=(1, 2), keepdim=True).sqrt().clamp_min(1e-12)
    return field / rms * ranges.elastic * torch.tensor([2 / width, 2 / height])


def _gaussian(size: int, sigma: float) -> Tensor:
    """Return the (size, size) matrix that smooths a row of ``size`` numbers, with zeros beyond its ends."""
    places = torch.arange(size, dtype=torch.float32)
    return torch.exp(-0.5 * ((places[:, None] - places[None, :]) / sigma) ** 2)
