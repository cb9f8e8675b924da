from __future__ import annotations

import os
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from mnistkit.exceptions import MnistkitError, PictureError
from mnistkit.imaging import decode, read_bytes
from mnistkit.imaging.limits import DEFAULT_LIMITS, Limits
from mnistkit.imaging.load import WORKING_SIDE, load_picture
from mnistkit.imaging.prepare import prepare
from mnistkit.preparation import INK
from tests.support.pictures import encoded

COLOURS = np.random.default_rng(0).integers(0, 255, (30, 40, 3), dtype=np.uint8)
GREY = np.arange(30 * 40, dtype=np.uint16).reshape(30, 40)


# Pillow writes no colours to GIF without loss, and bits to PPM the other way round.
LOSSLESS = {
    "L": ["PNG", "BMP", "TIFF", "GIF", "PPM", "TGA"],
    "RGB": ["PNG", "BMP", "TIFF", "PPM", "TGA"],
    "1": ["PNG", "BMP", "TIFF", "GIF", "TGA"],
}


@pytest.mark.parametrize(("mode", "kind"), [(mode, kind) for mode, kinds in LOSSLESS.items() for kind in kinds])
def test_lossless_formats_give_the_pixels(mode: str, kind: str) -> None:
    image = Image.fromarray(COLOURS).convert(mode)
    picture = load_picture(encoded(image, kind))
    expected = np.asarray(image.convert("RGB"))
    shown = picture.pixels if picture.pixels.ndim == 3 else np.stack([picture.pixels] * 3, axis=2)
    assert picture.size == (40, 30)
    assert (shown == expected).all()


def test_a_file_a_text_path_and_bytes_are_the_same(tmp_path: Path) -> None:
    content = encoded(Image.fromarray(COLOURS), "PNG")
    path = tmp_path / "a b\n\xe9.png"
    path.write_bytes(content)
    for each in (path, str(path), content):
        assert (load_picture(each).pixels == COLOURS).all()


def test_a_name_that_is_not_utf8(tmp_path: Path) -> None:
    path = tmp_path / os.fsdecode(b"caf\xe9.png")
    path.write_bytes(encoded(Image.fromarray(COLOURS), "PNG"))
    assert (load_picture(path).pixels == COLOURS).all()
    path.write_bytes(b"")
    with pytest.raises(PictureError) as caught:
        load_picture(path)
    caught.value.message.encode("utf-8")


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["PNG", "TIFF", "JPEG"])
def test_the_camera_orientation_is_obeyed(orientation: int, kind: str) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    pixels = np.zeros((40, 80), dtype=np.uint8)
    pixels[:20, :20] = 255
    shown = load_picture(encoded(Image.fromarray(pixels), kind, exif=exif))
    corners = {1: (0, 0), 2: (0, 1), 3: (1, 1), 4: (1, 0), 5: (0, 0), 6: (0, 1), 7: (1, 1), 8: (1, 0)}
    bottom, right = corners[orientation]
    assert shown.size == ((80, 40) if orientation < 5 else (40, 80))
    assert shown.pixels[-5 if bottom else 5, -5 if right else 5] > 200
    assert (shown.pixels > 128).mean() == pytest.approx(1 / 8, abs=0.02)


@pytest.mark.parametrize("kind", ["GIF", "TIFF", "WEBP", "PNG"])
def test_the_first_of_several_frames_counts_and_is_named(kind: str) -> None:
    frames = [Image.fromarray(np.full((30, 30), level, dtype=np.uint8)) for level in (10, 120, 240)]
    options = {"lossless": True} if kind == "WEBP" else {}
    picture = load_picture(encoded(frames[0], kind, save_all=True, append_images=frames[1:], **options))
    assert picture.notes == ("first of 3 frames",)
    assert picture.pixels.mean() == pytest.approx(10)


def test_sixteen_bits_are_scaled_not_cut() -> None:
    picture = load_picture(encoded(Image.fromarray(GREY * 54), "PNG"))
    assert picture.pixels.dtype == np.uint8
    assert np.abs(picture.pixels.astype(float) - GREY * 54 / 257).max() <= 1


@pytest.mark.parametrize("mode", ["CMYK", "P", "LA", "RGBA", "YCbCr", "I", "F", "LAB"])
def test_other_colour_modes_are_read(mode: str) -> None:
    image = Image.fromarray(COLOURS).convert("L" if mode in ("I", "F") else "RGB")
    if mode == "LAB":
        from PIL import ImageCms

        profiles = [ImageCms.createProfile(name) for name in ("sRGB", "LAB")]
        change = ImageCms.buildTransform(*profiles, "RGB", "LAB")
        image = ImageCms.applyTransform(image, change)
    picture = load_picture(encoded(image.convert(mode), "PNG" if mode in ("LA", "RGBA", "P") else "TIFF"))
    assert picture.pixels.shape[:2] == (30, 40)
    assert picture.pixels.std() > 20


