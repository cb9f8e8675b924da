from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from mnistkit.data import decoded
from mnistkit.data.decoded import open_packed
from mnistkit.data.packed import RawSplits, pack
from tests.support.raw_splits import decoded_bytes, random_splits

SPLITS = random_splits(3, 2)
OPEN = """
import sys
from pathlib import Path
from mnistkit.data.decoded import open_packed
splits = open_packed(Path(sys.argv[1]), Path(sys.argv[2]), print)
print(int(splits.train_images.sum()), splits.test_labels.tolist())
"""


@pytest.fixture
def packed(tmp_path: Path) -> Path:
    path = tmp_path / "small.packed"
    path.write_bytes(pack(SPLITS))
    return path


def _no_warning(line: str) -> None:
    raise AssertionError(line)


def _is_right(splits: RawSplits) -> bool:
    return bool(
        (splits.train_images == SPLITS.train_images).all() and (splits.test_labels == SPLITS.test_labels).all()
    )


def _only_file(folder: Path) -> Path:
    (path,) = folder.iterdir()
    return path


def test_decoded_once_and_mapped_afterwards(packed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cache = tmp_path / "cache"
    assert _is_right(open_packed(packed, cache, _no_warning))

    def again(path: Path) -> bytes:
        raise AssertionError("decoded twice")

    monkeypatch.setattr(decoded, "unpack", again)
    splits = open_packed(packed, cache, _no_warning)
    assert _is_right(splits)
    assert isinstance(splits.train_images, np.memmap)


@pytest.mark.parametrize("damage", ["flip", "truncate", "empty", "longer", "directory gone"])
def test_a_damaged_cache_heals(damage: str, packed: Path, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    open_packed(packed, cache, _no_warning)
    copy = _only_file(cache)
    content = bytearray(copy.read_bytes())
    if damage == "flip":
        content[1234] ^= 16
        copy.write_bytes(content)
    elif damage == "directory gone":
        copy.unlink()
        cache.rmdir()
    else:
        copy.write_bytes({"truncate": content[:-1], "empty": b"", "longer": content + b"x"}[damage])
    assert _is_right(open_packed(packed, cache, _no_warning))
    assert _only_file(cache).read_bytes() == decoded_bytes(SPLITS)


def test_processes_that_decode_at_the_same_time_do_no_harm(packed: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-c", OPEN, str(packed), str(tmp_path / "cache")]
    root = Path(decoded.__file__).parents[2]
    jobs = [subprocess.Popen(command, stdout=subprocess.PIPE, cwd=root, text=True) for _ in range(3)]
    outputs = {job.communicate()[0] for job in jobs}
    assert outputs == {f"{int(SPLITS.train_images.sum())} {SPLITS.test_labels.tolist()}\n"}
    assert all(job.returncode == 0 for job in jobs)
    assert _only_file(tmp_path / "cache").read_bytes() == decoded_bytes(SPLITS)


def test_an_unwritable_cache_is_a_warning(packed: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    warnings: list[str] = []
    assert _is_right(open_packed(packed, tmp_path / "file" / "cache", warnings.append))
    assert len(warnings) == 1 and "cannot write" in warnings[0] and "\n" not in warnings[0]
