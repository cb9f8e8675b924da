"""Which pixels are ink."""

from __future__ import annotations

import numpy as np
import pytest

from mnistkit.imaging.threshold import ink_levels, ink_mask
from tests.support.masks import ring


def test_ink_is_told_from_noise() -> None:
    rng = np.random.default_rng(0)
    mask = ring()
    strength = (100 * mask + rng.normal(20, 8, mask.shape)).astype(np.float32)
    levels = ink_levels(strength)
    assert levels.ground == pytest.approx(20, abs=2)
    assert levels.contrast == pytest.approx(100, rel=0.1)
    assert levels.noise == pytest.approx(8, rel=0.4)
    assert (ink_mask(strength, levels) == mask).mean() > 0.999


def test_weak_ink_counts_where_it_hangs_together_with_strong_ink() -> None:
    strength = np.zeros((100, 200), dtype=np.float32)
    strength[20:80, 20:30] = 100
    strength[50:60, 30:70] = 48
    strength[20:80, 150:160] = 48
    found = ink_mask(strength, ink_levels(strength))
    assert found[55, 60]
    assert not found[:, 140:].any()
