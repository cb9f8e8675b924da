"""Telling ink from ground, and from the ground's noise."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

_SMALLEST_TOP = 8
_TOP_PART = 5e-4
# Parts of the contrast: above the upper one a pixel is ink, above the lower one if it hangs together with such.
_STRONG = 0.55
_WEAK = 0.4
_NOISE_FACTOR = 3.0
EIGHT = np.ones((3, 3), dtype=bool)


@dataclass(frozen=True)
class InkLevels:
    """What the strengths of a picture say about its ink.

    Attributes:
        ground: Strength of the bare ground.
        contrast: How far the ink lies above it, in grey levels.
        noise: Spread of the ground's own strengths.
    """

    ground: float
    contrast: float
    noise: float

    @property
    def weak(self) -> float:
        """The lowest strength that can be ink."""
        return self.ground + max(_WEAK * self.contrast, min(_NOISE_FACTOR * self.noise, _STRONG * self.contrast))

    @property
    def strong(self) -> float:
        """The strength that is ink in any case."""
        return self.ground + _STRONG * self.contrast


def ink_levels(strength: NDArray[np.float32]) -> InkLevels:
    """Estimate ground, ink and noise from strengths as :func:`mnistkit.imaging.background.flatten` gives them."""
    low, ground = (float(value) for value in np.percentile(strength, [15, 50]))
    top = max(_SMALLEST_TOP, int(_TOP_PART * strength.size))
    flat = strength.reshape(-1)
    peak = float(np.partition(flat, -min(top, flat.size))[-min(top, flat.size)])
    inked = flat[flat >= ground + 0.5 * (peak - ground)]
    return InkLevels(ground, max(0.0, float(np.median(inked)) - ground), ground - low)


def ink_mask(strength: NDArray[np.float32], levels: InkLevels) -> NDArray[np.bool_]:
    """Return where the ink is: what is strong, and what is weaker but hangs together with it."""
    weak = strength > levels.weak
    labels, count = ndimage.label(weak, EIGHT)
    holds_strong = np.zeros(count + 1, dtype=bool)
    holds_strong[labels[strength > levels.strong]] = True
    holds_strong[0] = False
    return np.asarray(holds_strong[labels])
