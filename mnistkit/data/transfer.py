"""What happens on the wire while torchvision downloads: progress, time limits, and why it failed."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout
from typing import Any

UNIT = "bytes"
# torchvision sets no limit itself and would wait for ever for a server that went silent.
TIMEOUT = 30.0


class Transfer:
    """Counts the bytes of a download of several files and tells of them.

    Args:
        expected: Bytes of all files together, about.
        progress: As in :class:`mnistkit.data.base.LoadOptions`.
    """

    def __init__(self, expected: int, progress: Callable[[int, int, str], None]) -> None:
        self._expected = expected
        self._progress = progress
        self._done = 0
        self._file_done = 0
        self._file_total = 0

    def start_file(self, total: int | None) -> None:
        """Note that a file of ``total`` bytes (None: unknown) begins."""
        self._file_done, self._file_total = 0, total or 0

    def add(self, count: int) -> None:
        """Note that ``count`` bytes have arrived."""
        self._file_done += count
        self._done += count
        self._progress(self._done, max(self._expected, self._done), UNIT)

    def finish(self) -> None:
        """Note that all files are complete."""
        if self._done:
            self._progress(self._done, self._done, UNIT)

    def broken(self) -> str | None:
        """Return how far the last file came if it did not come to its end."""
        if self._file_done < self._file_total:
            return f"the connection broke after {self._file_done:,} of {self._file_total:,} bytes"
        return None


@contextmanager
def show_transfers(transfer: Transfer) -> Iterator[None]:
    """Within the block, let torchvision's downloads report to ``transfer``, print nothing, and not hang.

    torchvision offers no callback: it makes a ``tqdm`` bar per file, and that name in its module is replaced.
    """
    import socket

    from torchvision.datasets import utils

    class Bar:
        """The part of tqdm's interface that torchvision uses."""

        def __init__(self, *_: Any, total: int | None = None, **__: Any) -> None:
            transfer.start_file(total)

        def update(self, count: int) -> None:
            transfer.add(count)

        def __enter__(self) -> Bar:
            return self

        def __exit__(self, *_: object) -> None: ...

    before, timeout = utils.tqdm, socket.getdefaulttimeout()
    utils.tqdm = Bar
    socket.setdefaulttimeout(TIMEOUT)
    try:
        with redirect_stdout(io.StringIO()):
            yield
    finally:
        utils.tqdm = before
        socket.setdefaulttimeout(timeout)


def explain_failure(error: BaseException, transfer: Transfer, damage: str | None) -> str:
    """Return in a few words why a download failed.

    Args:
        error: What torchvision raised; for files with mirrors, the text of the last mirror's error is in it.
        transfer: What arrived.
        damage: What is wrong with a file that arrived, if one is.
    """
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    last = lines[-1] if lines else type(error).__name__
    without_connection = re.fullmatch(r"<urlopen error (?:\[Errno -?\d+\] )?(.*)>", last)
    reason = f"no connection ({without_connection[1]})" if without_connection else last
    return transfer.broken() or damage or reason
