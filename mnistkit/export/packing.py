"""Tensors in 16 or 8 bits, one after the other in a row of bytes, for targets whose size matters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = Mapping[str, NDArray[np.float32]]

BITS = (8, 16)
"""How many bits a weight may be stored in."""

_LARGEST = 127


@dataclass(frozen=True)
class Packed:
    """Tensors as bytes.

    Attributes:
        places: Of each tensor, by name, its ``shape``, the ``bits`` of its numbers and where it ``starts``.
        content: All of them. 16 bits are floats. 8 bits are whole numbers from -127 to 127, the float32 that each
            row (of the first axis) is to be multiplied by after them. All are little-endian.
    """

    places: Mapping[str, Mapping[str, Any]]
    content: bytes


def pack(tensors: Floats, bits: int) -> Packed:
    """Return tensors as bytes.

    Args:
        tensors: By name.
        bits: 16, or 8 for those of two axes or more: each row (of the first axis, the output channels) is divided
            by its largest absolute number. Biases and scales always have 16.

    Raises:
        OverflowError: a number is too large for 16 bits.
    """
    content = bytearray()
    places: dict[str, dict[str, Any]] = {}
    for name, tensor in tensors.items():
        own = 8 if bits == 8 and tensor.ndim > 1 else 16
        places[name] = {"shape": list(tensor.shape), "bits": own, "start": len(content)}
        content += _in_8_bits(tensor) if own == 8 else _in_16_bits(name, tensor)
    return Packed(places, bytes(content))


def unpack(packed: Packed) -> dict[str, NDArray[np.float32]]:
    """Return the tensors that bytes hold, as whoever reads them computes with them."""
    return {name: _unpacked(packed.content, **place) for name, place in packed.places.items()}


def _in_16_bits(name: str, tensor: NDArray[np.float32]) -> bytes:
    with np.errstate(over="ignore"):
        halves = tensor.astype("<f2")
    if not np.isfinite(halves).all():
        raise OverflowError(f"'{name}' holds {float(np.abs(tensor).max()):.3g}, too large for 16 bits")
    return halves.tobytes()


def _in_8_bits(tensor: NDArray[np.float32]) -> bytes:
    rows = tensor.reshape(len(tensor), -1)
    scales = (np.abs(rows).max(axis=1) / _LARGEST).astype("<f4")
    steps = np.rint(rows / np.where(scales > 0, scales, 1)[:, None])
    return steps.astype(np.int8).tobytes() + scales.tobytes()


def _unpacked(content: bytes, *, shape: list[int], bits: int, start: int) -> NDArray[np.float32]:
    size = int(np.prod(shape))
    if bits == 16:
        return np.frombuffer(content, "<f2", size, start).astype(np.float32).reshape(shape)
    steps = np.frombuffer(content, np.int8, size, start).reshape(shape[0], -1).astype(np.float32)
    scales = np.frombuffer(content, "<f4", shape[0], start + size)
    return (steps * scales[:, None]).reshape(shape)
