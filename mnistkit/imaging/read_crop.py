"""From a crop to the tiles as which it can be read, and what it shows."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from mnistkit.imaging.crop import Crop
from mnistkit.imaging.finding import collect, judge_crop
from mnistkit.imaging.fit import centre, enlarge, even_width, narrowed, shrink_into_box, trimmed
from mnistkit.imaging.glyphs import find_glyphs, main_glyph, whole_glyph
from mnistkit.imaging.ink import Ink
from mnistkit.imaging.load import Picture
from mnistkit.imaging.prepared import Finding, Prepared, Reading
from mnistkit.imaging.recorder import Recorder
from mnistkit.imaging.shape import measure
from mnistkit.imaging.strokes import join_broken
from mnistkit.imaging.threshold import InkLevels, ink_mask
from mnistkit.imaging.tile import coverage

# A tiny picture is enlarged to this longer side before anything is cut off.
_LARGE = 120
# Of the enlarged ink of a tiny picture, what is fainter than this part only blurs its outline.
_OUTLINE = 0.25
# The digit in a tiny picture is broader than it was by what its edges cover of pixels; where crops were made
# squares, by any factor. The surest of these readings counts, see Recogniser.
_TINY_WIDTHS = (1.0, 0.8)
_STRETCHED_WIDTHS = (1.0, 0.75, 0.6, 0.45)


def read_crop(picture: Picture, crop: Crop, recorder: Recorder) -> Prepared | None:
    """Return a crop as it is given to a model, None if it is left to the steps for pages.

    Args:
        picture: What the crop was found to be.
        crop: As :func:`mnistkit.imaging.crop.find_crop` gives it.
        recorder: Is shown each stage.
    """
    ink = _on_page(crop, recorder)
    height, width = crop.cover.shape
    is_one = crop.has_few_pixels and width <= height
    glyphs = (whole_glyph(ink.mask),) if is_one else find_glyphs(ink.mask)
    main = main_glyph(glyphs)
    if main is None:
        return None
    recorder.add("digit", "its ink", main.on_page(ink.mask.shape))
    large = enlarge(coverage(ink, main))
    if not large.size:
        return None
    shape = measure(large)
    statistics = collect(ink, glyphs, shape)
    finding = judge_crop(statistics, few_pixels=crop.has_few_pixels, is_stretched=crop.is_stretched)
    if finding is not Finding.DIGIT and not (finding is Finding.NOT_A_DIGIT and crop.has_few_pixels):
        return None
    masked, grey = large.astype(np.float32), _cut(ink) if crop.has_few_pixels else None
    first, *rest = [
        Reading(_tile(narrowed(masked if grey is None or even else grey, width), even), _title(width, even))
        for width, even in _ways(crop)
    ]
    recorder.add("tile", first.title, first.tile)
    digits = int(finding is Finding.DIGIT)
    steps = tuple(recorder.steps)
    return Prepared(first.tile, finding, digits, picture.size, picture.notes, steps, tuple(rest))


def _ways(crop: Crop) -> list[tuple[float, bool]]:
    """Return as which parts of its width a crop is read, and whether with strokes as wide as MNIST's."""
    widths = _STRETCHED_WIDTHS if crop.is_stretched else _TINY_WIDTHS if crop.is_tiny else (1.0,)
    ways = [(width, not crop.is_tiny) for width in widths]
    return [*ways, (1.0, False)] if crop.has_few_pixels and not crop.is_tiny else ways


def _title(width: float, even: bool) -> str:
    levels = "" if even else ", with its grey levels"
    part = "" if width == 1 else f", {100 * width:.0f} % as wide"
    return f"reduced into 20x20, centred by mass in 28x28{levels}{part}"


def _on_page(crop: Crop, recorder: Recorder) -> Ink:
    """Return the ink of a crop with the margin that it lacks; a tiny one enlarged."""
    height, width = crop.cover.shape
    margin = max(2, round(0.25 * max(height, width)))
    cover = np.pad(crop.cover, margin)
    if crop.is_tiny:
        factor = _LARGE / max(height, width)
        size = round(cover.shape[1] * factor), round(cover.shape[0] * factor)
        cover = np.clip(np.asarray(Image.fromarray(cover).resize(size, Image.Resampling.LANCZOS)), 0, 1)
    kind = "dark" if crop.is_dark else "light"
    recorder.add("ink", f"{kind} ink that fills its picture{', enlarged' * crop.is_tiny}; margin added", cover)
    levels = InkLevels(0.0, crop.contrast, crop.noise)
    strength = cover * np.float32(crop.contrast)
    return Ink(strength, levels, join_broken(ink_mask(strength, levels)))


def _cut(ink: Ink) -> NDArray[np.float32]:
    """Return the ink's coverage, cut to what is not faint."""
    cover = ink.strength / np.float32(ink.levels.contrast)
    rows, columns = (np.flatnonzero((cover > _OUTLINE).any(axis=axis)) for axis in (1, 0))
    return cover[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def _tile(cover: NDArray[np.float32], even: bool) -> NDArray[np.uint8]:
    """Return a digit on a tile: with strokes as wide as MNIST's, else with the grey levels that it has."""
    return centre(shrink_into_box(even_width(trimmed(cover > 0.5)) if even else cover))
