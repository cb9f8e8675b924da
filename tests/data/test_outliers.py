"""What is drawn as no digit."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from mnistkit.data import load_dataset
from mnistkit.data.outliers import draw_outliers


@pytest.fixture(scope="module")
def digits() -> NDArray[np.uint8]:
    return load_dataset("mnist").train.images[:100]


def test_they_are_fitted_into_the_tile_as_digits_are(digits: NDArray[np.uint8]) -> None:
    drawn = draw_outliers(60, digits, np.random.default_rng(0))
    assert (drawn.dtype, drawn.shape) == (np.uint8, (60, 28, 28))
    assert (drawn.max(axis=(1, 2)) > 200).all()
    for tile in drawn:
        rows, columns = np.flatnonzero(tile.any(axis=1)), np.flatnonzero(tile.any(axis=0))
        assert max(rows[-1] - rows[0], columns[-1] - columns[0]) + 1 == 20


def test_the_seed_decides_and_none_is_drawn_twice(digits: NDArray[np.uint8]) -> None:
    first, again, other = (draw_outliers(60, digits, np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)
    assert len(np.unique(first, axis=0)) == 60
