"""The CPU forms of convnext's layers.

All compute the same as the plain layers; what each does differently stands in its docstring.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable
from torch.nn import functional

from mnistkit.models.convnext import EPSILON, Block, Downsample, Stem, channels_first, channels_last
from mnistkit.models.cpu_forms import cpu_form


@cpu_form
class BlockwiseStem(Stem):
    """Computes both convolutions for blocks of 2x2 pixels at once.

    In blocks of 2x2 pixels, one behind the other as channels, the first convolution is one of 4 channels into 4
    times as many as it has, and the second one of stride 1; a CPU is twice as fast with these than with single
    pixels and few channels.
    """

    def forward(self, images: Tensor) -> Tensor:
        """Map (batch, 1, height, width) to (batch, height / 2, width / 2, channels)."""
        if images.shape[2] % 2 or images.shape[3] % 2:
            return super().forward(images)
        blocks = functional.pixel_unshuffle(images, 2).contiguous(memory_format=torch.channels_last)
        # For each pixel of a block, the kernel lies elsewhere in the 3x3 blocks around it.
        kernel = self.first.weight
        shifted = [functional.pad(kernel, (1 + x, 2 - x, 1 + y, 2 - y)) for y in (0, 1) for x in (0, 1)]
        weight = functional.pixel_unshuffle(torch.stack(shifted, dim=1).flatten(0, 1), 2)
        assert self.first.bias is not None
        blocks = functional.conv2d(blocks, weight, self.first.bias.repeat_interleave(4), padding=1)
        blocks = functional.gelu(blocks)
        # A pixel's window reaches back into the blocks before its own, but not into those after.
        weight = functional.pixel_unshuffle(functional.pad(self.second.weight, (1, 0, 1, 0)), 2)
        merged = functional.conv2d(functional.pad(blocks, (1, 0, 1, 0)), weight, self.second.bias)
        normalised: Tensor = self.norm(channels_last(merged))
        return normalised


@cpu_form
class UnfoldedDownsample(Downsample):
    """Computes the convolution as one matrix product of its windows, side by side.

    For so few positions that takes about half as long as a convolution, most of it in the backward pass.
    """

    def forward(self, x: Tensor) -> Tensor:
        """Map (batch, height, width, in) to (batch, (height - kernel) // 2 + 1, likewise for width, out)."""
        windows = _Windows.apply(self.norm(x), self.merge.kernel_size[0])
        weight = self.merge.weight.permute(0, 2, 3, 1).flatten(1)
        return functional.linear(windows, weight, self.merge.bias)


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


@cpu_form
class WrittenOutBlock(Block):
    """Computes Global Response Normalization and the projection after it with gradients written out.

    Left to autograd, the norm over the positions and its gradient take about half of a block's time: many passes
    over the largest tensor of the block. What the norm adds is the same at every position, so that it is projected
    only once.
    """

    def forward(self, x: Tensor) -> Tensor:
        """Map (batch, height, width, channels) to the same shape."""
        y = channels_last(self.depthwise(channels_first(x)))
        y = functional.gelu(self.expand(self.norm(y.flatten(1, 2))))
        gamma, beta = self.response.gamma, self.response.beta
        weight, bias = self.project.weight, torch.addmv(self.project.bias, self.project.weight, beta)
        if y.dtype.itemsize >= 4 and y.shape[1] > MANY_POSITIONS * self.project.out_features:
            y = _ScaledProjection.apply(y, gamma, weight) + bias
        else:
            y = functional.linear(_ScaledPositions.apply(_at_least_float32(y), gamma), weight, bias)
        return torch.add(x, y.view_as(x))


# Positions for each channel of the block above which scaling the projection pays.
MANY_POSITIONS = 4


def _at_least_float32(x: Tensor) -> Tensor:
    """Return x with enough bits to be squared and summed."""
    return x.float() if x.dtype.itemsize < 4 else x


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
        mean = norm.mean(dim=-1, keepdim=True) + EPSILON
        response = norm / mean
        return cls(norm, mean, response, 1 + gamma * response)

    def gradients(self, grad_factor: Tensor, gamma: Tensor) -> tuple[Tensor, Tensor]:
        """Return the gradient by x through the norm, as a multiple of x, and that by gamma."""
        grad_response = grad_factor * gamma
        through_mean = (grad_response * self.response).mean(dim=-1, keepdim=True)
        slope = (grad_response - through_mean) / (self.mean * (self.norm + EPSILON))
        return slope, (grad_factor * self.response).sum(dim=(0, 1))


class _ScaledPositions(torch.autograd.Function):
    """Global Response Normalization without its shift.

    Written out, the forward pass is two products and a sum over x, the backward pass three products and a sum.
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


class _ScaledProjection(torch.autograd.Function):
    """Global Response Normalization without its shift and the projection after it, in one.

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
