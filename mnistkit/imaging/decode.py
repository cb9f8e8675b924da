"""Opening picture files safely: known formats, limits that are named, one kind of error."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

from mnistkit.exceptions import PictureError
from mnistkit.imaging.sniff import describe
from mnistkit.imaging.source import read_source

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from PIL import Image

MAX_PIXELS = 100_000_000
# Pillow knows these without importing all its other modules.
_FREQUENT = ("PNG", "JPEG", "GIF", "BMP", "PPM")
# Left out are formats that start other programs (EPS), that Pillow only names (HDF5), or that no one draws in.
_FORMATS = (
    *_FREQUENT,
    *("WEBP", "TIFF", "MPO", "JPEG2000", "AVIF", "ICO", "DIB", "PCX", "TGA", "PSD", "SGI", "QOI", "ICNS", "SUN"),
    *("XBM", "XPM", "MSP", "IM", "DDS", "CUR"),
)


@cache
def formats() -> tuple[str, ...]:
    """Return the formats that are read, as Pillow names them, the most frequent first."""
    from PIL import Image

    Image.init()
    return tuple(name for name in _FORMATS if name in Image.OPEN)


@contextmanager
def open_picture(source: str | Path | bytes) -> Iterator[Image.Image]:
    """Open a picture; what goes wrong while it is used is told as well.

    Yields:
        The picture, not decoded yet, of at most ``MAX_PIXELS`` pixels.

    Raises:
        PictureError: the file cannot be read, is of no known format, is damaged, or is too large.
    """
    from PIL import Image, UnidentifiedImageError

    name, content = read_source(source)
    try:
        with _identify(content) as opened:
            _check_size(name, opened)
            yield opened
    except UnidentifiedImageError:
        kind, hint = describe(content)
        raise PictureError(f"{name} is {kind}", hint=hint) from None
    except Image.DecompressionBombError:
        raise PictureError(f"{name} is too large: {_LIMIT}") from None
    except PictureError:
        raise
    except MemoryError:
        raise PictureError(f"{name} does not fit into the memory") from None
    except Exception as error:
        # Pillow's decoders raise nearly anything on damaged files: OSError, SyntaxError, ValueError, struct.error.
        reason = " ".join(str(error).split()) or type(error).__name__
        raise PictureError(f"{name} is damaged: {reason}", hint="save the picture again") from None


def _identify(content: bytes) -> Image.Image:
    from PIL import Image, UnidentifiedImageError

    with suppress(UnidentifiedImageError):
        return Image.open(BytesIO(content), formats=_FREQUENT)
    return Image.open(BytesIO(content), formats=formats())


_LIMIT = f"more than {MAX_PIXELS // 10**6} million pixels"


def _check_size(name: str, picture: Image.Image) -> None:
    if picture.width * picture.height > MAX_PIXELS:
        raise PictureError(
            f"{name} is too large: {picture.width}x{picture.height} is {_LIMIT}", hint="reduce it first"
        )


@contextmanager
def without_remarks() -> Iterator[None]:
    """Silence Pillow's warnings about odd metadata; to be used once around all threads that read pictures."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def eight_bits(picture: Image.Image) -> Image.Image:
    """Return a grey picture of 16 or 32 bits a pixel with 8; Pillow itself would cut everything above 255 off."""
    import numpy as np
    from PIL import Image

    pixels: NDArray[np.float32] = np.nan_to_num(np.asarray(picture, dtype=np.float32), posinf=0, neginf=0)
    highest = float(pixels.max(initial=0))
    if picture.mode == "F":
        white = 1.0 if highest <= 1 else 255.0 if highest <= 255 else highest
    else:
        white = 65535.0 if picture.mode.startswith("I;16") or highest > 255 else 255.0
    return Image.fromarray((np.clip(pixels / np.float32(white), 0, 1) * 255).round().astype(np.uint8))
