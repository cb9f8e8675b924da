"""Crops are told from pages, and their ink from their ground, whatever they fill."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from mnistkit.data import load_dataset
from mnistkit.data.base import LabelledImages
from mnistkit.imaging.crop import find_crop
from mnistkit.imaging.load import Picture
from mnistkit.imaging.prepare import prepare
from mnistkit.imaging.prepared import Finding
from mnistkit.preparation import INK
from tests.support.crops import FORMS, Form, crop_of
from tests.support.picture_generator import STYLES, WITHOUT_DIGIT, digit_picture, without_digit


@pytest.fixture(scope="module")
def digits() -> LabelledImages:
    return load_dataset("mnist").split("val")


def picture(pixels: NDArray[np.uint8]) -> Picture:
    return Picture(pixels, (pixels.shape[1], pixels.shape[0]))


@pytest.mark.parametrize("shape", ["tight", "square"])
def test_ink_is_told_from_ground_in_either_polarity(digits: LabelledImages, shape: str) -> None:
    forms = [form for form in FORMS if form.shape == shape]
    for number, tile in enumerate(digits.images[:60]):
        form = forms[number % len(forms)]
        light = find_crop(crop_of(tile, replace(form, is_dark=False)))
        dark = find_crop(crop_of(tile, replace(form, is_dark=True)))
        assert light is not None and dark is not None
        assert (light.is_dark, dark.is_dark) == (False, True)
        np.testing.assert_allclose(dark.cover, light.cover, atol=1e-5)


@pytest.mark.parametrize("notch", [np.s_[11, 0], np.s_[4:10, 3]], ids=["corner", "side"])
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_a_bar_that_leaves_hardly_any_ground_is_a_one(notch: tuple[slice, ...], dark: bool) -> None:
    pixels = np.full((12, 4), 255, np.uint8)
    pixels[notch] = 0
    crop = find_crop(255 - pixels if dark else pixels)
    assert crop is not None and crop.is_dark is dark
    assert np.array_equal(crop.cover > 0.5, pixels > 0)


def test_an_upright_bar_is_a_digit(digits: LabelledImages) -> None:
    one = digits.images[digits.labels == 1][0]
    for dark in (False, True):
        prepared = prepare(picture(crop_of(one, Form(16, is_dark=dark))), INK)
        assert prepared.finding is Finding.DIGIT
        rows, columns = (np.flatnonzero(prepared.tile.max(axis=axis) > 64) for axis in (1, 0))
        assert np.ptp(rows) + 1 in (19, 20)
        assert np.ptp(columns) < 12, "its proportions are kept"


def test_a_round_0_is_neither_a_frame_nor_its_inside(digits: LabelledImages) -> None:
    zero = digits.images[digits.labels == 0][1]
    tiles = [prepare(picture(crop_of(zero, Form(side))), INK).tile for side in (12, 16, 20, 32)]
    for tile in tiles:
        assert np.corrcoef(tile.reshape(-1), zero.reshape(-1))[0, 1] > 0.8


def test_a_larger_crop_is_read_as_well(digits: LabelledImages) -> None:
    for tile in digits.images[:12]:
        prepared = prepare(picture(crop_of(tile, Form(120))), INK)
        assert prepared.finding is Finding.DIGIT
        assert np.corrcoef(prepared.tile.reshape(-1), tile.reshape(-1))[0, 1] > 0.7


@pytest.mark.parametrize("name", ["phone", "scan", "screenshot", "board"])
def test_pages_are_no_crops(name: str, digits: LabelledImages) -> None:
    rng = np.random.default_rng(0)
    style = replace(STYLES[name], height=(100, 200), digit=(0.3, 0.7))
    made = [digit_picture(tile, 0, style, rng).pixels for tile in digits.images[:6]]
    assert [find_crop(pixels) for pixels in made] == [None] * 6


@pytest.mark.parametrize("side", [10, 16])
@pytest.mark.parametrize("kind", ["even", "noise", "slope", "halves"])
def test_small_pictures_of_something_else_are_refused(side: int, kind: str) -> None:
    rng = np.random.default_rng(side)
    halves = np.zeros((side, side), np.uint8)
    halves[:, : side // 2] = 255
    pixels = {
        "even": np.full((side, side), 90, np.uint8),
        "noise": rng.integers(0, 256, (side, side), dtype=np.uint8),
        "slope": np.tile(np.linspace(0, 255, side).astype(np.uint8), (side, 1)),
        "halves": halves,
    }[kind]
    prepared = prepare(picture(pixels), INK)
    assert prepared.finding is not Finding.DIGIT


def test_a_tiny_block_is_no_digit() -> None:
    block = np.pad(np.full((6, 6), 255, np.uint8), 1)
    assert [prepare(picture(each), INK).finding for each in (block, 255 - block)] == [Finding.NOT_A_DIGIT] * 2


def test_two_digits_in_a_crop_are_no_digit(digits: LabelledImages) -> None:
    form = Form(32)
    for first, second in zip(digits.images[0:20:2], digits.images[1:20:2], strict=True):
        gap = np.zeros((32, 4), np.uint8)
        both = np.hstack([_as_high(crop_of(each, form)) for each in (first, second)])
        both = np.insert(both, [_as_high(crop_of(first, form)).shape[1]] * 4, gap[:, 0:1], axis=1)
        assert prepare(picture(both), INK).finding is not Finding.DIGIT


def _as_high(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    width = max(1, round(pixels.shape[1] * 32 / pixels.shape[0]))
    return np.asarray(Image.fromarray(pixels).resize((width, 32), Image.Resampling.BICUBIC))


def test_colours_and_transparency_do_not_matter(digits: LabelledImages) -> None:
    grey = crop_of(digits.images[3], Form(20))
    ink = np.array([200, 220, 40]), np.array([20, 20, 120])
    coloured = (ink[0] * (grey[..., None] / 255) + ink[1] * (1 - grey[..., None] / 255)).astype(np.uint8)
    plain, other = (prepare(picture(each), INK).tile for each in (grey, coloured))
    assert np.corrcoef(plain.reshape(-1), other.reshape(-1))[0, 1] > 0.97


def test_the_steps_are_those_of_a_crop(digits: LabelledImages) -> None:
    prepared = prepare(picture(crop_of(digits.images[2], Form(16, is_dark=True))), INK, keep_steps=True)
    assert [step.name for step in prepared.steps] == ["original", "ink", "digit", "tile"]
    assert "dark ink that fills its picture" in prepared.steps[1].title
    np.testing.assert_array_equal(prepared.steps[-1].image, prepared.tile)


def test_scribbles_and_photos_are_not_taken_for_crops() -> None:
    rng = np.random.default_rng(2)
    for kind in ("blank", "noise", "texture"):
        assert kind in WITHOUT_DIGIT
        for _ in range(4):
            pixels = without_digit(kind, replace(STYLES["screenshot"], height=(60, 120)), rng).pixels
            assert prepare(picture(pixels), INK).finding is not Finding.DIGIT
