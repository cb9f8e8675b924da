"""The one way from pictures to tiles: for many pictures as for each alone."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from mnistkit.data import load_dataset
from mnistkit.exceptions import PictureError
from mnistkit.imaging.load import load_picture
from mnistkit.imaging.prepare import preparations, prepare
from mnistkit.imaging.prepared import Finding
from mnistkit.preparation import INK, Preparation
from tests.support.pictures import encoded, page, two_digits


@pytest.mark.parametrize("keep_steps", [False, True])
@pytest.mark.parametrize("preparation", [INK, Preparation("whole"), Preparation("whole", inverted=True)])
def test_many_at_once_give_what_each_gives_alone(preparation: Preparation, keep_steps: bool) -> None:
    tiles = load_dataset("mnist").test.images[:2]
    sources = [page(0), tiles[0], Image.new("L", (90, 60), 255), 255 - tiles[1], page(1, size=40), two_digits()]
    pictures = [load_picture(each) for each in sources]
    together = [work() for work in preparations(pictures, preparation, keep_steps=keep_steps)]
    for found, picture in zip(together, pictures, strict=True):
        alone = prepare(picture, preparation, keep_steps=keep_steps)
        np.testing.assert_array_equal(found.tile, alone.tile)
        assert (found.tile.dtype, found.tile.shape) == (np.uint8, (28, 28))
        assert (found.finding, found.digits, found.size) == (alone.finding, alone.digits, picture.size)
        assert [step.name for step in found.steps] == [step.name for step in alone.steps]
        assert bool(found.steps) is keep_steps


def test_what_is_not_looked_for_is_not_judged() -> None:
    empty = load_picture(Image.new("L", (28, 28), 255))
    for kind in ("whole", "tile"):
        found = prepare(empty, Preparation(kind))
        assert (found.finding, found.digits) == (Finding.DIGIT, 1)
    assert prepare(empty, INK).finding is Finding.NOTHING


def test_one_that_cannot_be_prepared_is_told_when_its_turn_comes() -> None:
    pictures = [load_picture(each) for each in (page(size=28), page(), page(size=28))]
    first, second, third = preparations(pictures, Preparation("tile"))
    np.testing.assert_array_equal(first().tile, third().tile)
    with pytest.raises(PictureError, match="it has 300x300 pixels"):
        second()


def test_notes_of_reading_come_along() -> None:
    content = encoded(page(), "GIF", save_all=True, append_images=[page(1)])
    for preparation in (INK, Preparation("whole")):
        assert prepare(load_picture(content), preparation).notes == ("first of 2 frames",)


@pytest.mark.parametrize("kind", ["ink", "whole"])
def test_stages_are_kept_only_where_they_are_asked_for(kind: str) -> None:
    (work,) = preparations([load_picture(encoded(page(), "PNG"))], Preparation(kind))
    assert work().steps == ()
