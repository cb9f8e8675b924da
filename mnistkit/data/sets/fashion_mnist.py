"""Fashion-MNIST: pictures of clothes in the form of MNIST."""

from __future__ import annotations

from mnistkit.data.sets._mnist_like import register_mnist_like
from mnistkit.preparation import Preparation

INFO = register_mnist_like(
    name="fashion-mnist",
    class_name="FashionMNIST",
    title="Clothes and shoes",
    classes=(
        "T-shirt/top",
        "Trouser",
        "Pullover",
        "Dress",
        "Coat",
        "Sandal",
        "Shirt",
        "Sneaker",
        "Bag",
        "Ankle boot",
    ),
    licence="MIT",
    citation="Han Xiao, Kashif Rasul and Roland Vollgraf, arXiv:1708.07747 (2017)",
    download_size=30_878_645,
    preparation=Preparation("whole"),
)
