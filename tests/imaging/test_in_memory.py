"""Arrays and Pillow images give what a file of theirs gives."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from numpy.typing import NDArray
from PIL import Image, ImageCms, ImageOps

from mnistkit.exceptions import PictureError
from mnistkit.imaging.limits import Limits
from mnistkit.imaging.load import Picture, load_picture
from tests.support.pictures import encoded

COLOURS = np.random.default_rng(0).integers(0, 256, (30, 40, 3), dtype=np.uint8)
# Smaller than some of the pictures, so that they are reduced as well.
SIDE = 24


def same(first: Picture, second: Picture) -> bool:
    return (
        first.size == second.size
        and first.pixels.dtype == second.pixels.dtype == np.uint8
        and np.array_equal(first.pixels, second.pixels)
    )


# arrays


SHAPES = st.tuples(st.integers(1, 40), st.integers(1, 40)).flatmap(
    lambda size: st.sampled_from([size, (*size, 1), (*size, 3), (*size, 4)])
)


@settings(max_examples=150, deadline=None)
@given(pixels=arrays.arrays(np.uint8, SHAPES))
def test_an_array_gives_the_pixels_of_its_png(pixels: NDArray[np.uint8]) -> None:
    saved = pixels[..., 0] if pixels.shape[2:] == (1,) else pixels
    content = encoded(Image.fromarray(saved), "PNG")
    for side in (SIDE, None):
        assert same(load_picture(pixels, longest_side=side), load_picture(content, longest_side=side))


@settings(max_examples=100, deadline=None)
@given(
    pixels=st.sampled_from([np.float16, np.float32, np.float64, ">f4"]).flatmap(
        lambda kind: arrays.arrays(kind, SHAPES, elements=st.floats(0, 1, width=16))
    )
)
def test_floats_from_0_to_1_are_rounded_to_grey_levels(pixels: NDArray[np.floating]) -> None:
    rounded = (pixels * 255).round().astype(np.uint8)
    assert same(load_picture(pixels, longest_side=SIDE), load_picture(rounded, longest_side=SIDE))


@settings(max_examples=50, deadline=None)
@given(pixels=arrays.arrays(np.bool_, st.tuples(st.integers(1, 40), st.integers(1, 40))))
def test_what_is_true_is_white(pixels: NDArray[np.bool_]) -> None:
    content = encoded(Image.fromarray(pixels), "PNG")
    assert same(load_picture(pixels, longest_side=SIDE), load_picture(content, longest_side=SIDE))
    assert (load_picture(pixels).pixels == np.where(pixels, 255, 0)).all()


def test_views_of_arrays_are_read_and_the_array_may_be_used_again() -> None:
    pixels = COLOURS.copy()
    turned = pixels[::-1, ::2].swapaxes(0, 1)
    picture = load_picture(turned)
    expected = turned.copy()
    pixels[:] = 0
    assert (picture.pixels == expected).all()
    assert picture.size == (30, 20)


def test_rounding_errors_beyond_0_and_1_are_forgiven() -> None:
    assert load_picture(np.array([[-1e-6, 1 + 1e-6]])).pixels.tolist() == [[0, 255]]


def test_tensors_have_their_channels_first() -> None:
    tensor = torch.from_numpy(COLOURS.copy()).permute(2, 0, 1)
    assert (load_picture(tensor).pixels == COLOURS).all()
    assert (load_picture(tensor / 255).pixels == COLOURS).all()
    assert (load_picture(tensor[:1]).pixels == load_picture(tensor[0]).pixels).all()
    assert (load_picture(tensor[0]).pixels == COLOURS[..., 0]).all()
    assert (load_picture(tensor[0] > 100).pixels == np.where(COLOURS[..., 0] > 100, 255, 0)).all()


def test_tensors_of_few_bits_that_still_learn() -> None:
    levels = torch.tensor([[0.0, 0.5], [1.0, 0.25]], requires_grad=True)
    for kind in (torch.bfloat16, torch.float16, torch.float32, torch.float64):
        assert load_picture(levels.to(kind)).pixels.tolist() == [[0, 128], [255, 64]]


@pytest.mark.parametrize("shape", [(5, 28, 28), (2, 1, 28, 28), (28,)])
def test_other_tensors_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(PictureError, match="is an array of shape") as caught:
        load_picture(torch.zeros(shape))
    assert str(shape) in caught.value.message


@pytest.mark.parametrize("shape", [(), (28,), (28, 28, 2), (3, 28, 28), (1, 28, 28), (2, 28, 28, 3)])
def test_other_shapes_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(PictureError, match="is an array of shape") as caught:
        load_picture(np.zeros(shape, np.uint8))
    assert str(shape) in caught.value.message
    assert "(height, width)" in str(caught.value.hint)


@pytest.mark.parametrize("kind", ["int64", "uint16", "int8", "complex64", "object", "U1"])
def test_other_types_are_refused(kind: str) -> None:
    pixels = np.zeros((28, 28), kind)
    with pytest.raises(PictureError, match=f"is an array of {pixels.dtype}") as caught:
        load_picture(pixels)
    assert "uint8" in str(caught.value.hint)


@pytest.mark.parametrize("wrong", [np.nan, np.inf, -np.inf])
def test_values_that_are_not_finite_are_refused(wrong: float) -> None:
    pixels = np.zeros((28, 28))
    pixels[3, 4] = wrong
    with pytest.raises(PictureError, match="not finite"):
        load_picture(pixels)


@pytest.mark.parametrize(("low", "high"), [(0, 255), (-1, 1), (0, 1.1)])
def test_floats_of_another_range_are_refused_instead_of_misread(low: float, high: float) -> None:
    with pytest.raises(PictureError, match=f"floats from {low} to {high}") as caught:
        load_picture(np.linspace(low, high, 784).reshape(28, 28))
    assert "from 0 to 1" in str(caught.value.hint)


@pytest.mark.parametrize("shape", [(0, 28), (28, 0), (0, 0, 3), (28, 28, 0), (0,)])
def test_what_has_no_pixels_is_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(PictureError, match=r"is empty|of shape"):
        load_picture(np.zeros(shape, np.uint8))


@pytest.mark.parametrize("value", [None, 7, [[0, 255]], object()])
def test_what_is_no_picture_at_all_is_refused(value: object) -> None:
    with pytest.raises(PictureError, match=f"of type {type(value).__name__}") as caught:
        load_picture(value)
    assert "numpy array" in str(caught.value.hint)


# Pillow's images


def in_mode(mode: str) -> Image.Image:
    """Return the colours in one of Pillow's modes."""
    if mode == "LAB":
        profiles = [ImageCms.createProfile(name) for name in ("sRGB", "LAB")]
        return ImageCms.applyTransform(Image.fromarray(COLOURS), ImageCms.buildTransform(*profiles, "RGB", "LAB"))
    if mode == "I;16":
        return Image.fromarray(COLOURS[..., 0].astype(np.uint16) * 200)
    if mode == "PA":
        return Image.fromarray(COLOURS).convert("P").convert("PA")
    return Image.fromarray(COLOURS[..., 0] if mode in ("I", "F") else COLOURS).convert(mode)


