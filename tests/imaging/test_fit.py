"""Glyphs are fitted into the tile as MNIST's digits are."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from mnistkit.imaging.fit import BOX, centre, enlarge, even_width, shrink_into_box
from mnistkit.imaging.shape import measure
from mnistkit.imaging.strokes import ridge_width
from tests.support.masks import ring


@pytest.mark.parametrize("width", [1, 3, 10, 30, 50])
def test_strokes_come_into_the_range_of_mnist(width: float) -> None:
    large = enlarge(ring(200, 70, width).astype(np.float32)[14:186, 14:186])
    even = even_width(large)
    in_box = ridge_width(np.asarray(ndimage.distance_transform_edt(np.pad(even, 2)))) * BOX / max(even.shape)
    assert 1.8 <= in_box <= 4.0
    assert measure(even).holes == 1


def test_strokes_of_mnists_width_are_left_alone() -> None:
    large = enlarge(ring(200, 70, 20).astype(np.float32)[14:186, 14:186])
    assert even_width(large) is large


@pytest.mark.parametrize(("height", "width"), [(120, 120), (120, 40), (30, 120), (120, 7)])
def test_proportions_are_kept_in_the_box(height: int, width: int) -> None:
    box = shrink_into_box(np.ones((height, width), dtype=bool))
    assert box.shape == (round(height / 6), max(1, round(width / 6)))
    assert (box == 255).all()


@pytest.mark.parametrize("seed", range(5))
def test_the_centre_of_mass_comes_into_the_middle(seed: int) -> None:
    rng = np.random.default_rng(seed)
    box = (rng.uniform(0, 255, (20, 12)) * np.linspace(0, 1, 12)).astype(np.uint8)
    tile = centre(box)
    assert tile.sum(dtype=int) == box.sum(dtype=int)
    middle = ndimage.center_of_mass(tile.astype(float))
    assert max(abs(place - 14) for place in middle) <= 0.5 + 1e-6
