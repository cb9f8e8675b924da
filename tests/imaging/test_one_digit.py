"""A picture of one digit, from its file to the tile, on pictures drawn from MNIST's images."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from mnistkit.data import load_dataset
from mnistkit.data.base import LabelledImages
from mnistkit.imaging import load
from mnistkit.imaging.load import Picture, load_picture
from mnistkit.imaging.prepare import prepare
from mnistkit.imaging.prepared import Finding, Prepared
from mnistkit.preparation import INK
from tests.support.picture_generator import (
    STYLES,
    SURROUNDED,
    WITHOUT_DIGIT,
    Made,
    digit_picture,
    several_digits,
    without_digit,
)
from tests.support.pictures import encoded

# Small pictures keep the tests fast; the sizes of real ones are measured by tests/benchmarks/pictures.py.
SMALL = {
    name: replace(style, height=(min(style.height[0], 200), min(style.height[1], 260)))
    for name, style in STYLES.items()
}


@pytest.fixture(scope="module")
def digits() -> LabelledImages:
    return load_dataset("mnist").split("val")


def likeness(tile: NDArray[np.uint8], other: NDArray[np.uint8]) -> float:
    """Return the correlation of two tiles, the best over shifts by a pixel."""
    shifted = [np.roll(other, (y, x), (0, 1)) for y in (-1, 0, 1) for x in (-1, 0, 1)]
    return max(float(np.corrcoef(tile.reshape(-1), each.reshape(-1))[0, 1]) for each in shifted)


def likenesses(
    draw: Callable[[NDArray[np.uint8], int], Made], digits: LabelledImages, count: int
) -> NDArray[np.float64]:
    """Return how much the tiles of digits that were drawn are like those digits; 0 for one that is refused."""
    alike = []
    for tile, label in zip(digits.images[:count], digits.labels[:count].tolist(), strict=True):
        prepared = prepare(load_picture(draw(tile, label).png()), INK)
        alike.append(likeness(prepared.tile, tile) if prepared.finding is Finding.DIGIT else 0)
    return np.array(alike)


@pytest.mark.parametrize("name", SMALL)
def test_the_tile_looks_like_the_digit_that_was_drawn(name: str, digits: LabelledImages) -> None:
    rng = np.random.default_rng(7)
    alike = likenesses(lambda tile, label: digit_picture(tile, label, SMALL[name], rng), digits, 8)
    # Rotation and another pen leave about 0.8; another digit in the same place has about 0.4.
    assert np.median(alike) > 0.7
    assert (alike > 0.5).mean() >= 0.8


@pytest.mark.parametrize("kind", SURROUNDED)
def test_what_is_around_a_digit_is_left_out(kind: str, digits: LabelledImages) -> None:
    rng = np.random.default_rng(8)
    alike = likenesses(partial(SURROUNDED[kind], rng), digits, 4)
    assert (alike > 0.5).mean() >= 0.6, alike


# Letters are drawn with strokes as digits are, and a photo's objects may be as simple: only the network can tell.
@pytest.mark.parametrize("kind", sorted(set(WITHOUT_DIGIT) - {"letter", "photo"}))
def test_pictures_without_a_digit_are_refused(kind: str) -> None:
    rng = np.random.default_rng(3)
    findings = [
        prepare(load_picture(without_digit(kind, SMALL[name], rng).png()), INK).finding
        for name in ("phone", "drawing", "tablet", "scan", "screenshot")
    ]
    assert sum(finding is not Finding.DIGIT for finding in findings) >= 4


def test_several_digits_are_counted(digits: LabelledImages) -> None:
    rng = np.random.default_rng(4)
    right = 0
    for number in range(12):
        made = several_digits(digits.images[number : number + 2 + number % 3], SMALL["screenshot"], rng)
        prepared = prepare(load_picture(made.png()), INK)
        right += prepared.finding is Finding.SEVERAL and prepared.digits == made.count
    assert right >= 9


@pytest.fixture
def shown() -> Prepared:
    rng = np.random.default_rng(5)
    tile = load_dataset("mnist").train.images[0]
    made = digit_picture(tile, 5, replace(SMALL["transparent"], height=(100, 120)), rng)
    return prepare(load_picture(made.png()), INK, keep_steps=True)


def test_every_step_can_be_shown(shown: Prepared) -> None:
    names = [step.name for step in shown.steps]
    assert names == ["original", "opaque", "greyscale", "ink", "lines", "threshold", "digit", "strokes", "tile"]
    for step in shown.steps:
        assert step.image.dtype == np.uint8
        assert step.image.ndim == 2 or step.image.shape[2] in (3, 4)
        assert step.title
        assert step.image.max() > step.image.min()
    assert (shown.steps[-1].image == shown.tile).all()


def test_the_sheet_is_shown_where_it_was_cut_out(digits: LabelledImages) -> None:
    page = np.full((300, 400, 3), (60, 40, 30), dtype=np.uint8)
    page[40:240, 120:360] = 235
    large = Image.fromarray(digits.images[0]).resize((112, 112), Image.Resampling.BICUBIC)
    page[80:192, 180:292] -= (np.asarray(large)[..., None] * 0.8).astype(np.uint8)
    prepared = prepare(load_picture(png(page)), INK, keep_steps=True)
    assert prepared.finding is Finding.DIGIT
    assert likeness(prepared.tile, digits.images[0]) > 0.8
    names = [step.name for step in prepared.steps]
    assert names[1] == "panel"
    assert len(set(names)) == len(names), "a step is shown twice"


def test_steps_are_not_kept_unless_wanted() -> None:
    assert prepare(load_picture(png(np.full((50, 50), 255, np.uint8))), INK).steps == ()


def png(pixels: NDArray[np.uint8]) -> bytes:
    return encoded(Image.fromarray(pixels), "PNG", compress_level=1)


def test_the_tile_obeys_mnists_rules(shown: Prepared) -> None:
    rows, columns = (np.flatnonzero(shown.tile.any(axis=axis)) for axis in (1, 0))
    assert max(rows[-1] - rows[0], columns[-1] - columns[0]) + 1 == 20
    y, x = (shown.tile.sum(axis=axis) @ np.arange(28) / shown.tile.sum() for axis in (1, 0))
    assert max(abs(y - 14), abs(x - 14)) <= 0.51
    assert shown.tile.max() > 240


@pytest.mark.parametrize("level", [0, 127, 255])
@pytest.mark.parametrize("shape", [(28, 28), (28, 28, 3), (200, 300, 4), (3, 700)])
def test_an_even_picture_holds_nothing(level: int, shape: tuple[int, ...]) -> None:
    prepared = prepare(load_picture(png(np.full(shape, level, dtype=np.uint8))), INK)
    assert prepared.finding is Finding.NOTHING
    assert prepared.digits == 0
    assert not prepared.tile.any()


def test_polarity_and_size_do_not_matter() -> None:
    tile = np.array(load_dataset("mnist").train.images[1])
    large = Image.fromarray(tile).resize((280, 280), Image.Resampling.BICUBIC)
    first = prepare(load_picture(png(np.asarray(large))), INK).tile
    second = prepare(load_picture(png(255 - np.asarray(large))), INK).tile
    third = prepare(load_picture(png(np.asarray(large.resize((2240, 2240))))), INK).tile
    assert likeness(first, tile) > 0.95
    assert likeness(first, second) > 0.97
    assert likeness(first, third) > 0.97


def test_a_twelve_megapixel_photo_is_reduced_while_it_is_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    y, x = np.mgrid[:3000, :4000].astype(np.float32)
    grey = 200 - 60 * (np.abs(np.hypot(y - 1400, x - 2200) - 500) < 40) - x / 80
    content = encoded(Image.fromarray(grey.astype(np.uint8)).convert("RGB"), "JPEG")
    decoded, upright = [], load._upright

    def recorded(opened: Image.Image) -> tuple[Image.Image, bool]:
        found = upright(opened)
        decoded.append(found[0].size)
        return found

    monkeypatch.setattr(load, "_upright", recorded)
    picture = load_picture(content)
    assert decoded == [(1000, 750)], "JPEG decodes a quarter of the width at a fraction of the time"
    assert (picture.size, picture.pixels.shape) == ((4000, 3000), (576, 768, 3))
    assert prepare(picture, INK).finding is Finding.DIGIT


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    size=st.tuples(st.integers(1, 240), st.integers(1, 240)),
    channels=st.sampled_from([(), (3,), (4,)]),
    boxes=st.integers(0, 5),
    noise=st.sampled_from([0, 3, 40]),
)
def test_rectangles_of_any_kind_give_a_tile(
    seed: int, size: tuple[int, int], channels: tuple[int, ...], boxes: int, noise: int
) -> None:
    rng = np.random.default_rng(seed)
    page = np.full((*size, *channels), rng.integers(256), dtype=np.float32)
    for _ in range(boxes):
        top, left = (int(rng.integers(length)) for length in size)
        page[top : top + int(rng.integers(1, 200)), left : left + int(rng.integers(1, 200))] = rng.integers(256)
    pixels = np.clip(page + rng.normal(0, noise, page.shape), 0, 255).astype(np.uint8)
    prepared = prepare(Picture(pixels, (size[1], size[0])), INK, keep_steps=True)
    assert (prepared.tile.shape, prepared.tile.dtype) == ((28, 28), np.uint8)
    assert (prepared.digits == 0) == (prepared.finding in (Finding.NOTHING, Finding.NOT_A_DIGIT))
    assert prepared.steps[0].name == "original"
