"""From one glyph of a page to the 28x28 tile that a model is given."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from mnistkit.imaging.fit import centre, enlarge, even_width, shrink_into_box
from mnistkit.imaging.glyphs import Glyph
from mnistkit.imaging.ink import Ink
from mnistkit.imaging.recorder import Recorder
from mnistkit.imaging.shape import Shape, measure
from mnistkit.imaging.strokes import stroke_width
from mnistkit.imaging.threshold import EIGHT

# Wider strokes, in pixels of the page, are smooth enough without their grey levels.
_SOFT_WIDTH = 6


@dataclass(frozen=True, eq=False)
class Tile:
    """A glyph as a model gets it.

    Attributes:
        pixels: uint8 of shape (28, 28), light ink on black.
        shape: The glyph's own figures, before its strokes were brought into MNIST's range.
    """

    pixels: NDArray[np.uint8]
    shape: Shape


def make_tile(ink: Ink, glyph: Glyph, recorder: Recorder | None = None) -> Tile | None:
    """Return a glyph as MNIST would show it, None where it is so thin that nothing is left of it.

    Args:
        ink: The ink of the glyph's page.
        glyph: Any of that page.
        recorder: Is shown each stage.
    """
    recorder = recorder or Recorder(wanted=False)
    large = enlarge(coverage(ink, glyph))
    if not large.size:
        return None
    even = even_width(large)
    recorder.add("strokes", "strokes as wide as MNIST's", even)
    pixels = centre(shrink_into_box(even))
    recorder.add("tile", "reduced into 20x20, centred by mass in 28x28", pixels)
    return Tile(pixels, measure(large))


def coverage(ink: Ink, glyph: Glyph) -> NDArray[np.float32]:
    """Return how much of each pixel in a glyph's box, and in the rim of one pixel around it, is its ink: 0 to 1.

    Of thin strokes the grey levels tell the place of the edge more finely than the mask, within its own edge.
    """
    height, width = ink.mask.shape
    before = min(1, glyph.top), min(1, glyph.left)
    behind = min(1, height - glyph.bottom), min(1, width - glyph.right)
    inside = np.pad(glyph.mask, list(zip(before, behind, strict=True)))
    if stroke_width(inside) > _SOFT_WIDTH:
        return inside.astype(np.float32)
    rows = slice(glyph.top - before[0], glyph.bottom + behind[0])
    columns = slice(glyph.left - before[1], glyph.right + behind[1])
    soft = np.clip((ink.strength[rows, columns] - ink.levels.ground) / max(ink.levels.contrast, 1e-6), 0, 1)
    rim = ndimage.binary_dilation(inside, EIGHT)
    soft = np.where(inside, np.maximum(soft, 0.51), np.where(rim, np.minimum(soft, 0.49), 0))
    return soft.astype(np.float32)
