"""How large a picture may be before it is refused."""

from __future__ import annotations

from dataclasses import dataclass

from mnistkit.exceptions import PictureError

_MIB = 2**20
_MILLION = 10**6


@dataclass(frozen=True)
class Limits:
    """What a picture may take at most, so that no picture can fill the memory.

    Attributes:
        file_bytes: Length of its file.
        pixels: Its width times its height, before it is reduced.
    """

    file_bytes: int = 512 * _MIB
    pixels: int = 100 * _MILLION

    @property
    def file_bytes_text(self) -> str:
        """``file_bytes`` for people."""
        return _length(self.file_bytes)

    @property
    def pixels_text(self) -> str:
        """``pixels`` for people."""
        return count_of_pixels(self.pixels)

    def check_file(self, name: str, length: int) -> None:
        """Refuse a file of more than ``file_bytes``.

        Raises:
            PictureError: it is longer; the message says how long it is and may be.
        """
        if length > self.file_bytes:
            allowed = f"{self.file_bytes_text} are the limit"
            raise PictureError(f"{name} is too large: {_length(length)}, where {allowed}")

    def check_size(self, name: str, width: int, height: int) -> None:
        """Refuse a picture of more than ``pixels``.

        Raises:
            PictureError: it has more; the message says how many it has and may have.
        """
        if width * height > self.pixels:
            text = f"{width}x{height} is more than {self.pixels_text}"
            raise PictureError(f"{name} is too large: {text}", hint="reduce it first")


DEFAULT_LIMITS = Limits()


def count_of_pixels(pixels: int) -> str:
    """Return a number of pixels for people."""
    return f"{pixels:,} pixels" if pixels % _MILLION else f"{pixels // _MILLION} million pixels"


def _length(count: int) -> str:
    return f"{count / _MIB:,.0f} MiB" if count >= _MIB else f"{count:,} bytes"
