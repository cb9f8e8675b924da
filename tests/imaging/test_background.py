"""Uneven light and shadows are taken off the ink."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from mnistkit.imaging.background import flatten
from tests.support.masks import ring, written


@pytest.mark.parametrize("dark", [True, False])
def test_slopes_and_shadow_edges_vanish_and_ink_stays(dark: bool) -> None:
    mask = ring()
    light = np.linspace(1.0, 0.7, 200, dtype=np.float32) * np.where(np.arange(200)[:, None] > 110, 0.6, 1)
    grey = (written(mask) if dark else written(mask, 40, 220)) * light.astype(np.float32)
    strength = flatten(grey, dark)
    assert np.percentile(strength[~mask], 95) < 0.25 * np.percentile(strength[mask], 25)


@pytest.mark.parametrize("place", [100, 160, 220])
def test_a_shadow_leaves_no_band_beside_its_edge(place: int) -> None:
    lit = np.where(np.arange(320) > place, 0.5, 1.0)
    light = ndimage.gaussian_filter1d(230 * lit, 3).astype(np.float32)
    assert flatten(np.tile(light, (240, 1)), True).max() < 5


def test_ink_in_the_shadow_is_as_strong_as_in_the_light() -> None:
    mask = ring()
    grey = written(mask)
    grey[100:] *= 0.5
    strength = flatten(grey, True)
    assert strength[100:][mask[100:]].mean() == pytest.approx(strength[:100][mask[:100]].mean(), rel=0.15)
