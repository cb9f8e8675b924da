"""The bundled model names the digits of tight crops and of tiny pictures."""

from __future__ import annotations

import numpy as np
import pytest

import mnistkit
from mnistkit.data import load_dataset
from mnistkit.imaging.prepared import Finding, Reading
from mnistkit.inference.recogniser import Recogniser
from tests.support.brightness import prepared, recogniser
from tests.support.crops import FORMS, crop_of, sample, small_digits


@pytest.fixture(scope="module")
def bundled() -> Recogniser:
    return mnistkit.load("pictures", device="cpu")


def named(model: Recogniser, cases: list[tuple[np.ndarray, int]]) -> tuple[int, int]:
    """Return how many are named rightly, and how many are refused."""
    digits = [answer.digit for answer in model.read_all([pixels for pixels, _ in cases])]
    right = sum(digit == str(label) for digit, (_, label) in zip(digits, cases, strict=True))
    return right, digits.count(None)


@pytest.mark.parametrize("shape", ["tight", "square", "stretched"])
def test_crops_of_test_digits_are_named(bundled: Recogniser, shape: str) -> None:
    forms = [form for form in FORMS if form.shape == shape]
    digits = sample(load_dataset("mnist").test, 64, seed=10)
    cases = [(crop_of(tile, forms[place % len(forms)]), label) for place, (tile, label) in enumerate(digits)]
    right, refused = named(bundled, cases)
    assert right >= 61
    assert refused <= 3


@pytest.mark.parametrize("dark", [False, True])
def test_digits_of_8x8_pixels_are_named(bundled: Recogniser, dark: bool) -> None:
    cases = [(255 - pixels if dark else pixels, label) for pixels, label in list(small_digits())[::18]]
    right, refused = named(bundled, cases)
    assert right >= 0.96 * len(cases)
    assert refused <= 3


def test_the_surest_reading_counts() -> None:
    model = recogniser()
    first, second = prepared(4), prepared(4)
    sure = Reading(prepared(60).tile, "narrowed")
    plain, read = model.answers(["a", "b"], [first, second._replace(others=(Reading(first.tile, "same"), sure))])
    assert (plain.digit, read.digit) == (None, "high")
    np.testing.assert_array_equal(read.picture.tile, sure.tile)
    assert read.picture.others == ()


def test_a_refusal_by_the_ink_stays_one() -> None:
    sure = Reading(prepared(60).tile, "narrowed")
    (answer,) = recogniser().answers(["a"], [prepared(4, Finding.NOTHING)._replace(others=(sure,))])
    assert answer.digit is None


def test_the_steps_end_with_the_tile_that_was_read(bundled: Recogniser) -> None:
    shown = set()
    for pixels, _ in list(small_digits())[:60]:
        answer = bundled.read(pixels, keep_steps=True)
        np.testing.assert_array_equal(answer.picture.steps[-1].image, answer.picture.tile)
        shown.add(answer.picture.steps[-1].title)
    assert len(shown) == 2, "both readings are surest somewhere"
    assert any("80 % as wide" in title for title in shown)
