"""What people give where a file or folder is wanted, so that messages can say what is wrong with it."""

from __future__ import annotations

import os
import re
import shlex
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

from mnistkit.exceptions import MnistkitError, UnknownNameError
from mnistkit.registry import close_names, either, shorten

E = TypeVar("E", bound=MnistkitError)

_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")

_ARCHIVES = (".zip", ".tar", ".gz", ".tgz", ".bz2", ".xz", ".7z", ".rar")


def is_url(text: str) -> bool:
    """Say whether ``text`` is an address on the network ("https://...", "s3://...") rather than a file's."""
    return _URL.match(text) is not None


def is_path_like(text: str) -> bool:
    """Say whether ``text`` can only mean a path: it names a place among folders, and no registered name does."""
    return text.startswith((".", "~")) or "/" in text or os.sep in text


def url_error(kind: str, url: str, wanted: str, error: type[E]) -> E:
    """Return the ``error`` for an address where a file or folder is wanted.

    Args:
        kind: What was to be read: "checkpoint", "dataset", "picture".
        url: The address.
        wanted: What to give instead: "file", "folder".
        error: The kind of error.
    """
    is_web = url.lower().startswith("http")
    return error(
        f"the {kind} {shorten(url)} is a URL, which is not downloaded by mnistkit",
        hint=f"fetch it first, then give the {wanted}" + (f": curl -LO {shlex.quote(url)}" if is_web else ""),
    )


def no_folder(spec: str) -> UnknownNameError:
    """Return the error for a folder that is not there, or is a file; the message holds a close one beside it."""
    path = Path(spec)
    with suppress(RuntimeError):  # "~nobody" has no home
        path = path.expanduser()
    with suppress(OSError, ValueError):
        if path.exists():
            hint = "unpack it first" if path.suffix.lower() in _ARCHIVES else None
            return UnknownNameError(f"{spec} is a file; a dataset is a name or a folder", hint=hint)
    # A text that the system refuses as a path has nothing beside it.
    with suppress(OSError, ValueError):
        siblings = [each.name for each in path.parent.iterdir() if each.is_dir()]
        if close := close_names(path.name, siblings):
            meant = either([f"'{path.parent / name}'" for name in close])
            return UnknownNameError(f"no such folder: {shorten(spec)}; did you mean {meant}?")
    return UnknownNameError(f"no such folder: {shorten(spec)}", hint="mnistkit datasets lists the names")
