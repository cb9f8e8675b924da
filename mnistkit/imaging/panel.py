"""Finding the sheet of paper, the screen or the plot that lies before something else, and cutting it out."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

from mnistkit.imaging.threshold import EIGHT

_SIDE = 96
# What is narrower than this part of the small copy's longer side is writing, not a part of the panel.
_WRITING = 0.07
_LEVELS = 16
# Smaller is the digit itself; larger is the whole picture.
_AREA = (0.1, 0.95)
# A panel fills this part of the smallest box around it; a disc fills 0.79 of it.
_RECTANGULAR = 0.86
# A panel that touches more sides of the picture may be one side of a shadow's edge.
_MOST_SIDES = 2
# Its edge is a step, in grey levels; and it is not sharp, so a margin is cut off, a part of the shorter side.
_STEP = 12.0
_MARGIN = 0.035
_ANGLES = np.deg2rad(np.arange(0, 90, 5))


def cut_panel(pixels: NDArray[np.uint8]) -> NDArray[np.uint8] | None:
    """Return the picture of the largest bright or dark rectangle before other ground, or None if there is none.

    What lies around the panel in its upright box is filled with the colour of the panel nearby.

    Args:
        pixels: uint8 of shape (height, width) or (height, width, 3).
    """
    if min(pixels.shape[:2]) < _SIDE // 2:
        return None
    small = _without_writing(_reduced(pixels))
    mask = _largest_panel(small)
    if mask is None:
        return None
    size = pixels.shape[1], pixels.shape[0]
    inside = np.asarray(Image.fromarray(mask).resize(size, Image.Resampling.NEAREST))
    nearest = ndimage.distance_transform_edt(~mask, return_distances=False, return_indices=True)
    around = np.asarray(Image.fromarray(small[tuple(nearest)]).resize(size, Image.Resampling.BILINEAR))
    filled = np.where(inside if pixels.ndim == 2 else inside[..., None], pixels, around)
    rows, columns = ndimage.find_objects(inside.astype(np.uint8))[0]
    return np.ascontiguousarray(filled[rows, columns])


def _reduced(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    image = Image.fromarray(pixels)
    image.thumbnail((_SIDE, _SIDE), Image.Resampling.BOX)
    return np.array(image)


def _without_writing(small: NDArray[np.uint8]) -> NDArray[np.uint8]:
    width = int(_WRITING * max(small.shape[:2])) | 1
    size = (width, width) if small.ndim == 2 else (width, width, 1)
    return np.asarray(ndimage.median_filter(small, size, mode="nearest"))


def _largest_panel(small: NDArray[np.uint8]) -> NDArray[np.bool_] | None:
    """Return where the panel is, a margin cut off, among all regions that lie above or below some level."""
    channels = small[..., None] if small.ndim == 2 else small
    panels = []
    for channel in np.moveaxis(channels, -1, 0).astype(np.float32):
        step = ndimage.gaussian_gradient_magnitude(channel, 1.0)
        low, high = np.percentile(channel, [1, 99])
        for level in np.linspace(low, high, _LEVELS + 2)[1:-1]:
            for side in (channel > level, channel < level):
                panel = _panel_among(side, step)
                if panel is not None:
                    panels.append(panel)
    if not panels:
        return None
    best = max(panels, key=np.count_nonzero)
    margin = max(1, round(_MARGIN * min(best.shape)))
    inner = ndimage.binary_erosion(best, iterations=margin, border_value=1)
    return inner if inner.any() else None


def _panel_among(side: NDArray[np.bool_], step: NDArray[np.float32]) -> NDArray[np.bool_] | None:
    """Return the largest region of ``side`` if it is a panel."""
    if side.mean() < _AREA[0]:
        return None
    # Without what the ground's texture adds to the panel's edge.
    labels, count = ndimage.label(ndimage.binary_opening(side, EIGHT))
    if not count:
        return None
    region = labels == 1 + int(np.argmax(np.bincount(labels.reshape(-1))[1:]))
    if region.mean() < _AREA[0] or _touched(region) > _MOST_SIDES:
        return None
    region = ndimage.binary_fill_holes(region)
    if region.mean() > _AREA[1] or _rectangularity(region) < _RECTANGULAR:
        return None
    edge = region & ~ndimage.binary_erosion(region, border_value=1)
    return region if np.median(step[edge]) >= _STEP / 2 else None


def _touched(region: NDArray[np.bool_]) -> int:
    return sum(bool(line.any()) for line in (region[0], region[-1], region[:, 0], region[:, -1]))


def _rectangularity(region: NDArray[np.bool_]) -> float:
    """Return which part of the smallest box around it, in any direction, a region fills."""
    edge = np.argwhere(region & ~ndimage.binary_erosion(region)).astype(np.float32)
    turns = np.stack([np.cos(_ANGLES), np.sin(_ANGLES)])
    along, across = edge @ turns, edge @ np.stack([-turns[1], turns[0]])
    return float(np.count_nonzero(region) / ((np.ptp(along, axis=0) + 1) * (np.ptp(across, axis=0) + 1)).min())
