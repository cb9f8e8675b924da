"""Writing files so that a reader never sees half of one, and where mnistkit keeps its cache."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from mnistkit.exceptions import OutputError

CACHE_VARIABLE = "MNISTKIT_CACHE"


def cache_dir() -> Path:
    """Return the cache folder: ``$MNISTKIT_CACHE``, or the platform's own place for caches."""
    override = os.environ.get(CACHE_VARIABLE)
    if override:
        return Path(override).expanduser()
    from platformdirs import user_cache_path

    return user_cache_path("mnistkit", appauthor=False)


def output_error(path: Path, error: OSError) -> OutputError:
    """Return the one-line error for an ``OSError`` met while writing ``path``."""
    reason = error.strerror or str(error)
    if isinstance(error, (FileExistsError, NotADirectoryError)):
        reason = "a file stands where a folder is needed"
    return OutputError(
        f"cannot write {path}: {reason}", hint="choose another place, or free space and check permissions"
    )


@contextmanager
def atomic_write(path: Path) -> Iterator[Path]:
    """Give a temporary path beside ``path`` to write to; on success it replaces ``path`` in one step.

    The data is flushed to the disk before the rename, so that after a power cut ``path`` holds either the
    old content or the whole new one. When the body raises, the temporary file is removed and ``path`` is
    left as it was. The temporary name keeps the suffix of ``path``, for writers that choose by suffix.

    Raises:
        OutputError: the folder cannot be created or written, or the disk is full.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.stem}-", suffix=path.suffix)
    except OSError as error:
        raise output_error(path, error) from error
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        _flush(temporary)
        temporary.chmod(0o666 & ~_umask())
        temporary.replace(path)
    except OSError as error:
        raise output_error(path, error) from error
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    """Write ``text`` as UTF-8 to ``path``, whole or not at all.

    Raises:
        OutputError: as for :func:`atomic_write`.
    """
    with atomic_write(path) as temporary:
        temporary.write_bytes(text.encode("utf-8"))


def _flush(path: Path) -> None:
    with path.open("rb+") as file:
        os.fsync(file.fileno())


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
