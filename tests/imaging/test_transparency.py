"""What a transparent picture is put on."""

from __future__ import annotations

import numpy as np
import pytest

from mnistkit.imaging.transparency import composite
from tests.support.masks import bar, ring


@pytest.mark.parametrize(("ink", "ground"), [(0, 255), (255, 0), (70, 255), (200, 0)])
def test_ink_on_nothing_gets_a_ground_it_stands_out_from(ink: int, ground: int) -> None:
    mask = ring()
    rgba = np.full((*mask.shape, 4), ink, dtype=np.uint8)
    rgba[..., 3] = mask * 255
    assert (composite(rgba) == np.where(mask, ink, ground)[..., None]).all()


def test_a_sticker_keeps_its_own_paper() -> None:
    rgba = np.zeros((200, 200, 4), dtype=np.uint8)
    rgba[30:170, 30:170] = 240, 230, 210, 255
    rgba[bar((200, 200), 60, 90, 80, 12)] = 20, 20, 20, 255
    opaque = composite(rgba)
    assert (opaque[5, 5] == [240, 230, 210]).all()
    assert (opaque[100, 95] == 20).all()


def test_nothing_at_all_is_even() -> None:
    assert len(np.unique(composite(np.zeros((9, 9, 4), dtype=np.uint8)))) == 1


def test_opaque_pictures_are_not_changed() -> None:
    rgba = np.random.default_rng(0).integers(0, 255, (9, 9, 4), dtype=np.uint8)
    rgba[..., 3] = 255
    assert (composite(rgba) == rgba[..., :3]).all()
