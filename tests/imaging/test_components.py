"""Pieces of ink are put together into glyphs, and what is none is left out."""

from __future__ import annotations

import numpy as np
import pytest

from mnistkit.imaging.components import drop_border, find_pieces
from mnistkit.imaging.glyphs import find_glyphs
from tests.support.masks import Mask, bar, ring


def only(mask: Mask) -> Mask:
    """Return the one glyph of a page, on the page."""
    (glyph,) = find_glyphs(mask)
    return glyph.on_page(mask.shape)


def test_specks_and_what_comes_in_from_the_edge_are_left_out() -> None:
    digit = ring()
    dirt = bar((200, 200), 5, 5, 4, 4) | bar((200, 200), 0, 180, 200, 20)
    assert (only(digit | dirt) == digit).all()


def test_a_tight_crop_may_touch_the_edge() -> None:
    digit = ring()[34:166, 34:166]
    assert digit[0].any()
    assert (only(digit) == digit).all()


def test_border_pieces_beside_a_digit_are_dropped() -> None:
    pieces = find_pieces(ring() | bar((200, 200), 0, 0, 190, 10))[1]
    assert [piece.sides for piece in drop_border(pieces, (200, 200))] == [0]


def frame(top: int, left: int, height: int, width: int, thick: int) -> Mask:
    mask = bar((200, 200), top, left, height, width)
    mask[top + thick : top + height - thick, left + thick : left + width - thick] = False
    return mask


@pytest.mark.parametrize(
    "around",
    [frame(10, 10, 180, 170, 3), frame(0, 0, 200, 200, 30), frame(60, 40, 90, 130, 4)],
    ids=["box", "table", "small box"],
)
def test_a_frame_around_a_digit_is_left_out(around: Mask) -> None:
    digit = ring(radius=30, width=8)
    assert (only(digit | around) == digit).all()


def test_frames_with_nothing_inside_and_round_ones_are_digits() -> None:
    for mask in (frame(10, 30, 180, 140, 16), ring(radius=80, width=12) | bar((200, 200), 90, 94, 20, 12)):
        assert only(mask)[mask].mean() > 0.9


@pytest.mark.parametrize("count", [2, 3, 5])
def test_digits_side_by_side_are_counted(count: int) -> None:
    row = np.concatenate([ring(100, 30, 8)] * count, axis=1)
    assert len(find_glyphs(row)) == count
    assert len(find_glyphs(np.ascontiguousarray(row.T))) == count


def test_a_loose_bar_belongs_to_its_five() -> None:
    body = bar((200, 200), 60, 60, 100, 14) | bar((200, 200), 146, 60, 14, 50)
    hat = bar((200, 200), 50, 84, 12, 44)
    assert (only(body | hat) == (body | hat)).all()


def test_no_ink_gives_no_digit() -> None:
    assert find_glyphs(np.zeros((50, 50), dtype=bool)) == ()