# PNG cannot hold all modes.
@pytest.mark.parametrize(
    ("mode", "kind"),
    [(mode, "PNG") for mode in ("1", "L", "P", "RGB", "RGBA", "LA", "I;16")]
    + [(mode, "TIFF") for mode in ("I", "F", "PA", "CMYK", "YCbCr", "LAB", "RGBX")],
)
@pytest.mark.parametrize("side", [SIDE, None])
def test_an_image_gives_the_pixels_of_its_file(mode: str, kind: str, side: int | None) -> None:
    image = in_mode(mode)
    content = encoded(image, kind)
    assert same(load_picture(image, longest_side=side), load_picture(content, longest_side=side))
    assert (image.mode, image.size) == (mode, (40, 30)), "the image itself was changed"


@pytest.mark.parametrize("mode", ["HSV", "RGBa"])
def test_modes_that_no_file_has_are_read(mode: str) -> None:
    image = Image.fromarray(COLOURS).convert("RGBA" if mode == "RGBa" else "RGB").convert(mode)
    back = np.asarray(image.convert("RGBA" if mode == "RGBa" else "RGB"))
    assert (load_picture(image).pixels == back).all()


def test_the_transparent_colour_of_an_image_is_obeyed() -> None:
    palette = Image.fromarray(COLOURS).convert("P")
    palette.info["transparency"] = 3
    assert same(load_picture(palette), load_picture(encoded(palette, "PNG")))
    assert load_picture(palette).pixels.shape == (30, 40, 4)


def photo(path: Path) -> Path:
    """Write a picture that its camera marked as turned by 90 degrees."""
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(COLOURS).save(path, exif=exif)
    return path


@pytest.mark.parametrize("name", ["x.png", "x.tif", "x.jpg"])
def test_an_opened_image_is_turned_as_its_file_would_be(name: str, tmp_path: Path) -> None:
    path = photo(tmp_path / name)
    with Image.open(path) as opened, Image.open(path) as untouched:
        picture = load_picture(opened)
        assert opened == untouched, "the image itself was changed"
    assert picture.size == (30, 40)
    assert same(picture, load_picture(path))


def test_an_image_that_was_turned_already_is_not_turned_again(tmp_path: Path) -> None:
    with Image.open(photo(tmp_path / "x.png")) as opened:
        for upright in (ImageOps.exif_transpose(opened), opened.transpose(Image.Transpose.ROTATE_270)):
            assert (load_picture(upright).pixels == np.rot90(COLOURS, -1)).all()


def test_of_an_animation_the_frame_counts_that_the_image_stands_at() -> None:
    frames = [Image.fromarray(np.full((30, 30), level, dtype=np.uint8)) for level in (10, 120, 240)]
    opened = Image.open(io.BytesIO(encoded(frames[0], "GIF", save_all=True, append_images=frames[1:])))
    assert load_picture(opened).notes == ("first of 3 frames",)
    opened.seek(2)
    picture = load_picture(opened)
    assert picture.pixels.mean() == pytest.approx(240)
    assert picture.notes == ()
    assert opened.tell() == 2


def test_a_damaged_or_closed_image_is_told_in_one_line(tmp_path: Path) -> None:
    content = encoded(Image.fromarray(COLOURS), "PNG")
    with pytest.raises(PictureError, match="the picture is damaged"):
        load_picture(Image.open(io.BytesIO(content[:-200])))
    (tmp_path / "x.png").write_bytes(content)
    with Image.open(tmp_path / "x.png") as closed:
        pass
    with pytest.raises(PictureError, match="the picture is damaged"):
        load_picture(closed)


# limits


def test_the_limit_of_pixels_holds_in_memory_too() -> None:
    for source in (COLOURS, COLOURS[..., 0] / 255, Image.fromarray(COLOURS)):
        assert load_picture(source, limits=Limits(pixels=1200)).size == (40, 30)
        with pytest.raises(PictureError, match="too large: 40x30 is more than 1,199 pixels"):
            load_picture(source, limits=Limits(pixels=1199))
    with pytest.raises(PictureError, match="too large: 20000x20000 is more than 100 million pixels"):
        load_picture(np.broadcast_to(np.uint8(7), (20000, 20000)))
