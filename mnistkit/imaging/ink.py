"""From a page's pixels to its ink, whatever paper, light, colours and lines there are."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mnistkit.imaging.background import flatten, smooth
from mnistkit.imaging.greyscale import to_grey
from mnistkit.imaging.lines import remove_lines
from mnistkit.imaging.polarity import is_ink_dark
from mnistkit.imaging.recorder import Recorder
from mnistkit.imaging.strokes import join_broken
from mnistkit.imaging.threshold import InkLevels, ink_levels, ink_mask
from mnistkit.imaging.transparency import composite


@dataclass(frozen=True, eq=False)
class Ink:
    """The ink of a page.

    Attributes:
        strength: float32 of shape (height, width): how far a pixel lies from the ground towards the ink, in grey
            levels; about 0 on the ground.
        levels: What the strengths say of ground, contrast and noise.
        mask: Which pixels are ink, of the same shape; broken strokes are joined.
    """

    strength: NDArray[np.float32]
    levels: InkLevels
    mask: NDArray[np.bool_]


def opaque(pixels: NDArray[np.uint8], recorder: Recorder) -> NDArray[np.uint8]:
    """Return a picture without its transparency, of shape (height, width) or (height, width, 3)."""
    if pixels.ndim == 2 or pixels.shape[2] == 3:
        return pixels
    pixels = composite(pixels)
    recorder.add("opaque", "transparency replaced", pixels)
    return pixels


def find_ink(pixels: NDArray[np.uint8], recorder: Recorder | None = None) -> Ink:
    """Tell the ink of a page from everything else.

    Args:
        pixels: uint8 of shape (height, width), (height, width, 3) or (height, width, 4), of any size.
        recorder: Is shown each stage.
    """
    recorder = recorder or Recorder(wanted=False)
    grey = smooth(to_grey(opaque(pixels, recorder)))
    recorder.add("greyscale", "grey levels that show the ink", grey)
    dark = is_ink_dark(grey)
    strength = flatten(grey, dark)
    recorder.add("ink", f"{'dark' if dark else 'light'} ink without ground and shadows", strength)
    strength = remove_lines(strength)
    recorder.add("lines", "lines of the paper removed", strength)
    levels = ink_levels(strength)
    mask = ink_mask(strength, levels)
    recorder.add("threshold", "what is ink", mask)
    return Ink(strength, levels, join_broken(mask))
