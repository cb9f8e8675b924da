"""Datasets as a user has them: pictures in a folder for each class, or IDX files."""

from __future__ import annotations

import gzip
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from mnistkit.data import load_dataset
from mnistkit.data.idx import format_idx


def level(label: int, number: int) -> int:
    """Return the grey level in the centre of picture ``number`` of a class."""
    return 40 + 10 * label + number


def make_classes(folder: Path, classes: dict[str, int], paper: int = 0) -> Path:
    """Make pictures whose centre tells class and number, and whose border is ``paper``."""
    for label, (name, count) in enumerate(classes.items()):
        (folder / name).mkdir(parents=True)
        for number in range(count):
            pixels = np.full((28, 28), paper, dtype=np.uint8)
            pixels[10:18, 10:18] = level(label, number)
            Image.fromarray(pixels).save(folder / name / f"{number}.png")
    return folder


def make_bars(folder: Path, counts: dict[str, int], spoiled: Sequence[str] = ()) -> Path:
    """Make pictures of one bar, whose place is the class, in a folder for each of three classes.

    Args:
        folder: Where the classes' folders are made.
        counts: How many pictures each class has.
        spoiled: The pictures, such as "left/3.png", that show another class than they are filed under.
    """
    random = np.random.default_rng(0)
    for label, (name, count) in enumerate(counts.items()):
        (folder / name).mkdir(parents=True)
        for number in range(count):
            is_spoiled = f"{name}/{number}.png" in spoiled
            image = random.integers(0, 60, (28, 28)).astype(np.uint8)
            start = 9 * ((label + is_spoiled) % len(counts))
            image[4:24, start + 2 : start + 6] = 250
            Image.fromarray(image).save(folder / name / f"{number}.png")
    return folder


def make_idx(folder: Path, split: str, labels: list[int], size: int = 28, suffix: str = "") -> Path:
    """Make the two IDX files of a split ("train" or "t10k") of random square images."""
    images = np.random.default_rng(0).integers(0, 99, (len(labels), size, size), dtype=np.uint8)
    _write_split(folder, split, images, np.array(labels), suffix)
    return folder


def make_digits(folder: Path, train: int = 1200, test: int = 200) -> Path:
    """Make the four IDX files of a dataset of the first real MNIST images, for quick training runs."""
    mnist = load_dataset("mnist")
    for split, part, count in (("train", mnist.train, train), ("t10k", mnist.test, test)):
        _write_split(folder, split, part.images[:count], part.labels[:count])
    return folder


def _write_split(
    folder: Path, split: str, images: NDArray[np.uint8], labels: NDArray[np.integer], suffix: str = ""
) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, array in (("images-idx3", images), ("labels-idx1", labels.astype(np.uint8))):
        content = format_idx(array)
        path = folder / f"{split}-{name}-ubyte{suffix}"
        path.write_bytes(gzip.compress(content) if suffix else content)
