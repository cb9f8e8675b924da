from __future__ import annotations

import json
import os
import zlib
from pathlib import Path

import pytest

from mnistkit.data.dataset_cache import is_complete, new_folder
from mnistkit.exceptions import OutputError

CONTENT = {"a": b"one", "deep/b": b"two", "deep/c": b""}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "cache" / "some-data" / "verified"


def _fill(folder: Path) -> None:
    for name, content in CONTENT.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(content)


def _make(folder: Path) -> None:
    with new_folder(folder) as filled:
        _fill(filled)


def _files(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def test_nothing_is_there_before_all_is(folder: Path) -> None:
    with new_folder(folder) as filled:
        _fill(filled)
        assert not folder.exists() and filled.parent.parent == folder.parent
    assert [path.name for path in folder.parent.iterdir()] == ["verified"]
    assert _files(folder) == {*CONTENT, "checksums.json"}
    assert is_complete(folder, checksums=True)


def test_the_list_is_in_the_form_that_earlier_caches_have(folder: Path) -> None:
    _make(folder)
    listed = json.loads((folder / "checksums.json").read_text())
    assert listed == {name: [len(content), zlib.crc32(content)] for name, content in CONTENT.items()}


def test_a_folder_that_was_never_made(folder: Path) -> None:
    assert not is_complete(folder, checksums=False)


@pytest.mark.parametrize(
    ("name", "content", "seen_by_size"),
    [
        ("deep/b", b"twp", False),
        ("deep/b", b"tw", True),
        ("deep/b", None, True),
        ("checksums.json", None, True),
        ("checksums.json", b"{}", True),
        ("checksums.json", b"[1]", True),
        ("checksums.json", b'{"a": 3}', True),
        ("checksums.json", b"\xff", True),
    ],
)
def test_damage_is_noticed_and_mended(name: str, content: bytes | None, seen_by_size: bool, folder: Path) -> None:
    _make(folder)
    if content is None:
        (folder / name).unlink()
    else:
        (folder / name).write_bytes(content)
    assert not is_complete(folder, checksums=True)
    assert is_complete(folder, checksums=False) is not seen_by_size
    _make(folder)
    assert is_complete(folder, checksums=True)
    assert (folder / "deep" / "b").read_bytes() == b"two"


@pytest.mark.parametrize("error", [ValueError("no"), KeyboardInterrupt()])
def test_what_fails_leaves_nothing(error: BaseException, folder: Path) -> None:
    with pytest.raises(type(error)), new_folder(folder) as filled:
        _fill(filled)
        raise error
    assert list(folder.parent.iterdir()) == []


def test_what_another_process_completed_first_stays(folder: Path) -> None:
    with new_folder(folder) as slower:
        _fill(slower)
        _make(folder)
        first = (folder / "a").stat().st_ino
    assert (folder / "a").stat().st_ino == first
    assert [path.name for path in folder.parent.iterdir()] == ["verified"]


def test_what_was_abandoned_is_removed_after_a_day(folder: Path) -> None:
    old, new = folder.parent / ".download-old", folder.parent / ".download-new"
    for path in (old, new):
        (path / "verified").mkdir(parents=True)
    os.utime(old, (1e9, 1e9))
    _make(folder)
    assert not old.exists() and new.exists()


def test_a_place_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(OutputError, match="a file stands where a folder is needed"):
        _make(tmp_path / "file" / "some-data" / "verified")
