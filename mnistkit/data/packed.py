"""MNIST in one small file: an LZMA stream of the images and labels, decoded to one flat file of bytes.

A packed file is a header (magic, numbers of images, CRC-32 of the decoded bytes) and an xz stream. In the stream
stand all training and test images and then all labels, two in a byte. Decoded, a label takes a byte of its own, so
that every array is a view of the decoded file.

A literal context of four bits suits the images: a pixel's value is best guessed from its left neighbour's upper
bits. Neither position bits nor a match model of text gain anything.
"""

from __future__ import annotations

import lzma
import struct
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from mnistkit.exceptions import DataError
from mnistkit.recipe import IMAGE_SIZE

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_MAGIC = b"mnistkit"
_HEADER = struct.Struct("<8sIII")
_PIXELS = IMAGE_SIZE[0] * IMAGE_SIZE[1]
_MOST_CLASSES = 16


@dataclass(frozen=True)
class PackedHeader:
    """What a packed file says about its decoded bytes.

    Attributes:
        train: Number of training images.
        test: Number of test images.
        crc: CRC-32 of the decoded bytes.
    """

    train: int
    test: int
    crc: int

    @property
    def size(self) -> int:
        """Number of decoded bytes."""
        return (self.train + self.test) * (_PIXELS + 1)


@dataclass(frozen=True)
class RawSplits:
    """Views of the decoded bytes: uint8 images of shape (n, 28, 28) and uint8 labels of shape (n,)."""

    train_images: NDArray[np.uint8]
    train_labels: NDArray[np.uint8]
    test_images: NDArray[np.uint8]
    test_labels: NDArray[np.uint8]


def pack(splits: RawSplits) -> bytes:
    """Return the packed file of the four arrays; labels must be below 16. Takes about a minute for MNIST.

    Raises:
        DataError: images that are not 28x28, or a label above 15.
    """
    import numpy as np

    images = [splits.train_images, splits.test_images]
    labels = np.concatenate([splits.train_labels, splits.test_labels])
    if any(array.shape[1:] != IMAGE_SIZE for array in images):
        raise DataError(f"only images of {IMAGE_SIZE[0]}x{IMAGE_SIZE[1]} pixels can be packed")
    if labels.size and labels.max() >= _MOST_CLASSES:
        raise DataError(f"only labels below {_MOST_CLASSES} can be packed, not {labels.max()}")
    pixels = b"".join(array.tobytes() for array in images)
    pairs = np.append(labels, np.zeros(len(labels) % 2, dtype=np.uint8)).reshape(-1, 2)
    nibbles = (pairs[:, 0] << 4 | pairs[:, 1]).astype(np.uint8).tobytes()
    crc = zlib.crc32(labels.tobytes(), zlib.crc32(pixels))
    filters = [{"id": lzma.FILTER_LZMA2, "preset": 9 | lzma.PRESET_EXTREME, "lc": 4, "lp": 0, "pb": 0}]
    header = _HEADER.pack(_MAGIC, len(splits.train_images), len(splits.test_images), crc)
    return header + lzma.compress(pixels + nibbles, check=lzma.CHECK_CRC32, filters=filters)


def read_header(path: Path) -> PackedHeader:
    """Read the header of a packed file.

    Raises:
        DataError: the file is missing or is no packed file.
    """
    try:
        with path.open("rb") as file:
            magic, train, test, crc = _HEADER.unpack(file.read(_HEADER.size))
    except (OSError, struct.error):
        raise _damaged(path) from None
    if magic != _MAGIC:
        raise _damaged(path)
    return PackedHeader(train, test, crc)


def unpack(path: Path) -> bytes:
    """Return the decoded bytes of a packed file, as long as its header says and with that CRC-32.

    Raises:
        DataError: the file is missing or damaged.
    """
    import numpy as np

    header = read_header(path)
    try:
        decoded = lzma.decompress(path.read_bytes()[_HEADER.size :])
    except (OSError, lzma.LZMAError):
        raise _damaged(path) from None
    count = header.train + header.test
    pixels = decoded[: count * _PIXELS]
    nibbles = np.frombuffer(decoded[len(pixels) :], dtype=np.uint8)
    labels = np.stack([nibbles >> 4, nibbles & 15], axis=1).reshape(-1)[:count]
    raw = pixels + labels.tobytes()
    if not is_intact(memoryview(raw), header):
        raise _damaged(path)
    return raw


def is_intact(raw: memoryview, header: PackedHeader) -> bool:
    """Say whether decoded bytes have the size and the CRC-32 of the header."""
    return len(raw) == header.size and zlib.crc32(raw) == header.crc


def views(raw: NDArray[np.uint8], header: PackedHeader) -> RawSplits:
    """Return the four arrays as views of the decoded bytes, a flat uint8 array."""
    count = header.train + header.test
    images = raw[: count * _PIXELS].reshape(count, *IMAGE_SIZE)
    labels = raw[count * _PIXELS :]
    return RawSplits(
        images[: header.train], labels[: header.train], images[header.train :], labels[header.train :]
    )


def _damaged(path: Path) -> DataError:
    return DataError(f"the packed dataset {path} is damaged", hint="install mnistkit again")
