"""The width of strokes, and gaps in them."""

from __future__ import annotations

import pytest
from scipy import ndimage

from mnistkit.imaging.strokes import join_broken, ridge_width, stroke_width
from tests.support.masks import bar, ring


@pytest.mark.parametrize("width", [3, 8, 20])
def test_widths_are_measured(width: int) -> None:
    mask = ring(260, 90, width)
    assert stroke_width(mask) == pytest.approx(width, rel=0.3)
    assert ridge_width(ndimage.distance_transform_edt(mask)) == pytest.approx(width, rel=0.3)


def test_narrow_gaps_are_bridged_and_wide_ones_are_not() -> None:
    whole = bar((200, 100), 20, 40, 160, 16)
    for gap, pieces in ((4, 1), (30, 2)):
        broken = whole.copy()
        broken[90 : 90 + gap] = False
        assert ndimage.label(join_broken(broken))[1] == pieces


def test_loops_are_not_filled_by_joining() -> None:
    mask = ring(80, 12, 14) | bar((80, 80), 74, 2, 4, 20)
    assert (~join_broken(mask))[40, 40]
