from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mnistkit.data.packed import RawSplits, pack, read_header, unpack, views
from mnistkit.exceptions import DataError
from tests.support.raw_splits import decoded_bytes, random_splits


@pytest.mark.parametrize(("train", "test"), [(0, 0), (1, 0), (3, 2), (4, 5)])
def test_round_trip(train: int, test: int, tmp_path: Path) -> None:
    splits, path = random_splits(train, test), tmp_path / "small.packed"
    path.write_bytes(pack(splits))
    assert unpack(path) == decoded_bytes(splits)
    decoded = views(np.frombuffer(unpack(path), dtype=np.uint8), read_header(path))
    for name in ("train_images", "train_labels", "test_images", "test_labels"):
        assert (getattr(decoded, name) == getattr(splits, name)).all()
        assert getattr(decoded, name).shape == getattr(splits, name).shape


def test_what_does_not_fit_is_refused() -> None:
    good = random_splits(2, 2)
    with pytest.raises(DataError, match="labels below 16"):
        pack(RawSplits(good.train_images, good.train_labels + 20, good.test_images, good.test_labels))
    with pytest.raises(DataError, match="28x28"):
        pack(RawSplits(good.train_images[:, 1:], good.train_labels, good.test_images, good.test_labels))


SPLITS = random_splits(2, 1)
CONTENT = pack(SPLITS)


@given(place=st.integers(0, len(CONTENT) - 1), change=st.integers(1, 255), length=st.integers(0, len(CONTENT)))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_any_damage_is_noticed(place: int, change: int, length: int, tmp_path: Path) -> None:
    path = tmp_path / "damaged.packed"
    flipped = bytearray(CONTENT)
    flipped[place] ^= change
    for content in (bytes(flipped), CONTENT[:length]):
        path.write_bytes(content)
        try:
            # A changed byte that lzma does not look at may pass, but only with the right content.
            assert unpack(path) == decoded_bytes(SPLITS)
        except DataError as error:
            assert "damaged" in str(error) and "install" in (error.hint or "")


def test_missing_packed_file(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="damaged"):
        unpack(tmp_path / "nothing")
