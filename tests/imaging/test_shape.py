"""What is measured of a glyph's shape."""

from __future__ import annotations

import numpy as np
import pytest

from mnistkit.imaging.shape import measure
from tests.support.masks import bar, ring


def test_shapes_are_measured() -> None:
    one = measure(bar((120, 20), 0, 0, 120, 20))
    zero = measure(ring(120, 52, 14))
    blot = measure(np.hypot(*np.mgrid[-60:60, -60:60]) < 60)
    assert (one.holes, zero.holes, blot.holes) == (0, 1, 0)
    assert one.path == pytest.approx(1, rel=0.15)
    assert zero.path == pytest.approx(np.pi * 104 / 120, rel=0.2)
    assert blot.thickest == pytest.approx(20, rel=0.1)
    assert one.aspect == pytest.approx(1 / 6)
