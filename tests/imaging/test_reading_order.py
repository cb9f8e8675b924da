"""The order in which the glyphs of a page are read."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mnistkit.imaging.box import Box
from mnistkit.imaging.reading_order import _slant, reading_places


def box(left: float, top: float, height: float = 40, width: float = 30) -> Box:
    return Box(round(top), round(top + height), round(left), round(left + width))


def test_two_lines_are_read_one_after_the_other() -> None:
    boxes = [box(100, 0), box(0, 60), box(0, 2), box(50, 57), box(50, -3)]
    assert reading_places(boxes) == [(0, 2), (1, 0), (0, 0), (1, 1), (0, 1)]


def test_one_glyph_is_the_first_of_the_first_line_and_none_has_no_place() -> None:
    assert reading_places([box(30, 30)]) == [(0, 0)]
    assert reading_places([]) == []


def test_heights_may_differ_in_a_line() -> None:
    standing = [box(0, 0, 40), box(40, 20, 20), box(80, 0, 40), box(120, 5, 20), box(160, -10, 55)]
    assert reading_places(standing) == [(0, number) for number in range(5)]


def test_a_column_is_read_downwards() -> None:
    assert reading_places([box(3, 120), box(0, 0), box(5, 60)]) == [(2, 0), (0, 0), (1, 0)]


@pytest.mark.parametrize("slant", [-0.09, 0.09])
def test_a_short_line_below_the_beginning_of_a_long_slanted_one_is_the_second(slant: float) -> None:
    long = [box(50 * place, 50 * place * slant) for place in range(30)]
    short = [box(50 * place, 62 + 50 * place * slant) for place in ((0, 1) if slant > 0 else (28, 29))]
    places = reading_places([*short, *long])
    assert places[:2] == [(1, 0), (1, 1)]
    assert places[2:] == [(0, number) for number in range(30)]


@pytest.mark.parametrize("slant", [-0.15, 0.15])
def test_a_long_line_shows_the_slant_of_the_page_and_a_short_one_hardly(slant: float) -> None:
    def found(count: int) -> float:
        x = np.arange(count) * 50.0
        return _slant([list(range(count))], x, slant * x, height=40)

    assert found(30) == pytest.approx(slant, rel=0.05)
    assert abs(found(2)) < 0.2 * abs(slant)
    assert found(1) == 0


@settings(max_examples=100, deadline=None)
@given(
    lines=st.lists(st.tuples(st.integers(0, 4), st.integers(1, 7)), min_size=1, max_size=6),
    slant=st.floats(-0.1, 0.1),
    seed=st.integers(0, 2**32 - 1),
)
def test_lines_of_any_length_are_read_in_their_order(
    lines: list[tuple[int, int]], slant: float, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    boxes, expected = [], []
    for line, (start, length) in enumerate(lines):
        for number in range(length):
            left = 52 * (start + number) + rng.uniform(-5, 5)
            height = rng.uniform(26, 40)
            # Digits stand on their line.
            top = 76 * line + slant * left + 40 - height + rng.uniform(-4, 4)
            boxes.append(box(left, top, height))
            expected.append((line, number))
    order = rng.permutation(len(boxes)).tolist()
    assert reading_places([boxes[place] for place in order]) == [expected[place] for place in order]
