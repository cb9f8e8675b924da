"""Pages of many digits: all of them are found, each with its place, its ink and its tile."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import ndimage

from mnistkit.data import load_dataset
from mnistkit.imaging.box import Box
from mnistkit.imaging.glyphs import Glyph, find_glyphs, main_glyph
from mnistkit.imaging.ink import Ink, find_ink
from mnistkit.imaging.load import Picture
from mnistkit.imaging.prepare import prepare
from mnistkit.imaging.prepared import Finding
from mnistkit.imaging.threshold import ink_levels
from mnistkit.imaging.tile import make_tile
from mnistkit.preparation import INK
from tests.support.picture_generator import STYLES, Page, page_of_digits

COLUMNS = 6


@pytest.fixture(scope="module")
def tiles() -> NDArray[np.uint8]:
    return load_dataset("mnist").split("val").images[: 4 * COLUMNS]


@pytest.fixture(scope="module")
def page(tiles: NDArray[np.uint8]) -> Page:
    """Four lines, the last one shorter, as a screen shows them."""
    return page_of_digits(tiles[:-2], COLUMNS, STYLES["screenshot"], np.random.default_rng(0))


@pytest.fixture(scope="module")
def ink(page: Page) -> Ink:
    return find_ink(page.pixels)


@pytest.fixture(scope="module")
def glyphs(ink: Ink) -> tuple[Glyph, ...]:
    return find_glyphs(ink.mask)


# the whole page


def test_every_digit_is_a_glyph_in_the_order_of_reading(page: Page, glyphs: tuple[Glyph, ...]) -> None:
    assert [(glyph.line, glyph.number) for glyph in glyphs] == page.lines
    for glyph, digit in zip(glyphs, page.digits, strict=True):
        assert apart(glyph, around(digit)) <= 2


def test_boxes_hold_the_ink_and_no_more(glyphs: tuple[Glyph, ...]) -> None:
    for glyph in glyphs:
        assert glyph.mask.shape == (glyph.height, glyph.width)
        assert all(side.any() for side in (glyph.mask[0], glyph.mask[-1], glyph.mask[:, 0], glyph.mask[:, -1]))


def test_the_masks_add_up_to_the_ink(ink: Ink, glyphs: tuple[Glyph, ...]) -> None:
    total = np.sum([glyph.on_page(ink.mask.shape) for glyph in glyphs], axis=0)
    assert (total == ink.mask).all()


def test_one_glyph_is_the_main_one(glyphs: tuple[Glyph, ...]) -> None:
    main = main_glyph(glyphs)
    assert [glyph for glyph in glyphs if glyph.is_main] == [main]
    assert main is not None
    assert main.length >= 0.9 * max(glyph.length for glyph in glyphs)
    assert main_glyph(()) is None


@pytest.mark.parametrize(
    ("style", "slant"),
    [("phone", 0.03), ("scan", -0.05), ("board", 0.0), ("marker", 0.05), ("transparent", -0.03)],
)
def test_all_are_found_on_paper_and_on_boards(style: str, slant: float, tiles: NDArray[np.uint8]) -> None:
    page = page_of_digits(tiles, COLUMNS, STYLES[style], np.random.default_rng(1), slant=slant)
    glyphs = find_glyphs(find_ink(page.pixels).mask)
    assert [(glyph.line, glyph.number) for glyph in glyphs] == page.lines
    for glyph, digit in zip(glyphs, page.digits, strict=True):
        assert apart(glyph, around(digit)) <= 4


def test_each_tile_shows_its_digit(tiles: NDArray[np.uint8], ink: Ink, glyphs: tuple[Glyph, ...]) -> None:
    for glyph, drawn in zip(glyphs, tiles, strict=False):
        tile = make_tile(ink, glyph)
        assert tile is not None
        likeness = [
            np.corrcoef(np.roll(tile.pixels, (y, x), (0, 1)).ravel(), drawn.ravel())[0, 1]
            for y in (-1, 0, 1)
            for x in (-1, 0, 1)
        ]
        assert max(likeness) > 0.55


def test_a_glyph_has_the_tile_of_a_picture_of_it_alone(tiles: NDArray[np.uint8]) -> None:
    # Where ground and ink are even, the rest of the page does not matter. In smaller pictures less noise is
    # smoothed away, and of thinner strokes the grey levels count.
    style = replace(STYLES["drawing"], pen=(0.1, 0.12))
    size = 160
    drawn = page_of_digits(tiles[:6], 3, style, np.random.default_rng(2), size=size)
    pixels = np.where(np.logical_or.reduce(drawn.digits), 30, 220).astype(np.uint8)
    ink = find_ink(pixels)
    glyphs = find_glyphs(ink.mask)
    assert len(glyphs) == 6
    for glyph, digit in zip(glyphs, drawn.digits, strict=True):
        alone = np.where(digit, 30, 220).astype(np.uint8)
        margin = size // 2
        rows = slice(max(0, glyph.top - margin), glyph.bottom + margin)
        columns = slice(max(0, glyph.left - margin), glyph.right + margin)
        single = prepare(Picture(np.ascontiguousarray(alone[rows, columns]), (0, 0)), INK)
        tile = make_tile(ink, glyph)
        assert single.finding is Finding.DIGIT
        assert tile is not None
        np.testing.assert_array_equal(tile.pixels, single.tile)


def test_more_digits_than_a_picture_of_one_may_have_are_still_glyphs(
    page: Page, glyphs: tuple[Glyph, ...]
) -> None:
    prepared = prepare(Picture(page.pixels, page.pixels.shape[1::-1]), INK)
    assert prepared.finding is Finding.NOT_A_DIGIT
    assert len(glyphs) > 12


def around(mask: NDArray[np.bool_]) -> Box:
    (rows, columns) = ndimage.find_objects(mask.astype(np.uint8))[0]
    return Box(rows.start, rows.stop, columns.start, columns.stop)


def apart(box: Box, other: Box) -> int:
    """Return how many pixels the sides of two boxes lie apart at most."""
    return max(abs(getattr(box, side) - getattr(other, side)) for side in ("top", "bottom", "left", "right"))


# what belongs to what


def test_a_page_may_have_any_number_of_glyphs() -> None:
    dots = np.zeros((640, 1000), dtype=bool)
    for top in range(4, 640, 32):
        for left in range(4, 1000, 20):
            dots[top : top + 12, left : left + 6] = True
    glyphs = find_glyphs(dots)
    assert len(glyphs) == 20 * 50
    assert (glyphs[-1].line, glyphs[-1].number) == (19, 49)
    assert [glyph.left for glyph in glyphs[:3]] == [4, 24, 44]
    assert len(find_glyphs(dots, most_pieces=400)) == 400


def test_what_lies_in_the_box_of_another_keeps_its_own_ink() -> None:
    mask = np.zeros((200, 200), dtype=bool)
    y, x = np.mgrid[:200, :200]
    for start in (90, 140):  # two slanted strokes
        mask |= (np.abs(x + y / 3 - start) < 6) & (y > 20) & (y < 180)
    first, second = find_glyphs(mask)
    assert first.right > second.left
    for glyph in (first, second):
        assert ndimage.label(glyph.mask)[1] == 1
    assert (first.on_page(mask.shape) ^ second.on_page(mask.shape) == mask).all()


def test_at_the_edge_of_the_page_a_glyph_has_its_tile_as_well() -> None:
    strength = np.zeros((60, 40), dtype=np.float32)
    strength[:, 10:14] = 100
    (glyph,) = find_glyphs(strength > 50)
    assert (glyph.top, glyph.bottom, glyph.left, glyph.right) == (0, 60, 10, 14)
    cut, whole = (
        make_tile(Ink(page, ink_levels(page), page > 50), *find_glyphs(page > 50))
        for page in (strength, np.pad(strength, 9))
    )
    assert cut is not None
    assert whole is not None
    # Beyond the edge there is nothing to tell how soft the stroke ends.
    np.testing.assert_allclose(cut.pixels.astype(int), whole.pixels, atol=10)


def test_a_glyph_without_anything_to_show_has_no_tile() -> None:
    mask = np.zeros((900, 900), dtype=bool)
    mask[100:800, 450] = True
    strength = mask.astype(np.float32)
    (glyph,) = find_glyphs(mask)
    assert make_tile(Ink(strength, ink_levels(strength), mask), glyph) is None
