"""A small residual network (He et al. 2016, "Identity mappings in deep residual networks", figure 4e)."""

from __future__ import annotations

from dataclasses import replace

from torch import Tensor, nn
from torch.nn import functional

from mnistkit.models import register_model
from mnistkit.models._recipes import ELASTIC, ONE_CYCLE


class ResNet(nn.Module):
    """A convolution to 14x14, and one block each at 14x14, 7x7 and 4x4."""

    def __init__(self, num_classes: int) -> None:
        super().__init__()
        self.stem = nn.Conv2d(1, 32, 3, stride=2, padding=1, bias=False)
        self.blocks = nn.Sequential(Block(32, 32), Block(32, 64, stride=2), Block(64, 128, stride=2))
        self.norm = nn.BatchNorm2d(128)
        self.head = nn.Linear(128, num_classes)

    def forward(self, images: Tensor) -> Tensor:
        """Map (batch, 1, 28, 28) normalised images to (batch, classes) logits."""
        x = functional.relu(self.norm(self.blocks(self.stem(images))))
        logits: Tensor = self.head(x.mean(dim=(2, 3)))
        return logits


class Block(nn.Module):
    """Two 3x3 convolutions, each after normalisation and ReLU, on a residual."""

    def __init__(self, channels: int, maps: int, stride: int = 1) -> None:
        super().__init__()
        self.norm1 = nn.BatchNorm2d(channels)
        self.conv1 = nn.Conv2d(channels, maps, 3, stride=stride, padding=1, bias=False)
        self.norm2 = nn.BatchNorm2d(maps)
        self.conv2 = nn.Conv2d(maps, maps, 3, padding=1, bias=False)
        same = channels == maps and stride == 1
        self.shortcut = None if same else nn.Conv2d(channels, maps, 1, stride=stride, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """Map (batch, channels, height, width) to (batch, maps, height / stride, width / stride), rounded up."""
        y = functional.relu(self.norm1(x))
        residual = x if self.shortcut is None else self.shortcut(y)
        y = self.conv2(functional.relu(self.norm2(self.conv1(y))))
        added: Tensor = residual + y
        return added


@register_model(
    description="three residual blocks of 3x3 convolutions",
    recipe=replace(ONE_CYCLE, epochs=10, learning_rate=5e-3, weight_decay=0.05, augmentation=ELASTIC),
)
def resnet(num_classes: int = 10) -> nn.Module:
    """Return the residual network, with 307,690 parameters for ten classes."""
    return ResNet(num_classes)
