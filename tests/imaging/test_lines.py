"""Ruled and squared paper is told from strokes."""

from __future__ import annotations

import numpy as np
import pytest

from mnistkit.imaging.lines import remove_lines
from tests.support.masks import bar, ring


@pytest.mark.parametrize("slope", [0, 0.05, -0.04])
@pytest.mark.parametrize("squared", [False, True])
def test_ruled_lines_go_and_the_digit_stays(slope: float, squared: bool) -> None:
    mask = ring(300, 80, 14)
    y, x = np.mgrid[:300, :300]
    lines = (y + slope * x) % 40 < 2
    if squared:
        lines |= (x - slope * y) % 40 < 2
    strength = np.where(mask, 150, np.where(lines, 50, 0)).astype(np.float32)
    cleaned = remove_lines(strength)
    assert (cleaned[lines & ~mask] > 10).mean() < 0.1
    assert (cleaned[mask] == 150).all()


def test_a_stroke_from_edge_to_edge_is_no_line() -> None:
    strength = 150 * bar((100, 80), 0, 40, 100, 6).astype(np.float32)
    assert (remove_lines(strength) == strength).all()


def test_strokes_are_no_lines() -> None:
    strength = 150 * bar((200, 300), 40, 100, 120, 14).astype(np.float32)
    assert (remove_lines(strength) == strength).all()


def test_a_faint_stroke_across_a_small_crop_is_no_line() -> None:
    faint, strong = bar((59, 77), 27, 0, 3, 77), bar((59, 77), 0, 20, 59, 6)
    strength = np.maximum(150 * strong, 50 * faint).astype(np.float32)
    assert (remove_lines(strength) == strength).all()


def test_ruled_lines_of_a_small_picture_go() -> None:
    strong, lines = bar((80, 77), 20, 30, 40, 6), np.arange(80)[:, None] % 20 == 5
    strength = np.where(strong, 150, np.where(lines, 50, 0)).astype(np.float32)
    cleaned = remove_lines(strength)
    assert (cleaned[np.broadcast_to(lines, strong.shape) & ~strong] < 10).all()
    assert (cleaned[strong] == 150).all()