def test_transparent_pixels_keep_their_opacity() -> None:
    rgba = np.dstack([COLOURS, np.full((30, 40), 100, np.uint8)])
    assert (load_picture(encoded(Image.fromarray(rgba), "PNG")).pixels == rgba).all()
    palette = Image.fromarray(COLOURS).convert("P")
    assert load_picture(encoded(palette, "PNG", transparency=0)).pixels.shape == (30, 40, 4)


@pytest.mark.parametrize(("kind", "mode"), [("JPEG", "RGB"), ("PNG", "RGBA"), ("PNG", "P"), ("PNG", "I;16")])
def test_large_pictures_are_reduced(kind: str, mode: str) -> None:
    image = Image.new("L", (2500, 1250), 200)
    image.paste(20, (0, 0, 1250, 1250))
    if mode == "I;16":
        image = Image.fromarray(np.asarray(image).astype(np.uint16) * 257)
    picture = load_picture(encoded(image if mode == "I;16" else image.convert(mode), kind))
    assert picture.size == (2500, 1250)
    assert picture.pixels.shape[:2] == (WORKING_SIDE // 2, WORKING_SIDE)
    assert abs(float(picture.pixels[100, 100].flat[0]) - 20) < 3
    assert abs(float(picture.pixels[100, -100].flat[0]) - 200) < 3


@pytest.mark.parametrize("size", [(1, 1), (1, 5000), (5000, 1), (2, 2)])
def test_odd_sizes_are_read_and_prepared(size: tuple[int, int]) -> None:
    picture = load_picture(encoded(Image.new("RGB", size, (10, 200, 30)), "PNG"))
    assert picture.size == size
    assert prepare(picture, INK).finding.value == "nothing"


# what cannot be read

SVG = b'<?xml version="1.0"?>\n<svg xmlns="http://www.w3.org/2000/svg" width="10" height="10"></svg>'
HEIC = b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic" + bytes(range(256))
BAD = {
    "empty": (b"", "is empty"),
    "text": (b"Hello, I am a PNG file.\n", "is a text, not a picture"),
    "html": ("<html>caf\u00e9</html>".encode("latin-1"), "is a text"),
    "svg": (SVG, "is an SVG drawing"),
    "heic": (HEIC, "is a HEIC picture"),
    "mp4": (b"\x00\x00\x00\x18ftypisom\x00\x00\x00\x00", "is a video"),
    "pdf": (b"%PDF-1.7\n\xff\xfe\x00", "is a PDF document"),
    "postscript": (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "is a PostScript document"),
    "binary": (bytes(range(256)) * 4, "is no picture of a known format"),
}


@pytest.mark.parametrize("name", BAD)
def test_what_is_no_picture_is_named(name: str, tmp_path: Path) -> None:
    content, message = BAD[name]
    path = tmp_path / "x.png"
    path.write_bytes(content)
    with pytest.raises(PictureError, match=message) as caught:
        load_picture(path)
    assert str(path) in caught.value.message
    assert "\n" not in caught.value.message
    assert bool(caught.value.hint) is (name != "empty")
    with pytest.raises(PictureError, match=f"the picture {message}"):
        load_picture(content)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "TIFF", "GIF", "BMP", "WEBP"])
@pytest.mark.parametrize("part", [0.5, 0.9])
def test_a_cut_file_is_damaged(kind: str, part: float) -> None:
    content = encoded(Image.fromarray(COLOURS).resize((200, 150)), kind)
    with pytest.raises(PictureError, match=r"damaged|no picture"):
        load_picture(content[: int(len(content) * part)])


def test_missing_files_folders_and_names_no_file_can_have(tmp_path: Path) -> None:
    with pytest.raises(PictureError, match="does not exist"):
        load_picture(tmp_path / "missing.png")
    with pytest.raises(PictureError, match="is a folder"):
        load_picture(tmp_path)
    for name in ("x\0.png", "x" * 5000):
        with pytest.raises(PictureError, match="cannot be read"):
            load_picture(name)


