"""Teachers' answers in the cache folder: by what they depend on, bounded, safe for several processes."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

from mnistkit.exceptions import OutputError
from mnistkit.files import cache_dir
from mnistkit.training.answer_cache import AnswerCache


def answers(value: float, rows: int = 100) -> torch.Tensor:
    return torch.full((rows, 10), value, dtype=torch.float16)


def test_what_is_stored_comes_back_bit_by_bit_for_the_same_key_only(tmp_path: Path) -> None:
    cache = AnswerCache(tmp_path)
    stored = torch.randn(50, 10).half()
    assert cache.load({"view": 1}) is None and not cache.holds({"view": 1})
    cache.store({"view": 1, "teacher": "a"}, stored)
    found = AnswerCache(tmp_path).load({"teacher": "a", "view": 1})
    assert found is not None and torch.equal(found, stored) and found.dtype == torch.float16
    assert cache.holds({"view": 1, "teacher": "a"})
    assert cache.load({"view": 2, "teacher": "a"}) is None


def test_it_lies_in_the_cache_folder() -> None:
    assert AnswerCache().folder == cache_dir() / "answers"


def test_what_was_not_used_for_the_longest_time_goes_first(tmp_path: Path) -> None:
    cache = AnswerCache(tmp_path)
    for view in range(3):
        cache.store({"view": view}, answers(view))
        (newest,) = (path for path in tmp_path.iterdir() if path.stat().st_mtime > time.time() - 1000)
        os.utime(newest, (view, view))
    size = newest.stat().st_size
    assert cache.load({"view": 0}) is not None
    small = AnswerCache(tmp_path, limit=3 * size)
    small.store({"view": 3}, answers(3))
    assert [small.holds({"view": view}) for view in range(4)] == [True, False, True, True]


def test_the_newest_stays_even_if_it_is_larger_than_the_limit(tmp_path: Path) -> None:
    cache = AnswerCache(tmp_path, limit=10)
    cache.store({"view": 0}, answers(0))
    cache.store({"view": 1}, answers(1))
    assert [cache.holds({"view": view}) for view in range(2)] == [False, True]


def test_files_that_are_being_written_stay_and_abandoned_ones_go(tmp_path: Path) -> None:
    busy, abandoned = tmp_path / ".busy.safetensors", tmp_path / ".old.safetensors"
    for path in (busy, abandoned):
        path.write_bytes(b"x" * 100)
    os.utime(abandoned, (0, 0))
    AnswerCache(tmp_path, limit=10).store({"view": 0}, answers(0))
    assert busy.exists() and not abandoned.exists()


@pytest.mark.parametrize("content", [b"", b"nonsense", None], ids=["empty", "other", "changed"])
def test_a_damaged_file_is_as_none(tmp_path: Path, content: bytes | None) -> None:
    cache = AnswerCache(tmp_path)
    cache.store({"view": 0}, answers(0))
    (path,) = tmp_path.iterdir()
    data = path.read_bytes()
    path.write_bytes(data[:-1] + bytes([data[-1] ^ 1]) if content is None else content)
    assert cache.load({"view": 0}) is None
    cache.store({"view": 0}, answers(7))
    found = cache.load({"view": 0})
    assert found is not None and found[0, 0] == 7


def test_a_folder_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match="cannot write"):
        AnswerCache(tmp_path / "file" / "cache").store({}, answers(0))


WORK = """
import sys, torch
from pathlib import Path
from mnistkit.training.answer_cache import AnswerCache
cache = AnswerCache(Path(sys.argv[1]), limit=30_000)
for turn in range(60):
    key = {"view": turn % 20}
    found = cache.load(key)
    if found is not None:
        assert (found == turn % 20).all(), found
    cache.store(key, torch.full((100, 10), turn % 20, dtype=torch.float16))
"""


def test_several_processes_read_write_and_remove_at_once(tmp_path: Path) -> None:
    command = [sys.executable, "-c", WORK, str(tmp_path)]
    both = [subprocess.Popen(command, stderr=subprocess.PIPE, text=True) for _ in range(2)]
    assert [(process.communicate()[1], process.returncode) for process in both] == [("", 0), ("", 0)]
    assert sum(path.stat().st_size for path in tmp_path.iterdir()) <= 30_000
