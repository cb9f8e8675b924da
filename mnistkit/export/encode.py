"""Tensors in few bytes, for files that carry a model to where only its program is read."""

from __future__ import annotations

import base64
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

# Biases, scales and constants are few, and matter more than a weight.
_FEWEST_NUMBERS = 256
_LARGEST_LEVEL = 127


@dataclass(frozen=True)
class Encoded:
    """Tensors as bytes.

    Attributes:
        index: Name, shape, bits and start of each: numbers of 32 or 16 bits, or of 8 after a factor in 32 bits for
            each place along the first axis; all little-endian.
        data: The bytes.
        decoded: What the numbers have become, as float32, by name.
    """

    index: tuple[Mapping[str, Any], ...]
    data: bytes
    decoded: Mapping[str, NDArray[np.float32]]


def encode(tensors: Mapping[str, NDArray[np.float32]], bits: int) -> Encoded:
    """Keep weights in 8 or 16 ``bits``, and small tensors in 32.

    Of 8 bits, each output of a layer has a scale of its own (Krishnamoorthi 2018, "Quantizing deep convolutional
    networks for efficient inference", section 3.1.1: symmetric, by channel).
    """
    index, parts, decoded, start = [], [], {}, 0
    for name, values in tensors.items():
        own = bits if values.ndim > 1 and values.size >= _FEWEST_NUMBERS else 32
        data, decoded[name] = _encoded(values, own)
        index.append({"name": name, "shape": list(values.shape), "bits": own, "start": start})
        parts.append(data)
        start += len(data)
    return Encoded(tuple(index), b"".join(parts), decoded)


def _encoded(values: NDArray[np.float32], bits: int) -> tuple[bytes, NDArray[np.float32]]:
    if bits == 32:
        return values.astype("<f4").tobytes(), values
    if bits == 16:
        halves = values.astype("<f2")
        return halves.tobytes(), halves.astype(np.float32)
    rows = values.reshape(len(values), -1)
    scales = np.abs(rows).max(axis=1, keepdims=True) / np.float32(_LARGEST_LEVEL)
    # A row of zeros is zeros by any scale.
    scales = np.where(scales > 0, scales, 1).astype("<f4")
    levels = np.rint(rows / scales).astype(np.int8)
    return scales.tobytes() + levels.tobytes(), (levels * scales).astype(np.float32).reshape(values.shape)


def as_text(data: bytes) -> str:
    """Return bytes deflated and in base64."""
    return base64.b64encode(zlib.compress(data, 9)).decode("ascii")
