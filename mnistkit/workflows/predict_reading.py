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
from dataclasses import dataclass
from pathlib import Path

from mnistkit.evaluation.answers import Failure, ReadPicture
from mnistkit.exceptions import MnistkitError, PictureError
from mnistkit.workflows.predict_inputs import PictureInput

# Small files are handed over by the packet, which costs about as much as reading one of them; a photo goes alone.
_PACKET_BYTES = 64 * 1024
_PACKET_LENGTH = 32
_MOST_WORKERS = 4


@dataclass(frozen=True)
class Source:
    """One picture to read.

    Attributes:
        name: How it is called in results.
        content: Its path, or the file's content where it came from standard input.
    """

    name: str
    content: str | bytes


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
        self._pool, self._processes = _make_pool(workers, len(inputs))
        self._closing.callback(self._pool.shutdown, cancel_futures=True)
        self._packets = _packets(inputs)
        self._waiting: deque[tuple[list[Source], Future[list[ReadPicture | Failure]] | Failure]] = deque()
        self._read = 0
        self._read_on()

    def __enter__(self) -> ReadAhead:
        return self

    def __exit__(self, *exception: object) -> None:
        self._closing.close()

    @property
    def busy_processes(self) -> int:
        """How many other processes are reading pictures, each on a processor core."""
        reading = sum(isinstance(job, Future) and not job.done() for _, job in self._waiting)
        return min(self._processes, reading)

    def __iter__(self) -> Iterator[ReadPicture | Failure]:
        while self._waiting:
            sources, job = self._waiting.popleft()
            results = [job] if isinstance(job, Failure) else self._results(sources, job)
            self._read -= len(results)
            self._read_on()
            yield from results

    def _read_on(self) -> None:
        while self._read < self._ahead and (packet := next(self._packets, None)) is not None:
            if isinstance(packet, Failure):
                self._waiting.append(([], packet))
                self._read += 1
                continue
            self._waiting.append(self._start(packet))
            self._read += len(packet)

    def _start(
        self, packet: list[PictureInput]
    ) -> tuple[list[Source], Future[list[ReadPicture | Failure]] | Failure]:
        try:
            # Standard input here and not in a worker, where Ctrl-C could not end the wait for what never comes.
            sources = [Source(each.name, each.path or self._read_stdin()) for each in packet]
        except PictureError as error:
            return [], _stdin_failure(packet[0].name, error)
        return sources, self._pool.submit(_read_all, sources, self._keep_steps)

    def _results(
        self, sources: list[Source], job: Future[list[ReadPicture | Failure]]
    ) -> list[ReadPicture | Failure]:
        try:
            return job.result()
        except BrokenExecutor:  # the system has killed the worker, as it does when memory runs out
            return _read_all(sources, self._keep_steps)


def _packets(inputs: Sequence[PictureInput | Failure]) -> Iterator[list[PictureInput] | Failure]:
    """Cut the inputs into packets to be read in one go; failures and standard input stand alone."""
    packet: list[PictureInput] = []
    size = 0
    for each in inputs:
        path = each.path if isinstance(each, PictureInput) else None
        weight = _PACKET_BYTES if path is None or len(inputs) < _PACKET_LENGTH else _file_size(path)
        if packet and (size + weight > _PACKET_BYTES or len(packet) == _PACKET_LENGTH):
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
        return Path(path).stat().st_size
    except (OSError, ValueError):
        return 0


def _make_pool(workers: int | None, pictures: int) -> tuple[Executor, int]:
    """Return what reads, processes where they are cheap, else threads; and the number of processes.

    Importing torch and running Python both hold the interpreter's lock, so a thread would not read much meanwhile.
    But a process is only forked while nothing else runs in this one: a copied lock would never be released.
    """
    cores = os.cpu_count() or 1
    if sys.platform.startswith("linux") and "torch" not in sys.modules and threading.active_count() == 1:
        from multiprocessing import get_context

        count = min(workers or max(1, min(_MOST_WORKERS, cores - 1)), pictures or 1)
        pool = ProcessPoolExecutor(count, mp_context=get_context("fork"), initializer=_ignore_interrupts)
        return pool, count
    return ThreadPoolExecutor(workers or min(_MOST_WORKERS, cores), thread_name_prefix="pictures"), 0


def _ignore_interrupts() -> None:
    """Leave Ctrl-C, which every process of a terminal gets, to the one that started the others."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _read_all(sources: Sequence[Source], keep_steps: bool) -> list[ReadPicture | Failure]:
    return [read(source, keep_steps) for source in sources]


def read(source: Source, keep_steps: bool) -> ReadPicture | Failure:
    """Read and prepare one picture; whatever goes wrong is told of this picture alone."""
    from mnistkit.imaging.load import load_picture
    from mnistkit.imaging.pipeline import prepare

    name, content = source.name, source.content
    try:
        picture = load_picture(content)
        return ReadPicture(name, picture.size, picture.notes, prepare(picture, keep_steps=keep_steps))
    except MnistkitError as error:
        return _stdin_failure(name, error) if isinstance(content, bytes) else Failure(name, error)
    except MemoryError:
        return Failure(name, PictureError(f"{name} does not fit into the memory"))
    except Exception as error:
        text = " ".join(f"{type(error).__name__}: {error}".split())
        return Failure(name, PictureError(f"{name}: internal error: {text}", hint="please report it"))


def _stdin_failure(name: str, error: MnistkitError) -> Failure:
    return Failure(name, PictureError(f"standard input: {error.message}", hint=error.hint))
