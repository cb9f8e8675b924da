"""Reading a folder's pictures: in order, by threads, with errors that name the file."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from mnistkit.data import read_pictures as reading
from mnistkit.data.base import LoadOptions
from mnistkit.data.read_pictures import picture_suffixes, read_pictures, spread
from mnistkit.exceptions import DataError, PictureError
from mnistkit.preparation import INK, Preparation

WHOLE = Preparation("whole")


def save(path: Path, array: np.ndarray) -> Path:
    Image.fromarray(array).save(path)
    return path


def noise(seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 255, (60, 60), dtype=np.uint8)


def test_faults_name_the_file_and_how_to_leave_it_out(tmp_path: Path) -> None:
    good = save(tmp_path / "good.png", noise())
    cases = {
        "text.png": (b"not a picture", "is a text, not a picture"),
        "empty.jpg": (b"", "is empty"),
        "cut.png": (good.read_bytes()[:900], "is damaged"),
    }
    for name, (content, message) in cases.items():
        (tmp_path / name).write_bytes(content)
        with pytest.raises(DataError, match=message) as caught:
            read_pictures([tmp_path / name], INK, LoadOptions())
        assert str(tmp_path / name) in caught.value.message
        assert "--skip-bad" in (caught.value.hint or "")


def test_a_picture_that_cannot_be_prepared_is_named_too(tmp_path: Path) -> None:
    path = save(tmp_path / "large.png", noise())
    with pytest.raises(DataError, match="it has 60x60 pixels") as caught:
        read_pictures([path], Preparation("tile"), LoadOptions())
    assert caught.value.message.startswith(f"{path}: ")


@given(data=st.data())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=40)
def test_any_damage_gives_pixels_or_a_data_error(data: st.DataObject, tmp_path: Path) -> None:
    suffix = data.draw(st.sampled_from([".png", ".jpg", ".gif", ".bmp", ".tif"]))
    content = bytearray(save(tmp_path / f"x{suffix}", noise()).read_bytes())
    for place, value in data.draw(
        st.lists(st.tuples(st.integers(0, len(content) - 1), st.integers(0, 255)), max_size=4)
    ):
        content[place] = value
    path = tmp_path / f"damaged{suffix}"
    path.write_bytes(content[: data.draw(st.integers(0, len(content)))])
    images, places, origins, errors = read_pictures([path], WHOLE, LoadOptions(skip_bad=True))
    assert len(images) == len(places) == len(origins) == 1 - len(errors)


def test_threads_keep_the_order_and_progress_is_told(tmp_path: Path) -> None:
    paths = [save(tmp_path / f"{i}.png", np.full((28, 28), i, dtype=np.uint8)) for i in range(70)]
    paths[40].write_bytes(b"broken")
    reports: list[tuple[int, int, str]] = []
    options = LoadOptions(workers=4, skip_bad=True, progress=lambda *report: reports.append(report))
    images, places, origins, errors = read_pictures(paths, WHOLE, options)
    kept = [i for i in range(70) if i != 40]
    assert images[:, 0, 0].tolist() == places.tolist() == kept
    assert [each.file for each in origins] == [str(paths[i]) for i in kept]
    assert len(errors) == 1 and str(paths[40]) in errors[0].message
    assert reports[-1] == (70, 70, "pictures")


def test_after_the_first_fault_no_more_is_read_than_was_begun(monkeypatch: pytest.MonkeyPatch) -> None:
    given_up, begun = threading.Event(), []

    class Pool(ThreadPoolExecutor):
        def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
            super().shutdown(wait=False, cancel_futures=cancel_futures)
            given_up.set()
            super().shutdown(wait)

    def read(chunk: Sequence[Path], preparation: Preparation) -> list[PictureError]:
        begun.append(chunk[0])
        assert len(begun) == 1 or given_up.wait(60)
        return [PictureError("bad")] * len(chunk)

    monkeypatch.setattr(reading, "ThreadPoolExecutor", Pool)
    monkeypatch.setattr(reading, "read_chunk", read)
    with pytest.raises(DataError, match="bad"):
        read_pictures([Path(str(number)) for number in range(400)], WHOLE, LoadOptions(workers=1))
    assert len(begun) <= 2


@given(length=st.integers(0, 300), count=st.integers(1, 80))
def test_a_spread_sample_is_even_and_in_order(length: int, count: int) -> None:
    paths = [Path(str(number)) for number in range(length)]
    chosen = [int(str(path)) for path in spread(paths, count)]
    assert len(chosen) == min(count, length)
    assert chosen == sorted(set(chosen))
    if length >= count > 1:
        gaps = np.diff(chosen)
        assert gaps.max() - gaps.min() <= 1


def test_the_usual_formats_are_known_by_their_suffixes() -> None:
    assert {".png", ".jpg", ".jpeg", ".gif", ".bmp", ".tif", ".webp", ".pgm"} <= picture_suffixes()
