"""What is computed of plain arrays to make a dataset of them."""

from __future__ import annotations

import numpy as np
import pytest

from mnistkit.data.assemble import assemble, label_images, pixel_statistics
from mnistkit.data.base import LabelledImages
from mnistkit.preparation import INK, Preparation


def images(count: int) -> LabelledImages:
    pixels = np.random.default_rng(count).integers(0, 256, (count, 28, 28), dtype=np.uint8)
    return label_images(pixels, np.arange(count, dtype=np.uint8) % 3)


@pytest.mark.parametrize(("count", "held_out"), [(9, 3), (41, 3), (42, 4), (600, 50), (60_000, 5000)])
def test_a_twelfth_and_at_least_one_of_each_class_is_held_out(count: int, held_out: int) -> None:
    train = label_images(np.zeros((count, 1, 1), np.uint8), np.arange(count) % 3)
    assert assemble("x", ("a", "b", "c"), train, images(3)).validation_size == held_out


# More than one part of those in which the pixels are counted.
@pytest.mark.parametrize("count", [1, 5, 4096, 4099])
def test_the_figures_of_the_pixels_are_exact(count: int) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (count, 3, 2), dtype=np.uint8)
    mean, std = pixel_statistics(pixels)
    assert mean == pytest.approx((pixels / 255).mean(), rel=1e-12)
    assert std == pytest.approx((pixels / 255).std(), rel=1e-12)


@pytest.mark.parametrize("level", [0, 255])
def test_without_contrast_nothing_is_divided_by_zero(level: int) -> None:
    assert pixel_statistics(np.full((4, 28, 28), level, np.uint8)) == (level / 255, 1.0)


def test_normalisation_and_preparation_are_those_given_where_they_are() -> None:
    given = assemble(
        "x", ("a", "b", "c"), images(9), images(3), (0.1, 0.2), (Preparation("whole"), "as asked for")
    )
    assert (given.mean, given.std) == (0.1, 0.2)
    assert (given.preparation, given.preparation_reason) == (Preparation("whole"), "as asked for")
    computed = assemble("x", ("a", "b", "c"), images(9), images(3))
    assert (computed.mean, computed.std) == pixel_statistics(images(9).images)
    assert (computed.preparation, computed.preparation_reason) == (INK, "")


def test_images_are_numbered_in_their_order() -> None:
    found = images(7)
    assert (found.labels.dtype, found.indices.dtype) == (np.int64, np.int64)
    assert found.indices.tolist() == list(range(7))
    assert found.take(np.array([4, 1])).indices.tolist() == [4, 1]
