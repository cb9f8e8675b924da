"""Opening picture files safely: known formats, limits that are named, one kind of error."""

from __future__ import annotations

import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

from mnistkit.exceptions import PictureError
from mnistkit.imaging.limits import DEFAULT_LIMITS, Limits, count_of_pixels
from mnistkit.imaging.read_bytes import read_bytes
from mnistkit.imaging.sniff import describe

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from PIL import Image

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
def open_picture(source: str | Path | bytes, limits: Limits = DEFAULT_LIMITS) -> Iterator[Image.Image]:
    """Open a picture; what goes wrong while it is used is told as well.

    Yields:
        The picture, not decoded yet.

    Raises:
        PictureError: the file cannot be read, is of no known format, is damaged, or is too large.
    """
    name, content = read_bytes(source, limits)
    try:
        with _identify(content) as opened:
            limits.check_size(name, opened.width, opened.height)
            yield opened
    except Exception as error:
        raise explained(error, name, limits, content) from None


def explained(error: Exception, name: str, limits: Limits, content: bytes = b"") -> PictureError:
    """Return whatever went wrong with a picture as an error of one line that names it.

    Args:
        error: What was raised while the picture was used.
        name: What it is called.
        limits: Those it was opened under.
        content: Its file.
    """
    from PIL import Image, UnidentifiedImageError

    if isinstance(error, PictureError):
        return error
    if isinstance(error, UnidentifiedImageError):
        kind, hint = describe(content)
        return PictureError(f"{name} is {kind}", hint=hint)
    if isinstance(error, Image.DecompressionBombError):
        return _too_large_for_pillow(name, limits)
    if isinstance(error, MemoryError):
        return PictureError(f"{name} does not fit into the memory")
    # Pillow's decoders raise nearly anything on damaged files: OSError, SyntaxError, ValueError, struct.error.
    reason = " ".join(str(error).split()) or type(error).__name__
    return PictureError(f"{name} is damaged: {reason}", hint="save the picture again")


def _identify(content: bytes) -> Image.Image:
    from PIL import Image, UnidentifiedImageError

    with suppress(UnidentifiedImageError):
        return Image.open(BytesIO(content), formats=_FREQUENT)
    return Image.open(BytesIO(content), formats=formats())


def _too_large_for_pillow(name: str, limits: Limits) -> PictureError:
    """Return what is to be said where Pillow's own limit was met first."""
    from PIL import Image

    most = 2 * (Image.MAX_IMAGE_PIXELS or 0)
    if limits.pixels <= most:
        return PictureError(f"{name} is too large: more than {limits.pixels_text}")
    return PictureError(
        f"{name} is too large: Pillow reads no more than {count_of_pixels(most)}",
        hint="PIL.Image.MAX_IMAGE_PIXELS is half of its limit",
    )


@contextmanager
def without_remarks() -> Iterator[None]:
    """Silence warnings, such as Pillow's about odd metadata, until the last of those who asked for it is done.

    Python's own filters are the process's: of two threads that change them, the one that ends last would restore
    what the other one had set.
    """
    with _quiet.lock:
        if not _quiet.users:
            _quiet.filters = warnings.catch_warnings()
            _quiet.filters.__enter__()
            warnings.simplefilter("ignore")
        _quiet.users += 1
    try:
        yield
    finally:
        with _quiet.lock:
            _quiet.users -= 1
            if not _quiet.users and _quiet.filters is not None:
                _quiet.filters.__exit__(None, None, None)


class _Quiet:
    """Who wants silence at the moment, and what is to be restored afterwards."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.users = 0
        self.filters: warnings.catch_warnings[None] | None = None


_quiet = _Quiet()


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
