"""Small models that use every operation that a program can hold, in its variants."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional


class Toy(nn.Module):
    """What a function makes of images and layers."""

    def __init__(self, function: Callable[..., Tensor], *layers: nn.Module) -> None:
        super().__init__()
        self.function, self.layers = function, nn.ModuleList(layers)

    def forward(self, images: Tensor) -> Tensor:
        return self.function(images, *self.layers)


def chain(*layers: nn.Module) -> nn.Module:
    return nn.Sequential(*layers, nn.Flatten())


def tokens(images: Tensor) -> Tensor:
    return images.squeeze(1)[:, :8]


def heads(x: Tensor, qkv: nn.Module) -> Tensor:
    q, k, v = qkv(tokens(x)).unflatten(2, (3, 4, 7)).permute(2, 0, 3, 1, 4)
    return functional.scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(1)


def softmax_heads(x: Tensor, qkv: nn.Module) -> Tensor:
    q, k, v = qkv(tokens(x)).chunk(3, dim=-1)
    return ((q @ k.transpose(-2, -1) * 0.3).softmax(dim=-1) @ v).mean(dim=1)


class Tokens(nn.Module):
    """A class token before the others, and their places, one half of them known beforehand."""

    def __init__(self) -> None:
        super().__init__()
        self.token = nn.Parameter(torch.randn(1, 1, 28))
        self.register_buffer("places", torch.randn(9, 28), persistent=False)

    def forward(self, images: Tensor) -> Tensor:
        x = torch.cat([self.token.expand(images.shape[0], -1, -1), tokens(images)], dim=1) + self.places
        return x[:, 0] - x[:, 1:, ::3].amax(dim=1).sum(dim=1, keepdim=True)


def in_place(x: Tensor, convolution: nn.Module) -> Tensor:
    y = convolution(x)
    z = y.relu_()
    return (2 * y + z - 1).flatten(1)


TOYS: dict[str, Callable[[], nn.Module]] = {
    "strides": lambda: chain(nn.Conv2d(1, 4, 5, stride=(2, 3), padding=(2, 1)), nn.ReLU()),
    "groups": lambda: chain(nn.Conv2d(1, 6, 3), nn.Conv2d(6, 8, 3, groups=2, bias=False)),
    "depthwise": lambda: chain(nn.Conv2d(1, 6, 3), nn.Conv2d(6, 6, 5, stride=2, padding=2, groups=6)),
    "two of each": lambda: chain(nn.Conv2d(1, 4, 1), nn.Conv2d(4, 8, 3, padding="same", groups=4)),
    "dilation": lambda: chain(
        nn.Conv2d(1, 4, 3, dilation=2, padding="valid"), nn.Conv2d(4, 2, 3, dilation=(1, 3))
    ),
    "pointwise": lambda: chain(nn.Conv2d(1, 4, 3), nn.Conv2d(4, 3, 1, stride=2)),
    "batch norm folded": lambda: chain(nn.Conv2d(1, 4, 3, bias=False), nn.BatchNorm2d(4), nn.GELU()),
    "batch norm alone": lambda: chain(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.BatchNorm2d(4), nn.MaxPool2d(2)),
    "batch norm plain": lambda: chain(nn.BatchNorm2d(1, affine=False), nn.Conv2d(1, 2, 3)),
    "batch norm of vectors": lambda: nn.Sequential(nn.Flatten(), nn.Linear(784, 9), nn.BatchNorm1d(9), nn.SiLU()),
    "batch norm of tokens": lambda: Toy(
        lambda x, a, b: b(a(tokens(x))).flatten(1), nn.Linear(28, 5), nn.BatchNorm1d(8)
    ),
    "batch norm of what others use": lambda: Toy(
        lambda x, a, b: (b(y := a(x)) + y).flatten(1), nn.Conv2d(1, 3, 3), nn.BatchNorm2d(3)
    ),
    "max pooling": lambda: chain(nn.Conv2d(1, 3, 3), nn.MaxPool2d(3, 2, 1), nn.MaxPool2d((2, 1))),
    "average pooling": lambda: chain(nn.AvgPool2d(3, 2, 1), nn.AvgPool2d(2), nn.ReLU6()),
    "average without margin": lambda: chain(nn.AvgPool2d(3, 2, 1, count_include_pad=False)),
    "adaptive pooling": lambda: chain(nn.Conv2d(1, 3, 1), nn.AdaptiveAvgPool2d((7, 14)), nn.AdaptiveMaxPool2d(7)),
    "global average": lambda: chain(nn.Conv2d(1, 3, 5), nn.AdaptiveAvgPool2d(1)),
    "global maximum": lambda: chain(nn.Conv2d(1, 3, 5), nn.AdaptiveMaxPool2d(1)),
    "dropout": lambda: chain(nn.Dropout(0.5), nn.Conv2d(1, 3, 5), nn.Dropout2d(0.5), nn.Identity()),
    "activations": lambda: chain(nn.SiLU(), nn.Tanh(), nn.Sigmoid(), nn.GELU("tanh"), nn.Hardtanh(-0.1, 0.4)),
    "layer norm": lambda: chain(nn.Conv2d(1, 3, 3), nn.LayerNorm((3, 26, 26)), nn.LayerNorm(26, bias=False)),
    "arithmetic": lambda: Toy(lambda x: (1 - x / 2).square().add(1).sqrt().mul((-x).exp() + x**2).flatten(1)),
    "channels last": lambda: Toy(
        lambda x, a, b: b(functional.gelu(a(x).permute(0, 2, 3, 1))).mean(dim=(1, 2)),
        nn.Conv2d(1, 4, 3),
        nn.Linear(4, 3),
    ),
    "pad": lambda: Toy(lambda x: functional.pad(x, (1, 2, 3, 0), value=0.5).flatten(1)),
    "attention": lambda: Toy(heads, nn.Linear(28, 84)),
    "attention in steps": lambda: Toy(softmax_heads, nn.Linear(28, 84)),
    "multi-head attention": lambda: Toy(
        lambda x, a: a(t := tokens(x), t, t, need_weights=False)[0].flatten(1),
        nn.MultiheadAttention(28, 4, batch_first=True),
    ),
    "tokens": Tokens,
    "in place": lambda: Toy(in_place, nn.Conv2d(1, 3, 3)),
    "mixing": lambda: Toy(lambda x, a: a(tokens(x).transpose(1, 2)).mT.reshape(x.shape[0], -1), nn.Linear(8, 3)),
    "shared": lambda: Toy(lambda x, a: a(a(x)).flatten(1), nn.Conv2d(1, 1, 3)),
    "matrix of weights": lambda: Toy(lambda x, a: tokens(x).flatten(1) @ a.weight.T, nn.Linear(224, 3)),
}
