"""Pictures that are in memory already: Pillow's, numpy's arrays, and torch's tensors."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeAlias, TypeGuard

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from mnistkit.exceptions import PictureError
from mnistkit.imaging.decode import explained
from mnistkit.imaging.limits import DEFAULT_LIMITS, Limits
from mnistkit.imaging.read_bytes import UNNAMED

if TYPE_CHECKING:
    from torch import Tensor

Pixels: TypeAlias = "NDArray[np.uint8] | NDArray[np.bool_] | NDArray[np.floating[Any]]"

_SHAPES = "(height, width), (height, width, 3) or (height, width, 4)"
_TYPES = "uint8 from 0 to 255, floats from 0 to 1, or booleans"
_CHANNELS = (1, 3, 4)
# Bytes of a float32.
_SINGLE = 4
# Resampled floats lie beyond 0 and 1 by rounding errors; this is half a grey level.
_TOLERANCE = 0.5 / 255


@contextmanager
def open_in_memory(
    source: Image.Image | Pixels | Tensor, limits: Limits = DEFAULT_LIMITS
) -> Iterator[Image.Image]:
    """Do for a picture in memory what :func:`mnistkit.imaging.decode.open_picture` does for a file.

    Args:
        source: A Pillow image, of which the frame counts that it stands at, what :func:`from_array` takes, or a
            tensor of the same types: on any device, its channels first, as torch has them.
        limits: Only the pixels are limited.

    Raises:
        PictureError: there are no pixels, or too many; they cannot be decoded; or it is no picture at all.
    """
    if _is_tensor(source):
        source = _array_of(source)
    if isinstance(source, np.ndarray):
        size = source.shape[1::-1] if source.ndim > 1 else (source.size, 1)
    elif isinstance(source, Image.Image):
        size = source.size
    else:
        hint = "give a path, the bytes of a file, a Pillow image, a numpy array or a tensor"
        raise PictureError(f"{UNNAMED} is of type {type(source).__name__}, which holds none", hint=hint)
    if not np.prod(size):
        raise PictureError(f"{UNNAMED} is empty")
    limits.check_size(UNNAMED, size[0], size[1])
    try:
        image = source if isinstance(source, Image.Image) else from_array(source)
        image.load()
        yield image
    except Exception as error:
        raise explained(error, UNNAMED, limits) from None


def _is_tensor(source: object) -> TypeGuard[Tensor]:
    # Whoever has one has imported torch, which takes a second that nobody else is to wait.
    kind = getattr(sys.modules.get("torch"), "Tensor", None)
    return kind is not None and isinstance(source, kind)


def _array_of(tensor: Tensor) -> NDArray[Any]:
    """Return a tensor as an array with its channels last; a tensor of another shape keeps it, to be refused."""
    values = tensor.detach().cpu()
    if values.is_floating_point() and values.element_size() < _SINGLE:
        values = values.float()  # numpy has no bfloat16
    if values.ndim == 3 and values.shape[0] in _CHANNELS:
        values = values.permute(1, 2, 0)
    array: NDArray[Any] = values.numpy()
    return array


def from_array(pixels: Pixels) -> Image.Image:
    """Return an array as the picture that it is when saved as PNG.

    Args:
        pixels: Shape (height, width), (height, width, 1), (height, width, 3) for red, green and blue, or
            (height, width, 4) with an opacity. Either uint8 from 0 to 255, floats from 0 to 1, or booleans, of
            which the true ones are white.

    Raises:
        PictureError: another shape or type, floats below 0, above 1 or not finite.
    """
    if pixels.ndim not in (2, 3) or (pixels.ndim == 3 and pixels.shape[2] not in _CHANNELS):
        raise PictureError(f"{UNNAMED} is an array of shape {pixels.shape}", hint=f"give one of shape {_SHAPES}")
    levels = _levels(pixels)
    return Image.fromarray(levels[..., 0] if levels.shape[2:] == (1,) else levels)


def _levels(pixels: Pixels) -> NDArray[np.uint8]:
    if pixels.dtype == np.uint8:
        return np.asarray(pixels, dtype=np.uint8)
    if pixels.dtype == np.bool_:
        return np.asarray(pixels, dtype=np.uint8) * np.uint8(255)
    if not np.issubdtype(pixels.dtype, np.floating):
        raise PictureError(f"{UNNAMED} is an array of {pixels.dtype}", hint=f"give {_TYPES}")
    low, high = float(pixels.min()), float(pixels.max())
    if not np.isfinite(low + high):
        raise PictureError(f"{UNNAMED} holds values that are not finite")
    if low < -_TOLERANCE or high > 1 + _TOLERANCE:
        raise PictureError(f"{UNNAMED} holds floats from {low:.4g} to {high:.4g}", hint=f"give {_TYPES}")
    return (np.clip(pixels, 0, 1) * 255).round().astype(np.uint8)
