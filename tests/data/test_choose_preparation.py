"""Which preparation is chosen for a user's own data."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mnistkit.data import load_dataset
from mnistkit.data.choose_preparation import SAMPLE, choose_for_pictures, choose_for_tiles
from mnistkit.preparation import INK, Preparation
from tests.support.pictures import page


def write(pictures: Sequence[Image.Image]) -> list[Path]:
    paths = [Path(f"{number:03d}.png") for number in range(len(pictures))]
    for path, picture in zip(paths, pictures, strict=True):
        picture.save(path)
    return paths


def blank(size: tuple[int, int] = (300, 300), level: int = 255) -> Image.Image:
    return Image.new("L", size, level)


def tile(number: int, shift: int = 0) -> Image.Image:
    """An MNIST image, or one that is not made as MNIST's are."""
    return Image.fromarray(np.roll(load_dataset("mnist").test.images[number], shift, axis=1))


@pytest.mark.parametrize(("written", "kind"), [(10, "ink"), (8, "ink"), (7, "whole"), (0, "whole")])
def test_four_of_five_pictures_must_show_one_piece_of_writing(written: int, kind: str) -> None:
    paths = write([*(page(number) for number in range(written)), *[blank()] * (10 - written)])
    preparation, reason = choose_for_pictures(paths, "auto")
    assert preparation == Preparation(kind, inverted=kind == "whole")
    assert f"{written} of 10 pictures looked at show one piece of writing" in reason


@pytest.mark.parametrize(("alike", "kind"), [(10, "ink"), (9, "ink"), (8, "tile")])
def test_nine_of_ten_tiles_must_be_made_as_mnists_are(alike: int, kind: str) -> None:
    paths = write([tile(number, shift=0 if number < alike else 4) for number in range(10)])
    preparation, reason = choose_for_pictures(paths, "auto")
    assert preparation == Preparation(kind)
    assert ("9 of 10" in reason) is (alike == 9)


def test_one_larger_picture_among_tiles_makes_them_pictures() -> None:
    preparation, _ = choose_for_pictures(write([*(tile(number) for number in range(9)), page()]), "auto")
    assert preparation == INK


def test_pictures_that_cannot_be_read_do_not_count() -> None:
    paths = write([page(number) for number in range(5)])
    for number in range(5, 20):
        paths.append(Path(f"{number:03d}.png"))
        paths[-1].write_bytes(b"broken")
    assert choose_for_pictures(paths, "auto") == (INK, "5 of 5 pictures looked at show one piece of writing")


def test_of_no_pictures_nothing_is_said_to_be_writing() -> None:
    assert choose_for_pictures([], "auto") == (
        Preparation("whole"),
        "only 0 of 0 pictures looked at show one piece of writing",
    )


def test_of_many_pictures_only_some_are_looked_at() -> None:
    paths = write([blank((40, 40))] * (SAMPLE + 30))
    assert f"0 of {SAMPLE} pictures" in choose_for_pictures(paths, "auto")[1]


@pytest.mark.parametrize(("level", "inverted"), [(250, True), (10, False)])
@pytest.mark.parametrize("kind", ["whole", "tile"])
def test_what_is_asked_for_is_taken_and_only_dark_and_light_are_found_out(
    kind: str, level: int, inverted: bool
) -> None:
    picture = blank((28, 28), level)
    picture.paste(255 - level, (10, 5, 16, 23))
    expected = Preparation(kind, inverted), "as asked for"
    assert choose_for_pictures(write([picture] * 3), kind) == expected


def test_ink_that_is_asked_for_costs_no_look() -> None:
    assert choose_for_pictures([Path("gone.png")], "ink") == (INK, "as asked for")


def test_arrays_that_are_made_as_mnists_are_learn_of_ink() -> None:
    images = load_dataset("mnist").train.images[:200]
    assert choose_for_tiles(images, "auto") == (INK, "the images are made as MNIST's are")
    moved = np.roll(images, 4, axis=2)
    assert choose_for_tiles(moved, "auto") == (Preparation("tile"), "the images are not made as MNIST's are")
    assert choose_for_tiles(moved, "whole") == (Preparation("whole"), "as asked for")
    assert choose_for_tiles(images[:1], "auto")[0] == INK
