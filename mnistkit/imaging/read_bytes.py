"""The bytes of a picture file, read without ever waiting on something that is no file."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from mnistkit.exceptions import PictureError
from mnistkit.imaging.limits import Limits
from mnistkit.paths import is_url, url_error

_KINDS = {
    stat.S_IFIFO: "a pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}


UNNAMED = "the picture"
"""What a picture is called in messages that is no file."""


def read_bytes(source: str | Path | bytes, limits: Limits) -> tuple[str, bytes]:
    """Return a name for messages and the content of a file, or of bytes that stand for one.

    Raises:
        PictureError: missing, not a regular file, empty, larger than the limit, or not readable.
    """
    if isinstance(source, bytes):
        name, content = UNNAMED, source
        limits.check_file(name, len(content))
    else:
        name = str(source)
        content = _read(name, limits)
    if not content:
        raise PictureError(f"{name} is empty")
    return name, content


def no_file(path: str) -> PictureError:
    """Return the error for a path at which there is no file; it may be an address on the network."""
    if is_url(path):
        return url_error("picture", path, "file", PictureError)
    return PictureError(f"{path or repr(path)} does not exist")


def _read(path: str, limits: Limits) -> bytes:
    try:
        # Opening a device can already act on it, so its kind is looked at first. It may change before it is
        # opened: without O_NONBLOCK a pipe would then wait for a writer.
        _check(path, os.stat(path), limits)  # noqa: PTH116 - a quarter of the time of Path.stat
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
        with os.fdopen(descriptor, "rb") as file:
            status = os.fstat(descriptor)
            _check(path, status, limits)
            # Room is made for as much as is asked for, so not for the largest file there may be.
            return file.read(status.st_size + 1)
    except FileNotFoundError:
        raise no_file(path) from None
    except PermissionError:
        raise PictureError(f"{path} cannot be read: no permission", hint="check the file's permissions") from None
    except OSError as error:
        raise PictureError(f"{path} cannot be read: {error.strerror or error}") from None
    except ValueError as error:  # a name that no file can have
        raise PictureError(f"{path} cannot be read: {error}") from None


def _check(path: str, status: os.stat_result, limits: Limits) -> None:
    if stat.S_ISDIR(status.st_mode):
        raise PictureError(f"{path} is a folder, not a picture")
    if not stat.S_ISREG(status.st_mode):
        kind = _KINDS.get(stat.S_IFMT(status.st_mode), "something else")
        raise PictureError(f"{path} is {kind}, not a regular file", hint="save the picture as a file first")
    limits.check_file(path, status.st_size)
