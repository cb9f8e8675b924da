"""Pictures shrunk whole, or taken as they are: no search for ink, proportions kept, dark and light on request."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from mnistkit.exceptions import PictureError
from mnistkit.imaging.load import load_picture
from mnistkit.imaging.prepare import prepare
from mnistkit.preparation import Preparation

DIGIT = np.zeros((28, 28), dtype=np.uint8)
DIGIT[4:24, 12:16] = 255
DIGIT[4:8, 8:12] = 200


def read_picture(path: Path, kind: str = "whole", *, inverted: bool = False) -> NDArray[np.uint8]:
    return prepare(load_picture(path), Preparation(kind, inverted)).tile


def save(path: Path, array: np.ndarray, **arguments: Any) -> Path:
    Image.fromarray(array).save(path, **arguments)
    return path


@pytest.mark.parametrize("suffix", [".png", ".bmp", ".gif", ".tif", ".pgm", ".webp"])
def test_a_picture_of_the_right_size_is_not_changed(suffix: str, tmp_path: Path) -> None:
    arguments = {"lossless": True} if suffix == ".webp" else {}
    path = save(tmp_path / f"x{suffix}", DIGIT, **arguments)
    for kind in ("whole", "tile"):
        assert (read_picture(path, kind) == DIGIT).all()
        assert (read_picture(path, kind, inverted=True) == 255 - DIGIT).all()


def test_jpeg_and_colour(tmp_path: Path) -> None:
    colour = np.stack([DIGIT] * 3, axis=2)
    read = read_picture(save(tmp_path / "x.jpg", colour, quality=95))
    assert np.abs(read.astype(int) - DIGIT).mean() < 4


def test_a_large_picture_is_scaled_down(tmp_path: Path) -> None:
    read = read_picture(save(tmp_path / "x.png", DIGIT.repeat(10, axis=0).repeat(10, axis=1)))
    assert np.abs(read.astype(int) - DIGIT).mean() < 8


@pytest.mark.parametrize(("shape", "rows", "columns"), [((10, 40), 7, 28), ((40, 10), 28, 7), ((1, 900), 1, 28)])
def test_proportions_are_kept_and_the_border_colour_fills_the_rest(
    shape: tuple[int, int], rows: int, columns: int, tmp_path: Path
) -> None:
    pixels = np.full(shape, 90, dtype=np.uint8)
    if min(shape) > 4:
        pixels[2:-2, 2:-2] = 250
    read = read_picture(save(tmp_path / "x.png", pixels))
    top, left = (28 - rows) // 2, (28 - columns) // 2
    inside = np.zeros((28, 28), dtype=bool)
    inside[top : top + rows, left : left + columns] = True
    assert (np.abs(read[~inside].astype(int) - 90) <= 12).all()
    assert len(set(read[~inside].tolist())) == 1
    if min(shape) > 4:
        assert read[inside].max() > 200


def test_the_camera_orientation_is_honoured(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by 90 degrees clockwise
    assert (read_picture(save(tmp_path / "x.png", DIGIT, exif=exif)) == np.rot90(DIGIT, -1)).all()


@pytest.mark.parametrize(("ink", "background"), [(0, 255), (255, 0)])
def test_transparency_is_put_on_what_contrasts(ink: int, background: int, tmp_path: Path) -> None:
    rgba = np.full((28, 28, 4), ink, dtype=np.uint8)
    rgba[..., 3] = np.where(DIGIT > 0, 255, 0)
    read = read_picture(save(tmp_path / "x.png", rgba))
    assert (read == np.where(DIGIT > 0, ink, background)).all()


def test_a_wholly_transparent_picture_is_readable(tmp_path: Path) -> None:
    assert len(set(read_picture(save(tmp_path / "x.png", np.zeros((5, 5, 4), dtype=np.uint8))).flat)) == 1


@pytest.mark.parametrize(
    ("suffix", "array"),
    [
        (".png", DIGIT.astype(np.uint16) * 257),
        (".tif", DIGIT.astype(np.uint16) * 257),
        (".tif", DIGIT.astype(np.int32)),
        (".tif", (DIGIT / 255).astype(np.float32)),
        (".tif", DIGIT.astype(np.float32)),
    ],
)
def test_more_than_eight_bits(suffix: str, array: np.ndarray, tmp_path: Path) -> None:
    assert (read_picture(save(tmp_path / f"x{suffix}", array)) == DIGIT).all()


def test_palettes_and_bilevel(tmp_path: Path) -> None:
    Image.fromarray(DIGIT).convert("RGB").quantize().save(tmp_path / "palette.png")
    Image.fromarray(DIGIT > 100).save(tmp_path / "bits.png")
    assert (read_picture(tmp_path / "palette.png") == DIGIT).all()
    assert (read_picture(tmp_path / "bits.png") == np.where(DIGIT > 100, 255, 0)).all()


def test_an_animation_gives_its_first_picture(tmp_path: Path) -> None:
    Image.fromarray(DIGIT).save(tmp_path / "x.gif", save_all=True, append_images=[Image.fromarray(255 - DIGIT)])
    assert (read_picture(tmp_path / "x.gif") == DIGIT).all()


@pytest.mark.parametrize("size", [(27, 28), (28, 29), (300, 200)])
def test_only_pictures_of_28x28_are_taken_as_they_are(size: tuple[int, int], tmp_path: Path) -> None:
    path = save(tmp_path / "x.png", np.zeros(size[::-1], dtype=np.uint8))
    with pytest.raises(PictureError, match=f"it has {size[0]}x{size[1]} pixels") as caught:
        read_picture(path, "tile")
    assert "--preparation" in (caught.value.hint or "")


@pytest.mark.parametrize("kind", ["whole", "tile"])
def test_the_way_can_be_shown(kind: str, tmp_path: Path) -> None:
    path = save(tmp_path / "x.png", DIGIT)
    steps = prepare(load_picture(path), Preparation(kind, inverted=True), keep_steps=True).steps
    assert [step.name for step in steps] == ["original", "tile"]
    assert "dark and light exchanged" in steps[1].title
    assert (steps[1].image == 255 - DIGIT).all()
    assert prepare(load_picture(path), Preparation(kind)).steps == ()
