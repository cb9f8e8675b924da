"""A small ConvNeXt for 28x28 digits.

The blocks are those of ConvNeXt V2 (Woo et al. 2023, section 3): depthwise convolution, LayerNorm, pointwise
expansion by four, GELU, Global Response Normalization, pointwise projection, all on a residual. What differs
from the ImageNet models suits small pictures: a stem of two overlapping convolutions instead of 4x4 patches,
3x3 depthwise kernels, an overlapping convolution before the last stage, and initial weights scaled by their
fan-in.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable
from torch.nn import functional

from mnistkit.models import register_model
from mnistkit.recipe import Augmentation, Recipe

_EPSILON = 1e-6


class _ResponseNorm(torch.autograd.Function):
    """Global Response Normalization without its shift, its gradient written out.

    Left to autograd, the norm over the positions and its gradient take about half of a block's time on a CPU:
    many passes over the largest tensor of the block, one of them (the norm's) not vectorised. Written out, the
    forward pass is two products and a sum over it, the backward pass three products and a sum.
    """

    @staticmethod
    def forward(ctx: Any, x: Tensor, gamma: Tensor) -> Tensor:
        """Return x * (1 + gamma * g / mean(g)), where g is the norm of x over its positions."""
        statistics = _Response.of(x, gamma)
        ctx.save_for_backward(x, gamma, *statistics)
        return x * statistics.factor

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, Tensor]:
        """Return the gradients of x and gamma."""
        x, gamma, *saved = ctx.saved_tensors
        statistics = _Response(*saved)
        product = grad * x
        slope, grad_gamma = statistics.gradients(product.sum(dim=1, keepdim=True), gamma)
        # The largest tensor's memory is used again for the result.
        grad_x = torch.mul(grad, statistics.factor, out=product)
        return grad_x.addcmul_(x, slope), grad_gamma


class _ProjectedResponse(torch.autograd.Function):
    """Global Response Normalization without its shift and the pointwise projection after it, in one.

    Where an image has many more positions than channels, scaling the projection's weights for each image is less
    work than scaling each position. The product that gives the weights' gradient also gives that of the scale, so
    that five of the eight passes over the largest tensor go.
    """

    @staticmethod
    def forward(ctx: Any, x: Tensor, gamma: Tensor, weight: Tensor) -> Tensor:
        """Return (batch, positions, channels) from x of (batch, positions, features)."""
        statistics = _Response.of(x, gamma)
        scaled = weight * statistics.factor
        ctx.save_for_backward(x, gamma, weight, scaled, *statistics)
        return torch.bmm(x, scaled.transpose(1, 2))

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return the gradients of x, gamma and weight."""
        x, gamma, weight, scaled, *saved = ctx.saved_tensors
        statistics = _Response(*saved)
        outer = torch.bmm(grad.transpose(1, 2), x)
        slope, grad_gamma = statistics.gradients((outer * weight).sum(dim=1, keepdim=True), gamma)
        grad_x = torch.bmm(grad, scaled).addcmul_(x, slope)
        return grad_x, grad_gamma, (outer * statistics.factor).sum(dim=0)


class _Response(NamedTuple):
    """How strongly each feature of each image responds, and how much it is scaled for it; (batch, 1, features)."""

    norm: Tensor
    mean: Tensor
    response: Tensor
    factor: Tensor

    @classmethod
    def of(cls, x: Tensor, gamma: Tensor) -> _Response:
        """Measure x of (batch, positions, features)."""
        norm = (x * x).sum(dim=1, keepdim=True).sqrt_()
        mean = norm.mean(dim=-1, keepdim=True) + _EPSILON
        response = norm / mean
        return cls(norm, mean, response, 1 + gamma * response)

    def gradients(self, grad_factor: Tensor, gamma: Tensor) -> tuple[Tensor, Tensor]:
        """Return the gradient by x through the norm, as a multiple of x, and that by gamma."""
        grad_response = grad_factor * gamma
        through_mean = (grad_response * self.response).mean(dim=-1, keepdim=True)
        slope = (grad_response - through_mean) / (self.mean * (self.norm + _EPSILON))
        return slope, (grad_factor * self.response).sum(dim=(0, 1))


class GlobalResponseNorm(nn.Module):
    """The scale and shift of Global Response Normalization (Woo et al. 2023, section 3)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.gamma = nn.Parameter(torch.zeros(channels))
        self.beta = nn.Parameter(torch.zeros(channels))


class ResponseProjection(nn.Linear):
    """Global Response Normalization, then a linear map of the channels."""

    def forward(self, x: Tensor, response: GlobalResponseNorm) -> Tensor:  # type: ignore[override]
        """Map (batch, positions, in) to (batch, positions, out).

        Half-precision input is normalised in float32, since it is squared and summed.
        """
        # What the norm adds is the same at every position, so it is projected only once.
        bias = torch.addmv(self.bias, self.weight, response.beta)
        if x.is_cpu and x.dtype == torch.float32 and x.shape[1] > 4 * self.out_features:
            projected: Tensor = _ProjectedResponse.apply(x, response.gamma, self.weight)
            return projected + bias
        return functional.linear(_ResponseNorm.apply(x.float(), response.gamma), self.weight, bias)


class Block(nn.Module):
    """One residual ConvNeXt V2 block on (batch, height, width, channels)."""

    def __init__(self, channels: int, kernel: int = 3) -> None:
        super().__init__()
        self.depthwise = nn.Conv2d(channels, channels, kernel, padding=kernel // 2, groups=channels)
        self.norm = nn.LayerNorm(channels, eps=_EPSILON)
        self.expand = nn.Linear(channels, 4 * channels)
        self.response = GlobalResponseNorm(4 * channels)
        self.project = ResponseProjection(4 * channels, channels)

    def forward(self, x: Tensor) -> Tensor:
        """Return a tensor of the input's shape."""
        y = self.depthwise(x.permute(0, 3, 1, 2)).permute(0, 2, 3, 1)
        y = self.expand(self.norm(y.flatten(1, 2)))
        y = self.project(functional.gelu(y), self.response)
        return torch.add(x, y.view_as(x))


class _Windows(torch.autograd.Function):
    """The windows of a convolution with stride 2 and without padding, side by side."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, kernel: int) -> Tensor:
        """Map (batch, height, width, channels) to (batch, rows, columns, kernel * kernel * channels)."""
        ctx.shape, ctx.kernel = x.shape, kernel
        windows = x.unfold(1, kernel, 2).unfold(2, kernel, 2).permute(0, 1, 2, 4, 5, 3)
        return windows.flatten(3)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None]:
        """Add up what each pixel gets from the windows that it lies in."""
        batch, rows, columns, _ = grad.shape
        kernel = ctx.kernel
        windows = grad.reshape(batch, rows, columns, kernel, kernel, -1)
        grad_x = grad.new_zeros(ctx.shape)
        for i in range(kernel):
            for j in range(kernel):
                grad_x[:, i : i + 2 * rows : 2, j : j + 2 * columns : 2] += windows[:, :, :, i, j]
        return grad_x, None


class MergeConv(nn.Conv2d):
    """A convolution with stride 2 and without padding on (batch, height, width, channels), as one matrix product.

    For so few positions that takes about half as long on a CPU as a convolution, most of it in the backward pass.
    """

    def __init__(self, in_channels: int, out_channels: int, kernel: int) -> None:
        super().__init__(in_channels, out_channels, kernel, stride=2)

    def forward(self, x: Tensor) -> Tensor:
        """Map (batch, height, width, in) to (batch, (height - kernel) // 2 + 1, likewise for width, out)."""
        weight = self.weight.permute(0, 2, 3, 1).flatten(1)
        return functional.linear(_Windows.apply(x, self.kernel_size[0]), weight, self.bias)


class Downsample(nn.Module):
    """LayerNorm, then a convolution of stride 2 without padding."""

    def __init__(self, in_channels: int, out_channels: int, kernel: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(in_channels, eps=_EPSILON)
        self.merge = MergeConv(in_channels, out_channels, kernel)

    def forward(self, x: Tensor) -> Tensor:
        """Map (batch, height, width, in) to (batch, (height - kernel) // 2 + 1, likewise for width, out)."""
        merged: Tensor = self.merge(self.norm(x))
        return merged


class Pointwise(nn.Module):
    """LayerNorm, then a linear map of the channels; the resolution stays."""

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(in_channels, eps=_EPSILON)
        self.map = nn.Linear(in_channels, out_channels)

    def forward(self, x: Tensor) -> Tensor:
        """Map (batch, height, width, in) to (batch, height, width, out)."""
        mapped: Tensor = self.map(self.norm(x))
        return mapped


class PixelConv(nn.Conv2d):
    """A 3x3 convolution with padding of a one-channel image, computed for 2x2 pixels at once.

    In blocks of 2x2 pixels, one behind the other as channels, it is a convolution of 4 channels into 4 times as
    many as it has; a CPU is twice as fast with these than with single pixels and few channels.
    """

    def __init__(self, channels: int) -> None:
        super().__init__(1, channels, 3, padding=1)

    def forward(self, images: Tensor) -> Tensor:
        """Map (batch, 1, height, width) to (batch, 4 * channels, height / 2, width / 2)."""
        blocks = functional.pixel_unshuffle(images, 2).contiguous(memory_format=torch.channels_last)
        # For each pixel of a block, the kernel lies elsewhere in the 3x3 blocks around it.
        shifted = [functional.pad(self.weight, (1 + x, 2 - x, 1 + y, 2 - y)) for y in (0, 1) for x in (0, 1)]
        weight = functional.pixel_unshuffle(torch.stack(shifted, dim=1).flatten(0, 1), 2)
        assert self.bias is not None
        return functional.conv2d(blocks, weight, self.bias.repeat_interleave(4), padding=1)


class HalvingConv(nn.Conv2d):
    """A 3x3 convolution of stride 2 with padding, of what :class:`PixelConv` returns."""

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__(in_channels, out_channels, 3, stride=2, padding=1)

    def forward(self, blocks: Tensor) -> Tensor:
        """Map (batch, 4 * in, height, width) to (batch, out, height, width)."""
        # A pixel's window reaches back into the blocks before its own, but not into those after.
        weight = functional.pixel_unshuffle(functional.pad(self.weight, (1, 0, 1, 0)), 2)
        return functional.conv2d(functional.pad(blocks, (1, 0, 1, 0)), weight, self.bias)


class Stem(nn.Module):
    """Two overlapping 3x3 convolutions, the second of stride 2, GELU between them and LayerNorm at the end."""

    def __init__(self, hidden: int, channels: int) -> None:
        super().__init__()
        self.first = PixelConv(hidden)
        self.second = HalvingConv(hidden, channels)
        self.norm = nn.LayerNorm(channels, eps=_EPSILON)

    def forward(self, images: Tensor) -> Tensor:
        """Map (batch, 1, height, width), both even, to (batch, height / 2, width / 2, channels)."""
        blocks = functional.gelu(self.first(images))
        normalised: Tensor = self.norm(self.second(blocks).permute(0, 2, 3, 1))
        return normalised


class ConvNeXt(nn.Module):
    """Four stages of depth 1-1-3-1 at 14x14, 7x7, 7x7 and 3x3, for one-channel 28x28 images.

    Inside, the channels are the last dimension: LayerNorm and the pointwise maps want them there.
    """

    def __init__(self, num_classes: int) -> None:
        super().__init__()
        self.stages = nn.Sequential(
            Stem(8, 16),
            Block(16),
            Downsample(16, 32, kernel=2),
            Block(32),
            Pointwise(32, 40),
            Block(40),
            Block(40),
            Block(40),
            Downsample(40, 208, kernel=3),
            Block(208),
        )
        self.norm = nn.LayerNorm(208, eps=_EPSILON)
        self.head = nn.Linear(208, num_classes)
        self.apply(_initialise)
        # Small first logits: the first steps should not have to unlearn random confidence.
        nn.init.trunc_normal_(self.head.weight, std=0.1 / math.sqrt(208))

    def forward(self, images: Tensor) -> Tensor:
        """Map (batch, 1, 28, 28) normalised images to (batch, classes) logits."""
        logits: Tensor = self.head(self.norm(self.stages(images).mean(dim=(1, 2))))
        return logits


def _initialise(module: nn.Module) -> None:
    if isinstance(module, (nn.Conv2d, nn.Linear)):
        nn.init.trunc_normal_(module.weight, std=1 / math.sqrt(module.weight[0].numel()))
        if module.bias is not None:
            nn.init.zeros_(module.bias)


@register_model(
    description="ConvNeXt V2 blocks in four small stages; accurate, and quick on two cores",
    recipe=Recipe(
        epochs=10,
        batch_size=128,
        optimizer="adamw",
        learning_rate=6e-3,
        beta2=0.99,
        weight_decay=0.05,
        schedule="cosine",
        warmup=0.1,
        ema_decay=0.998,
        augmentation=Augmentation(
            rotation=30,
            translate_x=0.1,
            translate_y=0.2,
            zoom=0.25,
            shear=10,
            elastic=1.0,
            ramp_down=0.6,
            final_share=0.3,
        ),
    ),
)
def convnext(num_classes: int = 10) -> nn.Module:
    """Return the ConvNeXt for ``num_classes`` classes."""
    return ConvNeXt(num_classes)
