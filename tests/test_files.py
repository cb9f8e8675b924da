"""Files are written whole or not at all, and a failure leaves nothing behind."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

import pytest

from mnistkit.exceptions import OutputError
from mnistkit.files import CACHE_VARIABLE, atomic_write, cache_dir, write_text


def listing() -> list[str]:
    return sorted(path.name for path in Path().iterdir())


def test_the_content_replaces_the_old_one() -> None:
    target = Path("deep/down/file.txt")
    write_text(target, "old")
    write_text(target, "neu ±\n")
    assert target.read_bytes() == "neu ±\n".encode()
    assert [path.name for path in target.parent.iterdir()] == ["file.txt"]


def test_the_file_has_the_usual_permissions() -> None:
    mask = os.umask(0o027)
    try:
        write_text(Path("file.txt"), "x")
    finally:
        os.umask(mask)
    assert stat.S_IMODE(Path("file.txt").stat().st_mode) == 0o640


@pytest.mark.parametrize("error", [RuntimeError("boom"), KeyboardInterrupt()], ids=["error", "interrupt"])
def test_a_failure_keeps_the_old_file_and_leaves_no_temporary_one(error: BaseException) -> None:
    target = Path("file.txt")
    write_text(target, "old")
    with pytest.raises(type(error)), atomic_write(target) as temporary:
        temporary.write_text("half of the n")
        raise error
    assert target.read_text() == "old"
    assert listing() == ["file.txt"]


@pytest.mark.parametrize("function", ["fsync", "replace"])
def test_a_full_disk_is_one_line_and_nothing_is_lost(function: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    target = Path("file.txt")
    write_text(target, "old")
    owner = os if function == "fsync" else Path
    monkeypatch.setattr(owner, function, full)
    with pytest.raises(OutputError, match=r"cannot write file\.txt: No space left on device"):
        write_text(target, "new")
    assert target.read_text() == "old"
    assert listing() == ["file.txt"]


def test_a_folder_that_may_not_be_written(monkeypatch: pytest.MonkeyPatch) -> None:
    # Tests may run as root, who may write everywhere.
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    monkeypatch.setattr("tempfile.mkstemp", refuse)
    with pytest.raises(OutputError, match="Permission denied") as caught:
        write_text(Path("x/file.txt"), "new")
    assert caught.value.exit_code == 1
    assert caught.value.hint


def test_a_file_where_a_folder_is_needed() -> None:
    Path("runs").write_text("a file")
    with pytest.raises(OutputError, match="a file stands where a folder is needed"):
        write_text(Path("runs/a/file.txt"), "new")
    assert Path("runs").read_text() == "a file"


def test_a_folder_where_the_file_should_be() -> None:
    Path("file.txt").mkdir()
    with pytest.raises(OutputError, match="Is a directory"):
        write_text(Path("file.txt"), "new")
    assert listing() == ["file.txt"]


def test_the_temporary_file_keeps_the_suffix() -> None:
    with atomic_write(Path("curves.png")) as temporary:
        assert temporary.suffix == ".png"
        assert temporary.parent.resolve() == Path.cwd()
        temporary.write_bytes(b"x")


def test_the_cache_is_where_the_variable_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(CACHE_VARIABLE, "/some/where")
    assert cache_dir() == Path("/some/where")
    monkeypatch.delenv(CACHE_VARIABLE)
    assert cache_dir().name == "mnistkit"
    assert cache_dir() != Path("/some/where")
