"""Processes that read pictures, so that a picture that hangs or crashes its decoder harms nobody but itself.

Pictures come from strangers, and decoders are written in C. A process can be ended when it takes too long, which
no thread can, and gives its memory back.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from multiprocessing import get_context
from multiprocessing.connection import Connection
from queue import SimpleQueue
from typing import TypeVar

from mnistkit.exceptions import MnistkitError, PictureError
from mnistkit.imaging.chunks import read_chunk
from mnistkit.imaging.limits import Limits
from mnistkit.imaging.prepared import Prepared
from mnistkit.preparation import Preparation
from mnistkit.serving.refusals import RefusalError

T = TypeVar("T")
ReadResult = Prepared | MnistkitError

# A process that has read so many is replaced: decoders may leak.
_MOST_PICTURES = 2_000
# How long a new process may take until it can read: it imports what it needs, on a machine that may be busy.
_START_SECONDS = 60.0


class Readers:
    """Reads pictures, several at the same time.

    Args:
        count: How many at the same time: as many processes are started. That takes a while, but nobody waits.
        preparation: That of the model.
        limits: Which pictures are refused.
        seconds: How long a picture may wait for its turn, and then may take.
    """

    def __init__(self, count: int, preparation: Preparation, limits: Limits, seconds: float) -> None:
        self._seconds = seconds
        self._idle: SimpleQueue[_Reader] = SimpleQueue()
        self._readers = [_Reader(preparation, limits, seconds) for _ in range(count)]
        for each in self._readers:
            self._idle.put(each)
        self._threads = ThreadPoolExecutor(count, "mnistkit-reader")

    async def read(self, content: bytes, finish: Callable[[ReadResult], T], *, keep_steps: bool) -> T:
        """Read a picture, and return what ``finish`` makes of it or of what is wrong with it.

        Args:
            content: The picture's file.
            finish: Called in a thread; only as many run at the same time as there are processes.
            keep_steps: Whether the stages of the preparation are kept.

        Raises:
            RefusalError: its turn did not come in time.
        """
        job = self._threads.submit(self._read, content, finish, keep_steps)
        future = asyncio.wrap_future(job)
        try:
            await asyncio.wait({future}, timeout=self._seconds)
            if not future.done() and job.cancel():
                raise RefusalError.busy(f"the picture waited for {self._seconds:g} s; try again")
            return await future
        finally:
            # Where the client has left, what has not begun need not be done, and nobody asks for the rest.
            future.cancel()

    def _read(self, content: bytes, finish: Callable[[ReadResult], T], keep_steps: bool) -> T:
        reader = self._idle.get()
        try:
            result = reader.read(content, keep_steps)
        finally:
            self._idle.put(reader)
        return finish(result)

    def close(self) -> None:
        """End all processes at once."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        for each in self._readers:
            each.close()


class _Reader:
    """One process; used by one thread at a time."""

    def __init__(self, preparation: Preparation, limits: Limits, seconds: float) -> None:
        self._given = preparation, limits
        self._seconds = seconds
        self._is_closed = False
        self._start()

    def _start(self) -> None:
        # Not forked: threads of this process may hold locks, which the copy would never release.
        context = get_context("spawn")
        self._connection, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(theirs, *self._given), daemon=True)
        self._process.start()
        theirs.close()
        self._done, self._is_ready = 0, False

    def read(self, content: bytes, keep_steps: bool) -> ReadResult:
        try:
            if not self._is_ready and not self._wait(_START_SECONDS):
                return self._replaced("the process that reads pictures does not start")
            self._is_ready = True
            self._connection.send((content, keep_steps))
            if not self._connection.poll(self._seconds):
                return self._replaced(f"the picture takes longer than {self._seconds:g} s to read")
            result: ReadResult = self._connection.recv()
        except (EOFError, OSError):
            return self._replaced("the picture cannot be read: it made its decoder crash")
        self._done += 1
        if self._done >= _MOST_PICTURES:
            self._replaced("")
        return result

    def _wait(self, seconds: float) -> bool:
        """Say whether the process has told in time that it is ready."""
        return self._connection.poll(seconds) and bool(self._connection.recv())

    def _replaced(self, reason: str) -> PictureError:
        """End the process, start another one, and return the error that tells why."""
        self._end()
        if not self._is_closed:
            self._start()
        return PictureError(reason)

    def close(self) -> None:
        self._is_closed = True
        self._end()

    def _end(self) -> None:
        self._process.kill()
        self._process.join()
        self._connection.close()


def _serve(connection: Connection, preparation: Preparation, limits: Limits) -> None:
    """Read pictures until nobody wants more: the work of a process."""
    from mnistkit.imaging import load, prepare  # noqa: F401 - what reading needs, before it is asked for
    from mnistkit.imaging.decode import formats, without_remarks

    # A terminal sends Ctrl-C to all processes, and who stops a service sends SIGTERM; the server ends this one.
    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, signal.SIG_IGN)
    # Libraries in C write their remarks on damaged files straight to the terminal.
    sys.stderr.flush()
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    formats()
    try:
        connection.send(True)
        with without_remarks():
            while True:
                content, keep_steps = connection.recv()
                (result,) = read_chunk([content], preparation, keep_steps=keep_steps, limits=limits)
                connection.send(result)
    except (EOFError, OSError):
        return
