"""Colours become grey levels between which the ink stays visible."""

from __future__ import annotations

import numpy as np
import pytest

from mnistkit.imaging.greyscale import ink_direction, to_grey
from tests.support.masks import ring


@pytest.mark.parametrize(
    ("ink", "ground"),
    [
        ((255, 255, 0), (255, 255, 255)),
        ((255, 0, 0), (0, 130, 0)),
        ((0, 0, 255), (255, 255, 0)),
        ((0, 160, 255), (255, 120, 120)),
        ((10, 10, 10), (250, 250, 250)),
    ],
)
def test_coloured_ink_stays_visible(ink: tuple[int, ...], ground: tuple[int, ...]) -> None:
    mask = ring()
    pixels = np.where(mask[..., None], ink, ground).astype(np.uint8)
    grey = to_grey(pixels)
    assert abs(grey[mask].mean() - grey[~mask].mean()) > 80
    assert np.abs(ink_direction(pixels)).sum() == pytest.approx(1, abs=1e-5)


def test_grey_pictures_keep_their_levels() -> None:
    levels = np.arange(100, dtype=np.uint8).reshape(10, 10)
    assert (to_grey(levels) == levels).all()
    assert np.allclose(to_grey(np.stack([levels] * 3, axis=2)), levels, atol=1e-3)
