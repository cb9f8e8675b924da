"""The folders of downloaded datasets in the cache: whole and listed with checksums, or not there at all.

A new folder is filled beside its place under a temporary name. When all is in it, its files are listed with their
sizes and checksums and it is renamed. Nothing half-written is ever at its place.
"""

from __future__ import annotations

import json
import shutil
import tempfile
import time
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from mnistkit.files import output_error, write_text

_MANIFEST = "checksums.json"
_TEMPORARY = ".download-"
_DAY = 24 * 60 * 60


def is_complete(folder: Path, *, checksums: bool) -> bool:
    """Say whether all listed files are there with the right sizes and, if asked for, the right checksums."""
    try:
        listed = json.loads((folder / _MANIFEST).read_text(encoding="utf-8"))
        return bool(listed) and all(
            (folder / name).stat().st_size == size and (not checksums or _crc(folder / name) == crc)
            for name, (size, crc) in listed.items()
        )
    except (OSError, ValueError, TypeError, AttributeError):
        return False


@contextmanager
def new_folder(folder: Path) -> Iterator[Path]:
    """Give an empty folder to fill; on success it takes the place of ``folder``, complete and listed.

    When the body raises, nothing of it is left. Where another process has put a complete folder there in between,
    that one stays: its content is as good.

    Raises:
        OutputError: the cache cannot be written.
    """
    home = folder.parent
    try:
        home.mkdir(parents=True, exist_ok=True)
        _remove_abandoned(home)
        with tempfile.TemporaryDirectory(dir=home, prefix=_TEMPORARY) as temporary:
            # In a folder of its own: the temporary one is readable by nobody else.
            filled = Path(temporary) / folder.name
            filled.mkdir()
            yield filled
            _list_files(filled)
            _move_into_place(filled, folder)
    except OSError as error:
        raise output_error(home, error) from error


def _remove_abandoned(home: Path) -> None:
    """Remove what a killed process left behind, but nothing that may still be in use."""
    for path in home.glob(f"{_TEMPORARY}*"):
        with suppress(OSError):
            if time.time() - path.stat().st_mtime > _DAY:
                shutil.rmtree(path)


def _list_files(folder: Path) -> None:
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    listed = {path.relative_to(folder).as_posix(): [path.stat().st_size, _crc(path)] for path in paths}
    write_text(folder / _MANIFEST, json.dumps(listed, indent=1))


def _move_into_place(filled: Path, folder: Path) -> None:
    if folder.exists() and not is_complete(folder, checksums=True):
        shutil.rmtree(folder)
    try:
        filled.replace(folder)
    except OSError:
        if not is_complete(folder, checksums=True):
            raise


def _crc(path: Path) -> int:
    crc = 0
    with path.open("rb") as file:
        while chunk := file.read(1 << 20):
            crc = zlib.crc32(chunk, crc)
    return crc
