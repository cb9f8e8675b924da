"""A sheet of paper on a table is cut out."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageDraw

from mnistkit.imaging.panel import cut_panel


def sheet(
    angle: float = 0.0, paper: int = 220, table: int = 90, shape: tuple[int, int] = (240, 320)
) -> Image.Image:
    image = Image.new("L", shape[::-1], table)
    layer, mask = Image.new("L", image.size, paper), Image.new("L", image.size, 0)
    ImageDraw.Draw(mask).rectangle([70, 50, 240, 190], fill=255)
    ImageDraw.Draw(layer).line([130, 90, 160, 140], fill=20, width=7)
    image.paste(layer, mask=mask.rotate(angle))
    return image


@pytest.mark.parametrize("coloured", [False, True])
@pytest.mark.parametrize("angle", [0, 7, -12])
@pytest.mark.parametrize(("paper", "table"), [(220, 90), (60, 200)])
def test_a_sheet_is_cut_out(angle: float, paper: int, table: int, coloured: bool) -> None:
    image = sheet(angle, paper, table)
    panel = cut_panel(np.asarray(image.convert("RGB") if coloured else image))
    assert panel is not None
    grey = panel[..., 0] if coloured else panel
    assert 0.6 * 140 < grey.shape[0] < 1.3 * 140
    assert 0.6 * 170 < grey.shape[1] < 1.3 * 170
    assert np.count_nonzero(np.abs(grey.astype(int) - table) < 25) < 0.01 * grey.size
    assert np.count_nonzero(grey < 40) > 200, "the writing is gone"


def test_no_sheet_is_seen_where_there_is_none() -> None:
    y, x = np.mgrid[:240, :320]
    disc = np.where(np.hypot(y - 120, x - 150) < 80, 220, 90)
    shadow = np.where(x + 0.3 * y > 180, 220, 90)
    corner = np.where(x + y > 380, 220, 90)
    slope = 60 + x / 2
    stroke = np.where((abs(x - 160) < 8) & (abs(y - 120) < 80), 20, 220)
    for picture in (disc, shadow, corner, slope, stroke, np.full((240, 320), 200)):
        assert cut_panel(picture.astype(np.uint8)) is None
    assert cut_panel(np.full((20, 300), 200, np.uint8)) is None
