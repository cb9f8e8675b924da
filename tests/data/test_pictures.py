from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from mnistkit.data.base import LoadOptions
from mnistkit.data.pictures import picture_suffixes, read_picture, read_pictures
from mnistkit.exceptions import DataError
from mnistkit.imaging import decode

DIGIT = np.zeros((28, 28), dtype=np.uint8)
DIGIT[4:24, 12:16] = 255
DIGIT[4:8, 8:12] = 200


def save(path: Path, array: np.ndarray, **arguments: object) -> Path:
    Image.fromarray(array).save(path, **arguments)  # type: ignore[arg-type]
    return path


@pytest.mark.parametrize("suffix", [".png", ".bmp", ".gif", ".tif", ".pgm", ".webp"])
def test_a_picture_of_the_right_size_is_not_changed(suffix: str, tmp_path: Path) -> None:
    arguments = {"lossless": True} if suffix == ".webp" else {}
    assert suffix in picture_suffixes()
    assert (read_picture(save(tmp_path / f"x{suffix}", DIGIT, **arguments)) == DIGIT).all()


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


def test_faults_name_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    good = save(tmp_path / "good.png", np.random.default_rng(0).integers(0, 255, (60, 60), dtype=np.uint8))
    cases = {
        "text.png": (b"not a picture", "is a text, not a picture"),
        "empty.jpg": (b"", "is empty"),
        "cut.png": (good.read_bytes()[:900], "is damaged"),
    }
    for name, (content, message) in cases.items():
        (tmp_path / name).write_bytes(content)
        with pytest.raises(DataError, match=message) as caught:
            read_picture(tmp_path / name)
        assert str(tmp_path / name) in str(caught.value)
    monkeypatch.setattr(decode, "MAX_PIXELS", 3000)
    with pytest.raises(DataError, match="too large: 60x60 is more than 100 million pixels"):
        read_pictures([good], LoadOptions())
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 1000)  # Pillow's own limit, twice this
    with pytest.raises(DataError, match="too large: more than 100 million pixels"):
        read_pictures([good], LoadOptions())


@given(data=st.data())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)
def test_any_damage_gives_pixels_or_a_data_error(data: st.DataObject, tmp_path: Path) -> None:
    suffix = data.draw(st.sampled_from([".png", ".jpg", ".gif", ".bmp", ".tif"]))
    content = bytearray(save(tmp_path / f"x{suffix}", DIGIT).read_bytes())
    for place, value in data.draw(
        st.lists(st.tuples(st.integers(0, len(content) - 1), st.integers(0, 255)), max_size=4)
    ):
        content[place] = value
    path = tmp_path / f"damaged{suffix}"
    path.write_bytes(content[: data.draw(st.integers(0, len(content)))])
    images, places, errors = read_pictures([path], LoadOptions(skip_bad=True))
    assert len(images) == len(places) == 1 - len(errors)


def test_threads_keep_the_order_and_progress_is_told(tmp_path: Path) -> None:
    paths = [save(tmp_path / f"{i}.png", np.full((28, 28), i, dtype=np.uint8)) for i in range(20)]
    reports: list[tuple[int, int, str]] = []
    options = LoadOptions(workers=4, progress=lambda *report: reports.append(report))
    images, places, errors = read_pictures(paths, options)
    assert images[:, 0, 0].tolist() == places.tolist() == list(range(20))
    assert errors == []
    assert reports[-1] == (20, 20, "pictures")
