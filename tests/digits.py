"""A small dataset of real digits, as a folder of IDX files, for quick training runs."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from mnistkit.data import load_dataset
from mnistkit.data.base import LabelledImages

NAMES = {"train": "train", "test": "t10k"}


def write_digits(folder: Path, train: int = 1200, test: int = 200) -> Path:
    """Write the first real MNIST images as the four IDX files of a dataset folder."""
    folder.mkdir(parents=True)
    mnist = load_dataset("mnist")
    for name, part, count in (("train", mnist.train, train), ("t10k", mnist.test, test)):
        _write(folder / f"{name}-images-idx3-ubyte", part, count, images=True)
        _write(folder / f"{name}-labels-idx1-ubyte", part, count, images=False)
    return folder


def _write(path: Path, part: LabelledImages, count: int, *, images: bool) -> None:
    values = part.images[:count] if images else part.labels[:count].astype(np.uint8)
    header = np.array([2051 if images else 2049, *values.shape], dtype=">i4")
    path.write_bytes(header.tobytes() + np.ascontiguousarray(values).tobytes())
