"""Small arrays in the form of MNIST, to be packed."""

from __future__ import annotations

import numpy as np

from mnistkit.data.packed import RawSplits


def random_splits(train: int, test: int) -> RawSplits:
    """Return splits of that many random images, with random labels below 16."""
    random = np.random.default_rng(train)
    parts = [
        array
        for n in (train, test)
        for array in (
            random.integers(0, 256, (n, 28, 28), dtype=np.uint8),
            random.integers(0, 16, n, dtype=np.uint8),
        )
    ]
    return RawSplits(*parts)


def decoded_bytes(splits: RawSplits) -> bytes:
    """Return what the packed file of ``splits`` must decode to: all images, then all labels."""
    arrays = (splits.train_images, splits.test_images, splits.train_labels, splits.test_labels)
    return b"".join(array.tobytes() for array in arrays)
