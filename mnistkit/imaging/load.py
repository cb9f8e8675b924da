"""Reading a picture, from wherever it comes, into an array of manageable size, upright."""

from __future__ import annotations

from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from mnistkit.imaging.decode import eight_bits, open_picture
from mnistkit.imaging.limits import DEFAULT_LIMITS, Limits

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from PIL import Image
    from torch import Tensor

    from mnistkit.imaging.in_memory import Pixels

PictureSource: TypeAlias = "str | Path | bytes | Image.Image | Pixels | Tensor"
"""A file's path, its content, a Pillow image, or an array or tensor, as
:func:`mnistkit.imaging.in_memory.open_in_memory` takes them."""

WORKING_SIDE = 768
"""The longest side of a picture of one digit: one a twentieth as high still has more pixels than a tile."""
# Pages and frames are said to be left out; other formats hold small copies or layers of the same picture.
_WITH_FRAMES = ("GIF", "TIFF", "WEBP", "PNG", "AVIF")
# Where a PNG or JPEG file may hold an orientation; to look for it properly takes longer than to decode a small
# picture, and copies a large one.
_MARKED = ("PNG", "JPEG")
_ORIENTED = frozenset(("exif", "Raw profile type exif", "XML:com.adobe.xmp", "xmp"))


@dataclass(frozen=True)
class Picture:
    """A picture as it was read.

    Attributes:
        pixels: uint8 of shape (height, width) for grey, (height, width, 3) for colour, or (height, width, 4) for
            colour with an opacity; no side is longer than what was asked for.
        size: Width and height before it was reduced, upright.
        notes: What the user should know, such as "first of 12 frames".
    """

    pixels: NDArray[np.uint8] = field(repr=False)
    size: tuple[int, int]
    notes: tuple[str, ...] = ()


def load_picture(
    source: PictureSource, *, longest_side: int | None = WORKING_SIDE, limits: Limits = DEFAULT_LIMITS
) -> Picture:
    """Read a picture from a file, from bytes that are a file's content, or from memory.

    A camera's orientation mark is obeyed, also that of a Pillow image as ``PIL.Image.open`` gives it; one that was
    changed since is taken as it is. Of several frames or pages of a file the first counts. Large pictures are
    reduced while they are decoded. Whoever reads with threads or wants no warnings of Pillow wraps the whole in
    :func:`mnistkit.imaging.decode.without_remarks`.

    Args:
        source: What to read. An array or a Pillow image gives the pixels that it gives when saved as PNG.
        longest_side: Pixels of the longer side to which a larger picture is reduced; None keeps every size.
        limits: What is refused, before it is decoded.

    Raises:
        PictureError: the picture cannot be read; the message names it and says why.
    """
    import numpy as np

    with _opened(source, limits) as opened:
        frames = _frames(opened)
        size = opened.size
        # JPEG can decode at a half, a quarter or an eighth of the size at a fraction of the time.
        opened.draft(None, _reduced(size, longest_side))
        upright, turned = _upright(opened)
        pixels = np.asarray(_plain(_smaller(upright, longest_side)))
    notes = (f"first of {frames} frames",) if frames > 1 else ()
    return Picture(pixels, size[::-1] if turned else size, notes)


def _opened(source: PictureSource, limits: Limits) -> AbstractContextManager[Image.Image]:
    if isinstance(source, (str, Path, bytes)):
        return open_picture(source, limits)
    from mnistkit.imaging.in_memory import open_in_memory

    return open_in_memory(source, limits)


def _frames(opened: Image.Image) -> int:
    if opened.format not in _WITH_FRAMES or opened.tell():
        return 1
    frames = 1
    with suppress(Exception):  # what follows the first frame may be damaged
        frames = int(getattr(opened, "n_frames", 1))
    return frames


def _reduced(size: tuple[int, int], longest_side: int | None) -> tuple[int, int]:
    if longest_side is None:
        return size
    factor = max(1.0, max(size) / longest_side)
    return max(1, round(size[0] / factor)), max(1, round(size[1] / factor))


def _upright(opened: Image.Image) -> tuple[Image.Image, bool]:
    """Return the picture turned as its camera noted, and whether width and height changed places."""
    from PIL import ImageOps

    opened.load()
    is_unmarked = opened.format in _MARKED and not _ORIENTED.intersection(opened.info)
    if is_unmarked or opened.format is None:  # without a format it was made, not read
        return opened, False
    size = opened.size
    upright = None
    with suppress(Exception):  # a damaged note is none
        upright = ImageOps.exif_transpose(opened)
    if upright is None:
        return opened, False
    return upright, upright.size != size


def _smaller(picture: Image.Image, longest_side: int | None) -> Image.Image:
    """Return the picture reduced to a longest side, in a mode of 8 bits a channel."""
    from PIL import Image

    if picture.mode.startswith(("I", "F")):
        picture = eight_bits(picture)
    size = _reduced(picture.size, longest_side)
    if size == picture.size:
        return picture
    if picture.mode in ("1", "P", "PA"):
        picture = _plain(picture)
    # Reducing by a whole number first is fast; the rest is averaged, so that thin strokes fade but never vanish.
    return picture.resize(size, Image.Resampling.HAMMING, reducing_gap=1.5)


def _plain(picture: Image.Image) -> Image.Image:
    """Return the picture in mode L, RGB or RGBA."""
    if picture.mode in ("L", "RGB", "RGBA") and "transparency" not in picture.info:
        return picture
    if picture.has_transparency_data:
        return picture.convert("RGBA")
    return picture.convert("L" if picture.mode in ("1", "L") else "RGB")
