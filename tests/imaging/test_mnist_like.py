from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from mnistkit.data import load_dataset
from mnistkit.imaging.load import load_picture
from mnistkit.imaging.mnist_like import as_tiles
from mnistkit.imaging.prepare import prepare
from mnistkit.preparation import INK
from tests.support.pictures import encoded


@pytest.fixture(scope="module")
def tiles() -> NDArray[np.uint8]:
    return load_dataset("mnist").train.images[:400]


@pytest.mark.parametrize("inverted", [False, True])
@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA"])
def test_mnist_files_come_through_bit_by_bit(tiles: NDArray[np.uint8], inverted: bool, mode: str) -> None:
    for tile in tiles if mode == "L" else tiles[:50]:
        picture = Image.fromarray(255 - tile if inverted else tile).convert(mode)
        prepared = prepare(load_picture(encoded(picture, "PNG")), INK)
        assert (prepared.tile == tile).all()
        assert (prepared.finding.value, prepared.digits) == ("digit", 1)


def test_all_of_mnist_is_known_as_such() -> None:
    images = np.array(load_dataset("mnist").train.images[::60])
    assert all(tile is not None for tile in as_tiles(list(images)))


def test_tiles_from_jpeg_are_tiles(tiles: NDArray[np.uint8]) -> None:
    passed = 0
    for tile in tiles[:50]:
        content = encoded(Image.fromarray(tile), "JPEG", quality=95)
        passed += as_tiles([load_picture(content).pixels])[0] is not None
    assert passed >= 48


def test_other_small_pictures_are_not_taken_for_tiles(tiles: NDArray[np.uint8]) -> None:
    rng = np.random.default_rng(0)
    slope = np.linspace(0, 80, 28).astype(np.uint8)
    for tile in tiles[:60]:
        others = (
            np.roll(tile, 3, axis=1),
            np.maximum(tile, slope[None, :]),
            np.clip(tile + rng.normal(40, 15, tile.shape), 0, 255).astype(np.uint8),
            tile // 2,
            np.pad(tile[4:24, 4:24], 4, constant_values=60),
            np.pad(tile[::2, ::2], 7),
            np.stack([tile, tile // 2, tile], axis=2),
            np.pad(tile, 1),
        )
        assert as_tiles(others) == [None] * len(others)


def test_noise_and_blank_are_no_tiles() -> None:
    rng = np.random.default_rng(1)
    noise = rng.integers(0, 256, (28, 28), dtype=np.uint8)
    blanks = [np.full((28, 28), level, dtype=np.uint8) for level in (0, 128, 255)]
    assert as_tiles([noise, *blanks]) == [None] * 4


def test_each_picture_is_judged_by_itself(tiles: NDArray[np.uint8]) -> None:
    pictures = [
        tiles[0],
        np.pad(tiles[1], 1),
        255 - tiles[2],
        np.zeros((28, 28), np.uint8),
        np.stack([tiles[3]] * 3, axis=2),
    ]
    found = as_tiles(pictures)
    assert [tile is None for tile in found] == [False, True, False, True, False]
    for place, number in ((0, 0), (2, 2), (4, 3)):
        np.testing.assert_array_equal(found[place], tiles[number])
    assert (pictures[2] == 255 - tiles[2]).all(), "the picture itself was changed"
    assert as_tiles([]) == []
