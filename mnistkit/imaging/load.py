"""Reading a picture file into an array of manageable size, upright."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from mnistkit.imaging.decode import eight_bits, open_picture

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from PIL import Image

PictureSource = str | Path | bytes

# A digit a twentieth as high as this still has more pixels than the input of the model.
WORKING_SIDE = 768
# Pages and frames are said to be left out; other formats hold small copies or layers of the same picture.
_WITH_FRAMES = ("GIF", "TIFF", "WEBP", "PNG", "AVIF")
# Where a PNG file may hold an orientation; to look for it properly takes longer than to decode a small picture.
_ORIENTED = frozenset(("exif", "Raw profile type exif", "XML:com.adobe.xmp", "xmp"))


@dataclass(frozen=True)
class Picture:
    """A picture as it was read.

    Attributes:
        pixels: uint8 of shape (height, width) for grey, (height, width, 3) for colour, or (height, width, 4) for
            colour with an opacity; no side is longer than ``WORKING_SIDE``.
        size: Width and height of the file's picture before it was reduced, upright.
        notes: What the user should know, such as "first of 12 frames".
    """

    pixels: NDArray[np.uint8]
    size: tuple[int, int]
    notes: tuple[str, ...] = ()


def load_picture(source: str | Path | bytes) -> Picture:
    """Read a picture from a file, or from bytes that are a file's content.

    A camera's orientation mark is obeyed; of several frames or pages the first counts. Large pictures are reduced
    while they are decoded. Whoever reads with threads or wants no warnings of Pillow wraps the whole in
    :func:`mnistkit.imaging.decode.without_remarks`.

    Raises:
        PictureError: the picture cannot be read; the message names it and says why.
    """
    import numpy as np

    with open_picture(source) as opened:
        frames = _frames(opened)
        size = opened.size
        # JPEG can decode at a half, a quarter or an eighth of the size at a fraction of the time.
        opened.draft(None, _reduced(size))
        upright, turned = _upright(opened)
        pixels = np.asarray(_plain(_smaller(upright)))
    notes = (f"first of {frames} frames",) if frames > 1 else ()
    return Picture(pixels, size[::-1] if turned else size, notes)


def _frames(opened: Image.Image) -> int:
    if opened.format not in _WITH_FRAMES:
        return 1
    frames = 1
    with suppress(Exception):  # what follows the first frame may be damaged
        frames = int(getattr(opened, "n_frames", 1))
    return frames


def _reduced(size: tuple[int, int]) -> tuple[int, int]:
    factor = max(1.0, max(size) / WORKING_SIDE)
    return max(1, round(size[0] / factor)), max(1, round(size[1] / factor))


def _upright(opened: Image.Image) -> tuple[Image.Image, bool]:
    """Return the picture turned as its camera noted, and whether width and height changed places."""
    from PIL import ImageOps

    opened.load()
    if opened.format == "PNG" and not _ORIENTED.intersection(opened.info):
        return opened, False
    size = opened.size
    upright = None
    with suppress(Exception):  # a damaged note is none
        upright = ImageOps.exif_transpose(opened)
    if upright is None:
        return opened, False
    return upright, upright.size != size


def _smaller(picture: Image.Image) -> Image.Image:
    """Return the picture at the working size, in a mode of 8 bits a channel."""
    from PIL import Image

    if picture.mode.startswith(("I", "F")):
        picture = eight_bits(picture)
    size = _reduced(picture.size)
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