def test_pipes_and_devices_are_refused_without_waiting(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.png")
    with pytest.raises(PictureError, match="is a pipe"):
        load_picture(tmp_path / "pipe.png")
    for device in ("/dev/zero", "/dev/null"):
        with pytest.raises(PictureError, match="is a device"):
            load_picture(device)


def test_a_file_that_becomes_a_pipe_is_not_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pipe, regular = tmp_path / "pipe", tmp_path / "file"
    os.mkfifo(pipe)
    regular.write_bytes(b"x")
    status = regular.stat()
    monkeypatch.setattr(Path, "stat", lambda self: status)
    with pytest.raises(PictureError, match="is a pipe"):
        load_picture(pipe)


def test_no_permission(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "x.png"
    path.write_bytes(encoded(Image.fromarray(COLOURS), "PNG"))
    path.chmod(0)
    if os.access(path, os.R_OK):  # the superuser may read everything

        def refuse(*arguments: object) -> int:
            raise PermissionError(13, "Permission denied")

        monkeypatch.setattr(read_bytes.os, "open", refuse)
    with pytest.raises(PictureError, match="no permission"):
        load_picture(path)


def png_header(width: int, height: int) -> bytes:
    """Return a PNG file that only claims to have so many pixels."""
    content = bytearray(encoded(Image.new("1", (8, 8)), "PNG"))
    content[16:24] = struct.pack(">II", width, height)
    content[29:33] = struct.pack(">I", zlib.crc32(content[12:29]))
    return bytes(content)


def test_limits_are_named(tmp_path: Path) -> None:
    with pytest.raises(PictureError, match="100 million pixels"):
        load_picture(png_header(20000, 20000))  # Pillow itself refuses this one
    with (
        decode.without_remarks(),
        pytest.raises(PictureError, match="11000x10000 is more than 100 million pixels"),
    ):
        load_picture(png_header(11000, 10000))
    sparse = tmp_path / "x.png"
    with sparse.open("wb") as file:
        file.truncate(DEFAULT_LIMITS.file_bytes + 1)
    with pytest.raises(PictureError, match="512 MiB, where 512 MiB are the limit"):
        load_picture(sparse)


def test_limits_are_those_that_were_asked_for(tmp_path: Path) -> None:
    content = encoded(Image.fromarray(COLOURS), "PNG")
    path = tmp_path / "x.png"
    path.write_bytes(content)
    exact = Limits(file_bytes=len(content), pixels=30 * 40)
    for each in (path, content):
        assert load_picture(each, limits=exact).size == (40, 30)
        with pytest.raises(PictureError, match="40x30 is more than 1,199 pixels"):
            load_picture(each, limits=Limits(pixels=1199))
        with pytest.raises(
            PictureError, match=f"too large: {len(content):,} bytes, where 1,000 bytes are the limit"
        ):
            load_picture(each, limits=Limits(file_bytes=1000))


def test_where_pillows_own_limit_is_the_lower_one_it_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 500)  # Pillow refuses twice as many
    with pytest.raises(PictureError, match="Pillow reads no more than 1,000 pixels") as caught:
        load_picture(encoded(Image.fromarray(COLOURS), "PNG"))
    assert "MAX_IMAGE_PIXELS" in str(caught.value.hint)


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
@pytest.mark.parametrize(("longest_side", "shape"), [(None, (900, 1800)), (1500, (750, 1500)), (90, (45, 90))])
def test_the_longest_side_is_what_was_asked_for(
    kind: str, longest_side: int | None, shape: tuple[int, int]
) -> None:
    picture = load_picture(encoded(Image.new("L", (1800, 900), 100), kind), longest_side=longest_side)
    assert picture.pixels.shape == shape
    assert picture.size == (1800, 900)


def test_formats_that_start_programs_are_not_opened() -> None:
    assert {"PNG", "JPEG", "GIF", "BMP", "TIFF", "WEBP"} <= set(decode.formats())
    assert not {"EPS", "WMF", "HDF5", "GRIB"} & set(decode.formats())


FILES = {
    kind: encoded(Image.fromarray(COLOURS[:24, :32]).convert(mode), kind)
    for kind, mode in (
        ("PNG", "RGBA"),
        ("JPEG", "RGB"),
        ("GIF", "P"),
        ("BMP", "RGB"),
        ("TIFF", "RGB"),
        ("WEBP", "RGB"),
        ("PPM", "RGB"),
        ("ICO", "RGBA"),
        ("TGA", "RGB"),
        ("JPEG2000", "RGB"),
    )
}


@given(data=st.data())
@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_damage_gives_a_tile_or_one_line(data: st.DataObject) -> None:
    content = bytearray(FILES[data.draw(st.sampled_from(sorted(FILES)))])
    places = st.integers(0, min(len(content), 400) - 1) | st.integers(0, len(content) - 1)
    for place, value in data.draw(st.lists(st.tuples(places, st.integers(0, 255)), max_size=6)):
        content[place] = value
    length = data.draw(st.integers(0, len(content)) | st.just(len(content)))
    with decode.without_remarks():
        try:
            prepared = prepare(load_picture(bytes(content[:length])), INK)
        except MnistkitError as error:
            assert "\n" not in error.message
        else:
            assert prepared.tile.shape == (28, 28)
            assert prepared.tile.dtype == np.uint8
