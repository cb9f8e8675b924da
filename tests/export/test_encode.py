"""Tensors in few bytes: what comes back, and how far it is from what was put in."""

from __future__ import annotations

import base64
import zlib

import numpy as np
import pytest
from numpy.typing import NDArray

from mnistkit.export.encode import as_text, encode

RNG = np.random.default_rng(0)
TENSORS: dict[str, NDArray[np.float32]] = {
    "weight": RNG.normal(0, [[[[1]]], [[[0.01]]], [[[0]]]], (3, 10, 3, 3)).astype(np.float32),
    "matrix": RNG.normal(0, 1, (300, 2)).astype(np.float32),
    "small": RNG.normal(0, 1, (5, 5)).astype(np.float32),
    "bias": RNG.normal(0, 1, 400).astype(np.float32),
}


@pytest.mark.parametrize(("bits", "error"), [(8, 0.5 / 127), (16, 2**-11)])
def test_large_weights_lose_little_of_their_row_and_small_tensors_nothing(bits: int, error: float) -> None:
    encoded = encode(TENSORS, bits)
    assert [each["bits"] for each in encoded.index] == [bits, bits, 32, 32]
    for name, values in TENSORS.items():
        found = encoded.decoded[name]
        assert found.dtype == np.float32 and found.shape == values.shape
        rows = np.abs(values).reshape(len(values), -1).max(axis=1)
        change = np.abs(found - values).reshape(len(values), -1).max(axis=1)
        assert (change <= (rows * error * 1.001 if name in ("weight", "matrix") else 0)).all()
    assert not np.array_equal(encoded.decoded["weight"], TENSORS["weight"])


def test_tensors_lie_one_after_the_other() -> None:
    encoded = encode(TENSORS, 8)
    starts = [each["start"] for each in encoded.index]
    assert starts == [0, 3 * 4 + 270, 3 * 4 + 270 + 300 * 4 + 600, 3 * 4 + 270 + 300 * 4 + 600 + 100]
    assert len(encoded.data) == starts[-1] + 1600


def test_text_is_the_bytes_deflated() -> None:
    assert zlib.decompress(base64.b64decode(as_text(b"digits" * 99))) == b"digits" * 99
