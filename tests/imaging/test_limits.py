"""Which pictures are refused for their size, and what is said of them."""

from __future__ import annotations

import pytest

from mnistkit.exceptions import PictureError
from mnistkit.imaging.limits import DEFAULT_LIMITS, Limits


def test_what_just_fits_is_taken() -> None:
    limits = Limits(file_bytes=100, pixels=12)
    limits.check_file("x", 100)
    limits.check_size("x", 4, 3)
    with pytest.raises(PictureError, match="x is too large: 101 bytes, where 100 bytes are the limit"):
        limits.check_file("x", 101)
    with pytest.raises(PictureError, match="x is too large: 13x1 is more than 12 pixels") as caught:
        limits.check_size("x", 13, 1)
    assert caught.value.hint == "reduce it first"


@pytest.mark.parametrize(
    ("limits", "length", "pixels"),
    [
        (DEFAULT_LIMITS, "512 MiB", "100 million pixels"),
        (Limits(2**20, 10**6), "1 MiB", "1 million pixels"),
        (Limits(2**20 - 1, 10**6 + 1), "1,048,575 bytes", "1,000,001 pixels"),
    ],
)
def test_limits_in_words(limits: Limits, length: str, pixels: str) -> None:
    assert (limits.file_bytes_text, limits.pixels_text) == (length, pixels)
