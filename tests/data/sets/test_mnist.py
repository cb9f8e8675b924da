"""MNIST, which ships: its splits and figures."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest

import mnistkit
from mnistkit.data import load_dataset
from mnistkit.data.idx import format_idx
from mnistkit.data.sets.mnist import PACKED

INDICES = Path(mnistkit.__file__).parents[1] / "docs" / "mnist-validation-indices.txt"
INDICES_SHA256 = "0935d45169166f31add4e486a967d889aed97d5d10ab81022dea793ae15e277f"


def test_mnist_in_numbers() -> None:
    dataset = load_dataset("mnist")
    assert (dataset.mean, dataset.std, dataset.validation_size) == (0.1307, 0.3081, 5000)
    sizes = [len(dataset.split(name)) for name in ("train", "val", "test")]
    assert sizes == [55_000, 5_000, 10_000]
    assert dataset.classes == tuple("0123456789")


def test_mnist_normalisation_is_that_of_its_images() -> None:
    from mnistkit.data.assemble import pixel_statistics

    mean, std = pixel_statistics(load_dataset("mnist").train.images)
    assert mean == pytest.approx(0.1307, abs=5e-5) and std == pytest.approx(0.3081, abs=5e-5)


def test_the_published_validation_indices_are_the_split() -> None:
    content = INDICES.read_bytes()
    assert hashlib.sha256(content).hexdigest() == INDICES_SHA256
    published = np.array(content.decode("ascii").split(), dtype=np.int64)
    dataset = load_dataset("mnist")
    validation = dataset.split("val")
    assert (validation.indices == published).all()
    assert (validation.labels == dataset.train.labels[published]).all()
    assert not set(published) & set(dataset.split("train").indices)


PUBLISHED = {
    "train-images-idx3-ubyte": "6bbc9ace898e44ae57da46a324031adb",
    "train-labels-idx1-ubyte": "a25bea736e30d166cdddb491f175f624",
    "t10k-images-idx3-ubyte": "2646ac647ad5339dbf082846283269ea",
    "t10k-labels-idx1-ubyte": "27ae3e4e09519cfbb04c329615203637",
}


def test_the_shipped_mnist_is_the_published_one() -> None:
    dataset = load_dataset("mnist")
    arrays = {
        "train-images-idx3-ubyte": dataset.train.images,
        "train-labels-idx1-ubyte": dataset.train.labels.astype(np.uint8),
        "t10k-images-idx3-ubyte": dataset.test.images,
        "t10k-labels-idx1-ubyte": dataset.test.labels.astype(np.uint8),
    }
    sums = {name: hashlib.md5(format_idx(a), usedforsecurity=False).hexdigest() for name, a in arrays.items()}
    assert sums == PUBLISHED


def test_the_shipped_file_is_small_and_its_licence_stands_beside_it() -> None:
    assert PACKED.stat().st_size <= 10_000_000
    licence = (PACKED.parent / "LICENSE-MNIST.md").read_text(encoding="utf-8")
    for needed in ("Attribution-ShareAlike 3.0", "Yann LeCun", "Corinna Cortes", *PUBLISHED.values()):
        assert needed in licence
