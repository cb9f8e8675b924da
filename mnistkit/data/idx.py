"""The IDX format of the MNIST files: images and labels as unsigned bytes, plain or gzip-compressed.

The format (LeCun, Cortes and Burges, "The MNIST database of handwritten digits"): two zero bytes, the type (8 is
an unsigned byte), the number of dimensions, one big-endian 32-bit size for each dimension, then the values.
"""

from __future__ import annotations

import gzip
import struct
import zlib
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING

from mnistkit.exceptions import DataError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_UNSIGNED_BYTE = 8
_GZIP_MAGIC = b"\x1f\x8b"
_KINDS = {1: "labels", 3: "images"}
# The names the four files have everywhere: a stem of the split, and what is in the file.
STEMS = {"train": "train", "test": "t10k"}
PARTS = {"images": "images{separator}idx3-ubyte", "labels": "labels{separator}idx1-ubyte"}
_COPY_HINT = "copy or download the file again"


def parse_idx(content: bytes, dimensions: int, name: str) -> NDArray[np.uint8]:
    """Return the array in the bytes of an IDX file.

    Args:
        content: The whole file, decompressed.
        dimensions: 3 for a file of images (n, height, width), 1 for a file of labels (n,).
        name: What to call the file in a message.

    Raises:
        DataError: a wrong magic number, or more or fewer bytes than the header says.
    """
    import numpy as np

    kind = _KINDS[dimensions]
    start = 4 + 4 * dimensions
    expected = struct.pack(">HBB", 0, _UNSIGNED_BYTE, dimensions)
    if len(content) < 4:
        raise DataError(f"{name} is cut short: {len(content)} bytes are no IDX file", hint=_COPY_HINT)
    if content[:4] != expected:
        raise DataError(
            f"{name} is no IDX file of {kind}: its magic number is 0x{content[:4].hex()}, not 0x{expected.hex()}"
        )
    if len(content) < start:
        raise DataError(f"{name} is cut short: its header ends after {len(content)} bytes", hint=_COPY_HINT)
    shape = struct.unpack(f">{dimensions}I", content[4:start])
    size = len(content) - start
    if size != prod(shape):
        fault = "is cut short" if size < prod(shape) else "is too long"
        raise DataError(f"{name} {fault}: {size} bytes of {kind} instead of {prod(shape)}", hint=_COPY_HINT)
    return np.frombuffer(content, dtype=np.uint8, offset=start).reshape(shape)


def format_idx(array: NDArray[np.uint8]) -> bytes:
    """Return the bytes of an IDX file that holds ``array`` (uint8, one or three dimensions)."""
    header = struct.pack(">HBB", 0, _UNSIGNED_BYTE, array.ndim) + struct.pack(f">{array.ndim}I", *array.shape)
    return header + array.tobytes()


def read_idx(path: Path, dimensions: int) -> NDArray[np.uint8]:
    """Read an IDX file, gzip-compressed or not (decided by its content).

    Raises:
        DataError: the file cannot be read, is damaged, or is no such IDX file; the message names it.
    """
    try:
        content = path.read_bytes()
        if content.startswith(_GZIP_MAGIC):
            content = gzip.decompress(content)
    except EOFError:
        raise DataError(f"{path} is cut short: its gzip stream has no end", hint=_COPY_HINT) from None
    except (gzip.BadGzipFile, zlib.error) as error:
        raise DataError(f"{path} is damaged: {error}", hint=_COPY_HINT) from None
    except OSError as error:
        raise DataError(f"cannot read {path}: {error.strerror or error}") from None
    return parse_idx(content, dimensions, str(path))


def find_idx(folder: Path, split: str, part: str) -> Path | None:
    """Return the IDX file of a split's "images" or "labels" in ``folder``, or None.

    Both ways of writing the name are known (``train-images-idx3-ubyte``, ``train-images.idx3-ubyte``), each with
    or without ``.gz``.
    """
    for separator in "-.":
        name = f"{STEMS[split]}-{PARTS[part].format(separator=separator)}"
        for suffix in ("", ".gz"):
            path = folder / (name + suffix)
            if path.is_file():
                return path
    return None


def read_idx_split(folder: Path, split: str) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Read the images (n, height, width) and labels (n,) of "train" or "test" from a folder of IDX files.

    Raises:
        DataError: a file is missing or damaged, or the numbers of images and labels differ.
    """
    images_path, labels_path = _required(folder, split, "images"), _required(folder, split, "labels")
    images, labels = read_idx(images_path, 3), read_idx(labels_path, 1)
    if len(images) != len(labels):
        raise DataError(
            f"{images_path} holds {len(images)} images, but {labels_path.name} holds {len(labels)} labels"
        )
    return images, labels


def _required(folder: Path, split: str, part: str) -> Path:
    path = find_idx(folder, split, part)
    if path is None:
        name = f"{STEMS[split]}-{PARTS[part].format(separator='-')}"
        raise DataError(f"{folder} has no {name}", hint=f"put {name} or {name}.gz there")
    return path
