"""Kuzushiji-MNIST: cursive Japanese characters in the form of MNIST."""

from __future__ import annotations

from mnistkit.data.sets._mnist_like import register_mnist_like
from mnistkit.preparation import Preparation

INFO = register_mnist_like(
    name="kmnist",
    class_name="KMNIST",
    title="Cursive Japanese characters",
    classes=("o", "ki", "su", "tsu", "na", "ha", "ma", "ya", "re", "wo"),
    licence="CC BY-SA 4.0",
    citation="Tarin Clanuwat et al., arXiv:1812.01718 (2018)",
    download_size=21_240_888,
    # They fill their images, unlike MNIST's digits.
    preparation=Preparation("tile"),
)
