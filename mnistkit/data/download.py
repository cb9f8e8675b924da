"""Download one file over HTTP: mirrors in turn, a limit on each wait, the MD5 sum, and why it failed in few words.

The standard library does it. ``requests``, and ``pooch`` which builds on it, unpack a ``.gz`` file on the way if
the server labels it ``Content-Encoding: x-gzip``, as some do, and then its MD5 sum is wrong.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from mnistkit.exceptions import DownloadError

if TYPE_CHECKING:
    from http.client import HTTPResponse

# Seconds to wait for a server that says nothing: before it answers, and between any two parts of its answer.
TIMEOUT = 30.0
_CHUNK = 1 << 15


@dataclass(frozen=True)
class RemoteFile:
    """A file to download.

    Attributes:
        md5: The MD5 sum of its bytes, hexadecimal.
        urls: Its addresses, in the order in which they are tried; one at least.
    """

    md5: str
    urls: tuple[str, ...]

    @property
    def name(self) -> str:
        """Its name: the end of its address."""
        return self.urls[0].rsplit("/", 1)[-1]


def download_file(
    file: RemoteFile, path: Path, report: Callable[[int], None] = lambda arrived: None, timeout: float = TIMEOUT
) -> None:
    """Download a file to ``path`` from the first of its addresses that gives it whole and unchanged.

    When this raises, ``path`` may hold a part of the file.

    Args:
        file: What to download.
        path: Where to write it.
        report: Called now and then with the number of bytes that have arrived from the address being tried.
        timeout: Seconds to wait for a server that says nothing.

    Raises:
        DownloadError: no address gave the file; the message says in a few words why the last did not.
        OSError: ``path`` cannot be written.
    """
    *mirrors, last = file.urls
    for url in mirrors:
        with suppress(DownloadError):
            _download_from(url, file, path, report, timeout)
            return
    _download_from(last, file, path, report, timeout)


def has_md5(path: Path, md5: str) -> bool:
    """Say whether the bytes of the file at ``path`` have this MD5 sum."""
    # It guards against damage, not against attack, and must work where MD5 is barred from guarding anything else.
    digest = hashlib.md5(usedforsecurity=False)
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest() == md5


def _download_from(url: str, file: RemoteFile, path: Path, report: Callable[[int], None], timeout: float) -> None:
    arrived = 0
    with _open(url, timeout) as response, path.open("wb") as out:
        length = response.headers.get("Content-Length", "")
        size = int(length) if length.isdecimal() else None
        while chunk := _read(response, timeout, arrived, size):
            out.write(chunk)
            arrived += len(chunk)
            report(arrived)
    if size is not None and arrived < size:
        raise DownloadError(f"the connection broke {_after(arrived, size)}")
    if not has_md5(path, file.md5):
        raise DownloadError(f"{file.name} has the wrong MD5 sum")


@contextmanager
def _open(url: str, timeout: float) -> Iterator[HTTPResponse]:
    """Ask for ``url`` and give the answer's head, its body still to be read."""
    from http.client import HTTPException
    from urllib.error import HTTPError, URLError
    from urllib.request import Request, urlopen

    from mnistkit import __version__

    request = Request(url, headers={"User-Agent": f"mnistkit/{__version__}"})
    try:
        response = urlopen(request, timeout=timeout)
    except HTTPError as error:
        error.close()
        raise DownloadError(str(error)) from error
    except URLError as error:
        raise DownloadError(f"no connection ({_words(error.reason)})") from error
    except TimeoutError as error:
        raise DownloadError(f"the server gave no answer for {timeout:g} s") from error
    except (OSError, HTTPException) as error:
        raise DownloadError(f"the connection broke ({_words(error)})") from error
    with response:
        yield response


def _read(response: HTTPResponse, timeout: float, arrived: int, size: int | None) -> bytes:
    """Return the next part of the answer, or nothing where it ends."""
    from http.client import HTTPException

    try:
        return response.read(_CHUNK)
    except TimeoutError as error:
        raise DownloadError(f"the server fell silent for {timeout:g} s {_after(arrived, size)}") from error
    except (OSError, HTTPException) as error:
        raise DownloadError(f"the connection broke {_after(arrived, size)}") from error


def _after(arrived: int, size: int | None) -> str:
    return f"after {arrived:,} {'' if size is None else f'of {size:,} '}bytes"


def _words(reason: object) -> str:
    """Return what went wrong, without the error's number."""
    return (isinstance(reason, OSError) and reason.strerror) or str(reason)
