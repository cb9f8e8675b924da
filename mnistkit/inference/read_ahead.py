"""Reading pictures ahead of their classification, in another process where that can be had."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import BrokenExecutor, Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial

from mnistkit.exceptions import PictureError
from mnistkit.inference.answers import Failure, ReadPicture
from mnistkit.inference.chunks import MOST, read_packet, stdin_failure
from mnistkit.workflows.picture_files import PictureInput

# Small files are handed over by the packet, which costs about as much as reading one of them; a photo goes alone.
_PACKET_BYTES = 64 * 1024
_MOST_WORKERS = 4

_Results = list[ReadPicture | Failure]
_Work = Callable[[], _Results]


class ReadAhead:
    """Pictures and failures in the order of the inputs, read before they are asked for.

    Args:
        inputs: What to read; failures pass through.
        ahead: How many pictures are read before they are asked for, at least.
        keep_steps: Whether the stages of the preparation are kept.
        workers: How many pictures are read at the same time; None for what suits the machine.
        read_stdin: Returns the picture that "-" stands for.
    """

    def __init__(
        self,
        inputs: Sequence[PictureInput | Failure],
        *,
        ahead: int,
        keep_steps: bool,
        workers: int | None,
        read_stdin: Callable[[], bytes],
    ) -> None:
        from mnistkit.imaging.decode import without_remarks

        self._ahead, self._keep_steps, self._read_stdin = ahead, keep_steps, read_stdin
        self._closing = ExitStack()
        self._closing.enter_context(without_remarks())
        self._pool = _make_pool(workers, len(inputs))
        self._closing.callback(self._pool.shutdown, cancel_futures=True)
        self._packets = _packets(inputs)
        self._waiting: deque[tuple[_Work, Future[_Results]] | Failure] = deque()
        self._read = 0
        self._read_on()

    def __enter__(self) -> ReadAhead:
        return self

    def __exit__(self, *exception: object) -> None:
        self._closing.close()

    def __iter__(self) -> Iterator[ReadPicture | Failure]:
        while self._waiting:
            next_one = self._waiting.popleft()
            results = [next_one] if isinstance(next_one, Failure) else _results(*next_one)
            self._read -= len(results)
            self._read_on()
            yield from results

    def _read_on(self) -> None:
        while self._read < self._ahead and (packet := next(self._packets, None)) is not None:
            self._waiting.append(packet if isinstance(packet, Failure) else self._start(packet))
            self._read += 1 if isinstance(packet, Failure) else len(packet)

    def _start(self, packet: list[PictureInput]) -> tuple[_Work, Future[_Results]] | Failure:
        try:
            # Standard input here and not in a worker, where Ctrl-C could not end the wait for what never comes.
            stdin = b"" if packet[0].path else self._read_stdin()
        except PictureError as error:
            return stdin_failure(packet[0].name, error)
        work = partial(read_packet, packet, stdin=stdin, keep_steps=self._keep_steps)
        return work, self._pool.submit(work)


def _results(work: _Work, job: Future[_Results]) -> _Results:
    try:
        return job.result()
    except BrokenExecutor:  # the system has killed the worker, as it does when memory runs out
        return work()


def _packets(inputs: Sequence[PictureInput | Failure]) -> Iterator[list[PictureInput] | Failure]:
    """Cut the inputs into packets to be read in one go; failures and standard input stand alone."""
    packet: list[PictureInput] = []
    size = 0
    for each in inputs:
        path = each.path if isinstance(each, PictureInput) else None
        weight = _PACKET_BYTES if path is None or len(inputs) < MOST else _file_size(path)
        if packet and (size + weight > _PACKET_BYTES or len(packet) == MOST):
            yield packet
            packet, size = [], 0
        if isinstance(each, Failure):
            yield each
        else:
            packet.append(each)
            size += weight
    if packet:
        yield packet


def _file_size(path: str) -> int:
    try:
        return os.stat(path).st_size  # noqa: PTH116 - a quarter of the time of Path.stat
    except (OSError, ValueError):
        return 0


def _make_pool(workers: int | None, pictures: int) -> Executor:
    """Return what reads: processes where they are cheap, else threads.

    Importing torch and running Python both hold the interpreter's lock, so a thread would not read much meanwhile.
    But a process is only forked while nothing else runs in this one: a copied lock would never be released.
    """
    cores = os.cpu_count() or 1
    if sys.platform.startswith("linux") and "torch" not in sys.modules and threading.active_count() == 1:
        from multiprocessing import get_context

        count = min(workers or max(1, min(_MOST_WORKERS, cores - 1)), pictures or 1)
        return ProcessPoolExecutor(count, mp_context=get_context("fork"), initializer=_ignore_interrupts)
    return ThreadPoolExecutor(workers or min(_MOST_WORKERS, cores), thread_name_prefix="pictures")


def _ignore_interrupts() -> None:
    """Leave Ctrl-C, which every process of a terminal gets, to the one that started the others."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
