"""What teachers answered, kept in the cache folder, so that no picture is shown to the same teacher twice."""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mnistkit.checkpoint import load_tensors, save_tensors
from mnistkit.exceptions import CheckpointError
from mnistkit.files import cache_dir

if TYPE_CHECKING:
    from torch import Tensor

LIMIT = 1_000_000_000
"""Bytes that all answers together may take."""

_TENSOR = "answers"
_SUFFIX = ".safetensors"
_DAY = 24 * 60 * 60


class AnswerCache:
    """Files of logits in half precision, one for each teacher and view.

    A file's name is the digest of all that decides what is in it, so nothing in it can be out of date. It appears
    whole or not at all, and may be gone at any time: several processes may read, write and remove here at once.

    Args:
        folder: Where the files are; None for a folder in the cache folder.
        limit: Bytes that they may take together; the one that was not used for the longest time goes first.
    """

    def __init__(self, folder: Path | None = None, limit: int = LIMIT) -> None:
        self.folder = folder or cache_dir() / "answers"
        self.limit = limit

    def holds(self, key: Mapping[str, Any]) -> bool:
        """Say whether the answers of ``key`` are there."""
        return self._path(key).is_file()

    def load(self, key: Mapping[str, Any]) -> Tensor | None:
        """Return the tensor that was stored, or None if it is not there any more, or damaged.

        Args:
            key: All that decides what the answers are: plain values.
        """
        path = self._path(key)
        try:
            answers = load_tensors(path)[_TENSOR]
            os.utime(path)
        except (CheckpointError, KeyError, OSError):
            return None
        return answers

    def store(self, key: Mapping[str, Any], answers: Tensor) -> None:
        """Keep a tensor, and remove what was not used for the longest time where there is too much.

        Raises:
            OutputError: the folder cannot be written, or the disk is full.
        """
        path = self._path(key)
        save_tensors(path, {_TENSOR: answers}, key)
        self._make_room(path)

    def _path(self, key: Mapping[str, Any]) -> Path:
        digest = hashlib.sha256(json.dumps(key, sort_keys=True).encode()).hexdigest()
        return self.folder / f"{digest[:32]}{_SUFFIX}"

    def _make_room(self, newest: Path) -> None:
        files = sorted(self._files(), key=lambda file: (file[0] == newest, file[1]))
        total = sum(size for _, _, size in files)
        for path, _, size in files[:-1]:
            if total <= self.limit:
                return
            # Another process may have been quicker, or hold it open.
            with suppress(OSError):
                path.unlink()
            total -= size

    def _files(self) -> Iterator[tuple[Path, int, int]]:
        """Yield the files with the time of their last use, in nanoseconds, and their size in bytes."""
        for path in self.folder.glob(f"*{_SUFFIX}"):
            with suppress(OSError):
                facts = path.stat()
                # Names that begin with a dot are being written, unless who wrote there was killed.
                if not path.name.startswith(".") or time.time() - facts.st_mtime > _DAY:
                    yield path, facts.st_mtime_ns, facts.st_size
