"""Whether the ink is darker or lighter than the ground."""

from __future__ import annotations

import numpy as np
import pytest

from mnistkit.imaging.polarity import is_ink_dark, shrink
from tests.support.masks import ring, written


@pytest.mark.parametrize("width", [2, 12, 40])
@pytest.mark.parametrize("dark", [True, False])
@pytest.mark.parametrize("shade", [0, 60])
def test_the_rarer_part_is_the_ink(width: float, dark: bool, shade: float) -> None:
    grey = written(ring(width=width)) + np.linspace(0, shade, 200, dtype=np.float32)
    assert is_ink_dark(grey if dark else 255 - grey) is dark


def test_a_shadow_does_not_turn_the_ink_around() -> None:
    grey = written(ring(radius=30, width=6))
    grey[:, 120:] *= 0.55
    assert is_ink_dark(grey)


@pytest.mark.parametrize(
    ("shape", "block", "expected"),
    [
        ((1, 1), 1, (1, 1)),
        ((28, 28), 1, (28, 28)),
        ((96, 96), 1, (96, 96)),
        ((97, 300), 4, (24, 75)),
        ((1, 700), 8, (1, 87)),
    ],
)
def test_a_shrunk_picture_holds_block_means(shape: tuple[int, int], block: int, expected: tuple[int, int]) -> None:
    grey = np.random.default_rng(0).uniform(0, 255, shape).astype(np.float32)
    small = shrink(grey, 96)
    assert small.shape == expected
    for row, column in ((0, 0), (expected[0] - 1, expected[1] - 1)):
        means = grey[row * block :, column * block :][:block, :block].mean()
        assert small[row, column] == pytest.approx(means, rel=1e-5)
