"""Each step of the preparation by itself, on pictures whose right answer is known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageDraw
from scipy import ndimage

from mnistkit.imaging.background import flatten
from mnistkit.imaging.components import drop_border, find_pieces
from mnistkit.imaging.finding import Statistics, judge, judge_sheet
from mnistkit.imaging.fit import BOX, centre, enlarge, even_width, shrink_into_box
from mnistkit.imaging.glyphs import find_glyphs
from mnistkit.imaging.greyscale import ink_direction, to_grey
from mnistkit.imaging.ink import Ink
from mnistkit.imaging.lines import remove_lines
from mnistkit.imaging.panel import cut_panel
from mnistkit.imaging.polarity import is_ink_dark, shrink
from mnistkit.imaging.prepared import Finding
from mnistkit.imaging.shape import Shape, measure
from mnistkit.imaging.strokes import join_broken, ridge_width, stroke_width
from mnistkit.imaging.threshold import ink_levels, ink_mask
from mnistkit.imaging.tile import coverage
from mnistkit.imaging.transparency import composite

Mask = NDArray[np.bool_]


def ring(side: int = 200, radius: float = 60, width: float = 12) -> Mask:
    """A zero in the middle of a square."""
    y, x = np.mgrid[:side, :side] - (side - 1) / 2
    return np.abs(np.hypot(y, x) - radius) <= width / 2


def bar(shape: tuple[int, int], top: int, left: int, height: int, width: int) -> Mask:
    mask = np.zeros(shape, dtype=bool)
    mask[top : top + height, left : left + width] = True
    return mask


def written(mask: Mask, paper: float = 220, ink: float = 40) -> NDArray[np.float32]:
    return np.where(mask, ink, paper).astype(np.float32)


# transparency


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


# greyscale


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


# polarity


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


# background


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


# lines


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


# threshold


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


# strokes


@pytest.mark.parametrize("width", [3, 8, 20])
def test_widths_are_measured(width: int) -> None:
    mask = ring(260, 90, width)
    assert stroke_width(mask) == pytest.approx(width, rel=0.3)
    assert ridge_width(ndimage.distance_transform_edt(mask)) == pytest.approx(width, rel=0.3)


def test_narrow_gaps_are_bridged_and_wide_ones_are_not() -> None:
    whole = bar((200, 100), 20, 40, 160, 16)
    for gap, pieces in ((4, 1), (30, 2)):
        broken = whole.copy()
        broken[90 : 90 + gap] = False
        assert ndimage.label(join_broken(broken))[1] == pieces


def test_loops_are_not_filled_by_joining() -> None:
    mask = ring(80, 12, 14) | bar((80, 80), 74, 2, 4, 20)
    assert (~join_broken(mask))[40, 40]


# components


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


# the sheet on the table


def sheet(
    angle: float = 0.0, paper: int = 220, table: int = 90, shape: tuple[int, int] = (240, 320)
) -> Image.Image:
    image = Image.new("L", shape[::-1], table)
    layer, mask = Image.new("L", image.size, paper), Image.new("L", image.size, 0)
    ImageDraw.Draw(mask).rectangle([70, 50, 240, 190], fill=255)
    ImageDraw.Draw(layer).line([130, 90, 160, 140], fill=20, width=7)
    image.paste(layer, mask=mask.rotate(angle))
    return image


@pytest.mark.parametrize("coloured", [False, True])
@pytest.mark.parametrize("angle", [0, 7, -12])
@pytest.mark.parametrize(("paper", "table"), [(220, 90), (60, 200)])
def test_a_sheet_is_cut_out(angle: float, paper: int, table: int, coloured: bool) -> None:
    image = sheet(angle, paper, table)
    panel = cut_panel(np.asarray(image.convert("RGB") if coloured else image))
    assert panel is not None
    grey = panel[..., 0] if coloured else panel
    assert 0.6 * 140 < grey.shape[0] < 1.3 * 140
    assert 0.6 * 170 < grey.shape[1] < 1.3 * 170
    assert np.count_nonzero(np.abs(grey.astype(int) - table) < 25) < 0.01 * grey.size
    assert np.count_nonzero(grey < 40) > 200, "the writing is gone"


def test_no_sheet_is_seen_where_there_is_none() -> None:
    y, x = np.mgrid[:240, :320]
    disc = np.where(np.hypot(y - 120, x - 150) < 80, 220, 90)
    shadow = np.where(x + 0.3 * y > 180, 220, 90)
    corner = np.where(x + y > 380, 220, 90)
    slope = 60 + x / 2
    stroke = np.where((abs(x - 160) < 8) & (abs(y - 120) < 80), 20, 220)
    for picture in (disc, shadow, corner, slope, stroke, np.full((240, 320), 200)):
        assert cut_panel(picture.astype(np.uint8)) is None
    assert cut_panel(np.full((20, 300), 200, np.uint8)) is None


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


# fitting


def test_the_coverage_follows_the_grey_levels_of_thin_strokes() -> None:
    strength = np.zeros((60, 60), dtype=np.float32)
    strength[10:50, 30:32] = 100
    strength[10:50, 32] = 30
    mask = bar((60, 60), 10, 30, 40, 2)
    digit = coverage(Ink(strength, ink_levels(strength), mask), *find_glyphs(mask))
    assert digit.shape == (42, 4)
    assert np.allclose(digit[20], [0, 1, 1, 0.3], atol=0.01)


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


# shape and finding


def test_shapes_are_measured() -> None:
    one = measure(bar((120, 20), 0, 0, 120, 20))
    zero = measure(ring(120, 52, 14))
    blot = measure(np.hypot(*np.mgrid[-60:60, -60:60]) < 60)
    assert (one.holes, zero.holes, blot.holes) == (0, 1, 0)
    assert one.path == pytest.approx(1, rel=0.15)
    assert zero.path == pytest.approx(np.pi * 104 / 120, rel=0.2)
    assert blot.thickest == pytest.approx(20, rel=0.1)
    assert one.aspect == pytest.approx(1 / 6)


GOOD = Statistics(
    contrast=120,
    noise=3,
    digits=1,
    length=0.6,
    shape=Shape(width=2.5, thickest=3.5, path=2, holes=1, aspect=0.7, filled=0.4, lining=0.5),
)


def changed(change: dict[str, float]) -> Statistics:
    """Return good statistics with other figures, its shape's among them."""
    outer = {name: value for name, value in change.items() if hasattr(GOOD, name)}
    inner = {name: value for name, value in change.items() if name not in outer}
    return replace(GOOD, shape=replace(GOOD.shape, **inner), **outer)


