"""The coverage of a glyph by ink."""

from __future__ import annotations

import numpy as np

from mnistkit.imaging.glyphs import find_glyphs
from mnistkit.imaging.ink import Ink
from mnistkit.imaging.threshold import ink_levels
from mnistkit.imaging.tile import coverage
from tests.support.masks import bar


def test_the_coverage_follows_the_grey_levels_of_thin_strokes() -> None:
    strength = np.zeros((60, 60), dtype=np.float32)
    strength[10:50, 30:32] = 100
    strength[10:50, 32] = 30
    mask = bar((60, 60), 10, 30, 40, 2)
    digit = coverage(Ink(strength, ink_levels(strength), mask), *find_glyphs(mask))
    assert digit.shape == (42, 4)
    assert np.allclose(digit[20], [0, 1, 1, 0.3], atol=0.01)
