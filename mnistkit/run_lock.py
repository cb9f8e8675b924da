"""One process at a time in a run folder: a lock that the system itself releases when its holder dies.

The lock is on an open file, not the file's presence: a machine that lost power leaves nothing to clear up.
"""

from __future__ import annotations

import json
import os
import socket
import sys
import time
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from mnistkit.exceptions import OutputError

if sys.platform == "win32":
    import msvcrt
else:
    import errno
    import fcntl

    # What a lock that another process holds is answered with; all else means that this disk has no locks.
    _HELD = (errno.EWOULDBLOCK, errno.EAGAIN, errno.EACCES)

_FLAGS = os.O_RDWR | os.O_CREAT
# Windows locks bytes against reading too, so there it is one far behind the text.
_LOCKED_BYTE = 1 << 30
# Whoever only looks whether a run is going on holds the lock for a moment.
_TRIES, _PAUSE_SECONDS = 5, 0.02


@dataclass(frozen=True)
class Holder:
    """The process that holds a lock.

    Attributes:
        pid: Its number; 0 if it has not written it yet.
        host: The machine it runs on.
        since: When it took the lock, in ISO 8601 with the offset from UTC.
    """

    pid: int = 0
    host: str = ""
    since: str = ""

    def __str__(self) -> str:
        """Return e.g. "process 4711 on ada since 2026-11-25 20:50"."""
        if not self.pid:
            return "another process"
        return f"process {self.pid} on {self.host} since {self.since[:16].replace('T', ' ')}"


class RunLock:
    """The lock of one run folder, held inside a ``with`` block; its file goes when the block ends.

    Args:
        path: The lock's file; its folder is created.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._handle: int | None = None

    def __enter__(self) -> RunLock:
        """Take the lock.

        Raises:
            OutputError: another process, or another thread of this one, holds it; the message says which.
            OSError: the file cannot be written.
        """
        for _ in range(_TRIES):
            handle = self._open()
            is_locked = _try_lock(handle)
            # Its last holder may have removed the file between our opening and our locking it.
            if is_locked and _is_at(handle, self._path):
                self._handle = handle
                _write_holder(handle)
                return self
            os.close(handle)
            time.sleep(_PAUSE_SECONDS)
        raise OutputError(
            f"{self._path.parent} is in use by {holder(self._path) or Holder()}",
            hint="wait until it ends, or choose another folder with --out",
        )

    def _open(self) -> int:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        try:
            return os.open(self._path, _FLAGS, 0o666)
        except FileNotFoundError:
            # A start that failed has just removed the folder that it had created.
            self._path.parent.mkdir(parents=True, exist_ok=True)
            return os.open(self._path, _FLAGS, 0o666)

    def __exit__(self, *_: object) -> None:
        """Release the lock and remove its file."""
        handle, self._handle = self._handle, None
        if handle is None:
            return
        if sys.platform == "win32":
            # There no open file can be removed.
            os.close(handle)
            _remove(self._path)
        else:
            # Not later: then the file could be another process's lock already.
            _remove(self._path)
            os.close(handle)


def holder(path: Path) -> Holder | None:
    """Return who holds the lock in the file ``path``, or None if nobody does."""
    try:
        handle = os.open(path, os.O_RDWR if sys.platform == "win32" else os.O_RDONLY)
    except OSError:
        return None
    try:
        return None if _try_lock(handle, shared=True) else _read_holder(handle)
    finally:
        os.close(handle)


def _write_holder(handle: int) -> None:
    own = Holder(os.getpid(), socket.gethostname(), datetime.now().astimezone().isoformat(timespec="seconds"))
    os.ftruncate(handle, 0)
    os.write(handle, json.dumps(asdict(own)).encode())


def _read_holder(handle: int) -> Holder:
    # Between being locked and being written the file is empty.
    with suppress(OSError, ValueError, TypeError, KeyError):
        os.lseek(handle, 0, os.SEEK_SET)
        values = json.loads(os.read(handle, 4096))
        return Holder(int(values["pid"]), str(values["host"]), str(values["since"]))
    return Holder()


def _is_at(handle: int, path: Path) -> bool:
    with suppress(OSError):
        return os.path.samestat(os.fstat(handle), os.stat(path))  # noqa: PTH116
    return False


def _remove(path: Path) -> None:
    with suppress(OSError):
        path.unlink(missing_ok=True)


if sys.platform == "win32":

    def _try_lock(handle: int, *, shared: bool = False) -> bool:
        os.lseek(handle, _LOCKED_BYTE, os.SEEK_SET)
        try:
            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        os.lseek(handle, 0, os.SEEK_SET)
        return True

else:

    def _try_lock(handle: int, *, shared: bool = False) -> bool:
        try:
            fcntl.flock(handle, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
        except OSError as error:
            # A network disk without locks must not keep anybody from working.
            return error.errno not in _HELD
        return True