@pytest.mark.parametrize(
    ("change", "finding"),
    [
        ({}, Finding.DIGIT),
        ({"contrast": 8}, Finding.NOTHING),
        ({"contrast": 60, "noise": 20}, Finding.NOTHING),
        ({"digits": 0}, Finding.NOTHING),
        ({"length": 0.01}, Finding.NOTHING),
        ({"digits": 3}, Finding.SEVERAL),
        ({"digits": 40}, Finding.NOT_A_DIGIT),
        ({"thickest": 15}, Finding.NOT_A_DIGIT),
        ({"path": 6}, Finding.NOT_A_DIGIT),
        ({"holes": 6}, Finding.NOT_A_DIGIT),
        ({"lining": 1, "filled": 0.8}, Finding.NOT_A_DIGIT),
        ({"lining": 1, "filled": 0.5}, Finding.DIGIT),
        ({"lining": 1, "filled": 0.9, "aspect": 0.2}, Finding.DIGIT),
        ({"aspect": 5, "path": 1}, Finding.NOT_A_DIGIT),
        ({"aspect": 2.2, "path": 2.5}, Finding.SEVERAL),
    ],
)
def test_findings(change: dict[str, float], finding: Finding) -> None:
    assert judge(changed(change)) is finding


@pytest.mark.parametrize(
    ("change", "usual", "on_sheet"),
    [
        ({}, Finding.DIGIT, Finding.DIGIT),
        ({"digits": 2}, Finding.SEVERAL, Finding.SEVERAL),
        ({"length": 0.95}, Finding.DIGIT, Finding.NOT_A_DIGIT),
        ({"contrast": 25}, Finding.DIGIT, Finding.NOT_A_DIGIT),
    ],
)
def test_on_a_sheet_a_digit_is_clear_and_has_a_margin(
    change: dict[str, float], usual: Finding, on_sheet: Finding
) -> None:
    assert judge(changed(change)) is usual
    assert judge_sheet(changed(change)) is on_sheet
