from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from mnistkit.data.idx import find_idx, format_idx, parse_idx, read_idx, read_idx_split
from mnistkit.exceptions import DataError

IMAGES = np.arange(2 * 28 * 28, dtype=np.uint32).astype(np.uint8).reshape(2, 28, 28)
in_one_folder = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)

array_of_images = arrays(np.uint8, st.tuples(*[st.integers(0, 6)] * 3))
array_of_labels = arrays(np.uint8, st.integers(0, 40))


@given(st.one_of(array_of_images, array_of_labels))
def test_round_trip(array: np.ndarray) -> None:
    parsed = parse_idx(format_idx(array), array.ndim, "x")
    assert parsed.shape == array.shape and (parsed == array).all()


@given(st.binary(max_size=64), st.sampled_from([1, 3]))
def test_any_bytes_give_an_array_or_a_data_error(content: bytes, dimensions: int) -> None:
    try:
        assert parse_idx(content, dimensions, "x").ndim == dimensions
    except DataError as error:
        assert str(error).startswith("x ") and "\n" not in str(error)


@given(data=st.data())
@in_one_folder
def test_any_damage_to_a_file_gives_an_array_or_a_data_error(data: st.DataObject, tmp_path: Path) -> None:
    content = bytearray(format_idx(IMAGES[:, :4, :4].copy()))
    if data.draw(st.booleans(), label="compressed"):
        content = bytearray(gzip.compress(bytes(content), mtime=0))
    for place, value in data.draw(
        st.lists(st.tuples(st.integers(0, len(content) - 1), st.integers(0, 255)), max_size=3)
    ):
        content[place] = value
    path = tmp_path / "train-images-idx3-ubyte"
    path.write_bytes(content[: data.draw(st.integers(0, len(content)), label="length")])
    try:
        assert read_idx(path, 3).dtype == np.uint8
    except DataError as error:
        assert str(path) in str(error) and "\n" not in str(error)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is cut short: 0 bytes"),
        (format_idx(IMAGES)[:9], "is cut short: its header"),
        (format_idx(IMAGES)[:-1], "is cut short: 1567 bytes of images instead of 1568"),
        (format_idx(IMAGES) + b"x", "is too long"),
        (format_idx(IMAGES[0, 0]), "magic number is 0x00000801, not 0x00000803"),
        (b"\x89PNG and so on", "magic number is 0x89504e47"),
        (gzip.compress(format_idx(IMAGES))[:-30], "is cut short: its gzip stream has no end"),
    ],
)
def test_each_fault_is_named(content: bytes, message: str, tmp_path: Path) -> None:
    path = tmp_path / "some-file"
    path.write_bytes(content)
    with pytest.raises(DataError, match=message) as caught:
        read_idx(path, 3)
    assert str(path) in str(caught.value)


def test_a_flipped_byte_in_gzip_is_noticed(tmp_path: Path) -> None:
    content = bytearray(gzip.compress(format_idx(IMAGES)))
    content[-5] ^= 1
    (tmp_path / "x.gz").write_bytes(content)
    with pytest.raises(DataError, match="is damaged"):
        read_idx(tmp_path / "x.gz", 3)


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="No such file"):
        read_idx(tmp_path / "nothing", 1)
    with pytest.raises(DataError, match="has no t10k-images-idx3-ubyte"):
        read_idx_split(tmp_path, "test")


@pytest.mark.parametrize("separator", "-.")
@pytest.mark.parametrize("suffix", ["", ".gz"])
def test_all_names_of_the_files_are_found(separator: str, suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"train-labels{separator}idx1-ubyte{suffix}"
    path.write_bytes(b"")
    assert find_idx(tmp_path, "train", "labels") == path
    assert find_idx(tmp_path, "test", "labels") is None


def test_counts_of_images_and_labels_must_agree(tmp_path: Path) -> None:
    (tmp_path / "train-images-idx3-ubyte").write_bytes(format_idx(IMAGES))
    (tmp_path / "train-labels-idx1-ubyte").write_bytes(format_idx(np.zeros(3, dtype=np.uint8)))
    with pytest.raises(DataError, match="holds 2 images, but train-labels-idx1-ubyte holds 3 labels"):
        read_idx_split(tmp_path, "train")
