"""A digit's mask as an MNIST image: stroke width, size and position as MNIST's."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

from mnistkit.imaging.strokes import ridge_width
from mnistkit.recipe import IMAGE_SIZE

BOX = 20
# The digit is handled this many times larger than in the tile.
_FACTOR = 6
_LONGER_SIDE = BOX * _FACTOR
# Of 400 random training images, 5 % have narrower strokes than 1.8 pixels and 5 % wider ones than 4.
_NARROWEST = 2.2
_WIDEST = 3.4


def enlarge(cover: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Return the mask of a digit, its longer side ``_LONGER_SIDE`` pixels, from its coverage by ink, 0 to 1.

    The coverage is resampled before it is cut at a half, which keeps the smooth edges that small pictures have in
    their grey levels.
    """
    scale = _LONGER_SIDE / max(cover.shape)
    height, width = (max(1, round(length * scale)) for length in cover.shape)
    kind = Image.Resampling.BICUBIC if scale > 1 else Image.Resampling.BOX
    resized = np.asarray(Image.fromarray(cover).resize((width, height), kind))
    return trimmed(resized > 0.5)


def trimmed(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return the part of a mask that its ink spans; of shape (0, 0) without ink."""
    rows, columns = (np.flatnonzero(mask.any(axis=axis)) for axis in (1, 0))
    if not rows.size:
        return mask[:0, :0]
    return mask[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def even_width(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Thicken or thin the strokes of a mask until they are as wide as MNIST's would be in the 20x20 box."""
    margin = _LONGER_SIDE // 4
    padded = np.pad(mask, margin)
    inside = ndimage.distance_transform_edt(padded).astype(np.float32)
    width = ridge_width(inside)
    in_box = width * BOX / max(mask.shape)
    target = min(max(in_box, _NARROWEST), _WIDEST)
    if target == in_box:
        return mask
    # The box scales with the digit: thicker strokes make it larger, and everything is shrunk more.
    change = (max(mask.shape) * target - BOX * width) / (2 * (BOX - target))
    if change > 0:
        return trimmed(np.asarray(ndimage.distance_transform_edt(~padded)) <= change)
    return trimmed(_thinned(padded, inside, -change))


def _thinned(mask: NDArray[np.bool_], inside: NDArray[np.float32], change: float) -> NDArray[np.bool_]:
    """Take ``change`` pixels off the strokes' edges, without parting them where they are thin."""
    core = inside > change
    if not core.any():
        return mask
    wide = ndimage.distance_transform_edt(~core) <= change + 1
    thin = mask & ~wide
    if not thin.any():
        return core
    bridges = (ndimage.distance_transform_edt(~thin) <= change + 1) & mask & (inside > change / 2)
    return np.asarray(core | bridges | thin)


def narrowed(cover: NDArray[np.float32], part: float) -> NDArray[np.float32]:
    """Return a digit with ``part`` of its width, 0 to 1; the height stays."""
    height, width = cover.shape
    size = max(1, round(part * width)), height
    return (
        cover if size[0] == width else np.asarray(Image.fromarray(cover).resize(size, Image.Resampling.BILINEAR))
    )


def shrink_into_box(cover: NDArray[np.bool_] | NDArray[np.float32]) -> NDArray[np.uint8]:
    """Reduce a mask, or a coverage from 0 to 1, to 20 pixels along its longer side.

    Its proportions are kept, and its edges anti-aliased.
    """
    scale = BOX / max(cover.shape)
    height, width = (max(1, round(length * scale)) for length in cover.shape)
    picture = Image.fromarray(cover.astype(np.float32))
    resized = np.asarray(picture.resize((width, height), Image.Resampling.BILINEAR))
    return np.asarray((np.clip(resized, 0, 1) * 255).round(), dtype=np.uint8)


def centre(box: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Put a digit of at most 20x20 pixels on a tile of 28x28, its centre of mass in the middle.

    LeCun, Cortes and Burges, "The MNIST database of handwritten digits": normalised into a 20x20 box while
    preserving the aspect ratio, then centred in 28x28 by the centre of mass. As there, by whole pixels.
    """
    total = float(box.sum(dtype=np.float64)) or 1.0
    starts = []
    for axis, length in enumerate(box.shape):
        mass = box.sum(axis=1 - axis, dtype=np.float64)
        middle = float(mass @ np.arange(length)) / total
        start = round((IMAGE_SIZE[axis] - 1) / 2 + 0.5 - middle)
        starts.append(min(max(start, 0), IMAGE_SIZE[axis] - length))
    tile = np.zeros(IMAGE_SIZE, dtype=np.uint8)
    tile[starts[0] : starts[0] + box.shape[0], starts[1] : starts[1] + box.shape[1]] = box
    return tile
