"""Several pictures read and prepared at a time: what goes wrong with one is told of that one."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mnistkit.data import load_dataset
from mnistkit.exceptions import MnistkitError, PictureError
from mnistkit.imaging.chunks import picture_name, read_chunk
from mnistkit.imaging.limits import Limits
from mnistkit.preparation import INK, Preparation
from tests.support.pictures import encoded, page, write_tiles


def test_a_chunk_may_hold_anything() -> None:
    tiles = [str(path) for path in write_tiles(Path("tiles"), 3)]
    page().save("page.png")
    Path("text.png").write_text("text")
    names = [tiles[0], "text.png", "page.png", tiles[1], "gone.png", tiles[2]]
    found = read_chunk(names, INK)
    assert [isinstance(each, MnistkitError) for each in found] == [False, True, False, False, True, False]
    assert [name in str(found[place]) for place, name in ((1, "text.png"), (4, "gone.png"))] == [True, True]
    images = load_dataset("mnist").test.images
    for place, number in ((0, 0), (3, 1), (5, 2)):
        np.testing.assert_array_equal(found[place].tile, images[number])


def test_each_picture_goes_by_its_path_or_as_the_picture() -> None:
    assert picture_name("a/b.png") == "a/b.png"
    assert picture_name(Path("a/b.png")) == str(Path("a/b.png"))
    assert picture_name(b"bytes") == picture_name(np.zeros((2, 2))) == "the picture"


def test_what_cannot_be_prepared_is_named() -> None:
    page().save("page.png")
    path, picture = read_chunk(["page.png", encoded(page(), "PNG")], Preparation("tile"))
    assert isinstance(path, PictureError) and isinstance(picture, PictureError)
    assert path.message.startswith("page.png: it has 300x300 pixels")
    assert picture.message.startswith("the picture: it has 300x300 pixels")
    assert path.hint == picture.hint and path.hint


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (MemoryError(), "the picture does not fit into the memory"),
        (ZeroDivisionError("a\n b"), "the picture: internal error: ZeroDivisionError: a b"),
    ],
)
def test_whatever_happens_to_one_is_one_line(
    error: Exception, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr("mnistkit.imaging.load.load_picture", fail)
    (found,) = read_chunk([b"x"], INK)
    assert isinstance(found, PictureError)
    assert found.message == message


def test_the_limits_are_those_given() -> None:
    found = read_chunk([page(size=40), page(size=41)], INK, limits=Limits(pixels=1600))
    assert [isinstance(each, PictureError) for each in found] == [False, True]


def test_no_pictures_give_nothing() -> None:
    assert read_chunk([], INK) == []
