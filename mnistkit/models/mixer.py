"""A small MLP-Mixer (Tolstikhin et al. 2021, "MLP-Mixer: an all-MLP architecture for vision", section 2).

images (1, 28, 28)
Patches          7x7 patches of 4x4 pixels             49 tokens of 64
Mixer x 4        a perceptron over the tokens, one over the channels, each on a residual
LayerNorm, mean over the tokens, Linear                logits
"""

from __future__ import annotations

from dataclasses import replace

from torch import Tensor, nn

from mnistkit.models import register_model
from mnistkit.models._recipes import TRANSFORMER

_PATCH = 4
_TOKENS = (28 // _PATCH) ** 2
_WIDTH = 64
_DEPTH = 4


class MlpMixer(nn.Module):
    """Patches, mixer blocks, and the mean over the tokens."""

    def __init__(self, num_classes: int) -> None:
        super().__init__()
        self.patches = nn.Conv2d(1, _WIDTH, _PATCH, stride=_PATCH)
        self.blocks = nn.Sequential(*(Mixer(_TOKENS, _WIDTH) for _ in range(_DEPTH)))
        self.norm = nn.LayerNorm(_WIDTH)
        self.head = nn.Linear(_WIDTH, num_classes)

    def forward(self, images: Tensor) -> Tensor:
        """Map (batch, 1, 28, 28) normalised images to (batch, classes) logits."""
        tokens = self.patches(images).flatten(2).transpose(1, 2)
        logits: Tensor = self.head(self.norm(self.blocks(tokens)).mean(dim=1))
        return logits


class Mixer(nn.Module):
    """A perceptron that mixes the tokens of a channel, then one that mixes the channels of a token."""

    def __init__(self, tokens: int, width: int) -> None:
        super().__init__()
        self.token_norm = nn.LayerNorm(width)
        self.token_mlp = _perceptron(tokens, 2 * tokens)
        self.channel_norm = nn.LayerNorm(width)
        self.channel_mlp = _perceptron(width, 4 * width)

    def forward(self, x: Tensor) -> Tensor:
        """Map (batch, tokens, width) to the same shape."""
        x = x + self.token_mlp(self.token_norm(x).transpose(1, 2)).transpose(1, 2)
        mixed: Tensor = x + self.channel_mlp(self.channel_norm(x))
        return mixed


def _perceptron(width: int, hidden: int) -> nn.Sequential:
    return nn.Sequential(nn.Linear(width, hidden), nn.GELU(), nn.Linear(hidden, width))


@register_model(
    description="an MLP-Mixer: 49 patches of 4x4 pixels, perceptrons over places and channels",
    recipe=replace(TRANSFORMER, learning_rate=3e-3),
)
def mixer(num_classes: int = 10) -> nn.Module:
    """Return the mixer, with 174,246 parameters for ten classes."""
    return MlpMixer(num_classes)
