"""A small vision transformer (Dosovitskiy et al. 2021, "An image is worth 16x16 words", section 3.1).

    images (1, 28, 28)
    Patches          7x7 patches of 4x4 pixels             49 tokens of 64, plus a learned place each
    Encoder x 5      self-attention of four heads, MLP      49, 64
    LayerNorm, mean over the tokens, Linear                logits

The mean over the tokens instead of a class token, and the normalisation before each part, follow Beyer, Zhai and
Kolesnikov (2022), "Better plain ViT baselines for ImageNet-1k".
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from mnistkit.models import register_model
from mnistkit.models._recipes import TRANSFORMER

_PATCH = 4
_TOKENS = (28 // _PATCH) ** 2
_WIDTH = 64
_HEADS = 4
_DEPTH = 5


class VisionTransformer(nn.Module):
    """Patches, encoder blocks, and the mean over the tokens."""

    def __init__(self, num_classes: int) -> None:
        super().__init__()
        self.patches = nn.Conv2d(1, _WIDTH, _PATCH, stride=_PATCH)
        self.places = nn.Parameter(0.02 * torch.randn(_TOKENS, _WIDTH))
        self.encoder = nn.Sequential(*(Encoder(_WIDTH, _HEADS) for _ in range(_DEPTH)))
        self.norm = nn.LayerNorm(_WIDTH)
        self.head = nn.Linear(_WIDTH, num_classes)

    def forward(self, images: Tensor) -> Tensor:
        """Map (batch, 1, 28, 28) normalised images to (batch, classes) logits."""
        tokens = self.patches(images).flatten(2).transpose(1, 2) + self.places
        logits: Tensor = self.head(self.norm(self.encoder(tokens)).mean(dim=1))
        return logits


class Encoder(nn.Module):
    """Self-attention and a perceptron, each after LayerNorm and on a residual."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.attention_norm = nn.LayerNorm(width)
        self.attention = Attention(width, heads)
        self.mlp_norm = nn.LayerNorm(width)
        self.mlp = nn.Sequential(nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width))

    def forward(self, x: Tensor) -> Tensor:
        """Map (batch, tokens, width) to the same shape."""
        x = x + self.attention(self.attention_norm(x))
        mixed: Tensor = x + self.mlp(self.mlp_norm(x))
        return mixed


class Attention(nn.Module):
    """Self-attention of several heads (Vaswani et al. 2017, section 3.2)."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.query_key_value = nn.Linear(width, 3 * width)
        self.project = nn.Linear(width, width)

    def forward(self, x: Tensor) -> Tensor:
        """Map (batch, tokens, width) to the same shape."""
        batch, tokens, width = x.shape
        split = self.query_key_value(x).view(batch, tokens, 3, self.heads, width // self.heads)
        query, key, value = split.permute(2, 0, 3, 1, 4).unbind(0)
        attended = functional.scaled_dot_product_attention(query, key, value)
        projected: Tensor = self.project(attended.transpose(1, 2).reshape(batch, tokens, width))
        return projected


@register_model(
    description="a vision transformer: 49 patches of 4x4 pixels, five encoder blocks",
    recipe=TRANSFORMER,
)
def vit(num_classes: int = 10) -> nn.Module:
    """Return the vision transformer, with 254,922 parameters for ten classes."""
    return VisionTransformer(num_classes)
