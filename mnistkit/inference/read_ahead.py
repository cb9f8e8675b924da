"""Reading pictures ahead of their classification, in another process where that can be had."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import BrokenExecutor, Executor, Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from typing import Any

from mnistkit.exceptions import MnistkitError, PictureError
from mnistkit.imaging.chunks import MOST, read_chunk
from mnistkit.imaging.prepared import Prepared
from mnistkit.inference.answers import Failure
from mnistkit.preparation import Preparation

# Small files are handed over by the chunk, which costs about as much as reading one of them; a photo goes alone.
_CHUNK_BYTES = 64 * 1024
_MOST_WORKERS = 4

ReadPicture = tuple[str, Prepared | MnistkitError]
"""A picture's name, and what it became, or why it could not be read."""

_Results = list[Prepared | MnistkitError]
_Work = Callable[[], _Results]


@dataclass(frozen=True)
class PictureInput:
    """One picture to read.

    Attributes:
        name: How it is called in results: its path, or "-".
        path: The file; None for standard input.
    """

    name: str
    path: str | None


class ReadAhead:
    """Pictures in the order of the inputs, read before they are asked for.

    Args:
        inputs: What to read; failures pass through.
        preparation: That of the model.
        ahead: How many pictures are read before they are asked for, at least.
        keep_steps: Whether the stages of the preparation are kept.
        workers: How many pictures are read at the same time; None for what suits the machine.
        in_place: Whether the thread that asks reads them, and no other.
        read_stdin: Returns the picture that "-" stands for.
    """

    def __init__(
        self,
        inputs: Sequence[PictureInput | Failure],
        preparation: Preparation,
        *,
        ahead: int,
        keep_steps: bool,
        workers: int | None,
        in_place: bool = False,
        read_stdin: Callable[[], bytes],
    ) -> None:
        from mnistkit.imaging.decode import without_remarks

        self._preparation, self._ahead, self._keep_steps = preparation, ahead, keep_steps
        self._read_stdin = read_stdin
        self._closing = ExitStack()
        self._closing.enter_context(without_remarks())
        self._pool = _InPlace() if in_place else _make_pool(workers, len(inputs))
        self._closing.callback(self._pool.shutdown, cancel_futures=True)
        self._chunks = _chunks(inputs)
        self._waiting: deque[_Reading | Failure] = deque()
        self._read = 0
        self._read_on()

    def __enter__(self) -> ReadAhead:
        return self

    def __exit__(self, *exception: object) -> None:
        self._closing.close()

    def __iter__(self) -> Iterator[ReadPicture]:
        while self._waiting:
            next_one = self._waiting.popleft()
            results: list[ReadPicture]
            if isinstance(next_one, Failure):
                results = [(next_one.name, next_one.error)]
            else:
                results = list(next_one.results())
            self._read -= len(results)
            self._read_on()
            yield from results

    def _read_on(self) -> None:
        while self._read < self._ahead and (chunk := next(self._chunks, None)) is not None:
            self._waiting.append(chunk if isinstance(chunk, Failure) else self._start(chunk))
            self._read += 1 if isinstance(chunk, Failure) else len(chunk)

    def _start(self, chunk: list[PictureInput]) -> _Reading | Failure:
        try:
            # Standard input here and not in a worker, where Ctrl-C could not end the wait for what never comes.
            sources = [each.path or self._read_stdin() for each in chunk]
        except PictureError as error:
            return Failure(chunk[0].name, _of_stdin(error))
        work = partial(read_chunk, sources, self._preparation, keep_steps=self._keep_steps)
        return _Reading(chunk, work, self._pool.submit(work))


@dataclass(frozen=True)
class _Reading:
    """A chunk that is being read."""

    chunk: list[PictureInput]
    work: _Work
    job: Future[_Results]

    def results(self) -> Iterator[ReadPicture]:
        try:
            results = self.job.result()
        except BrokenExecutor:  # the system has killed the worker, as it does when memory runs out
            results = self.work()
        for each, result in zip(self.chunk, results, strict=True):
            if each.path is None and isinstance(result, MnistkitError):
                yield each.name, _of_stdin(result)
            else:
                yield each.name, result


class _InPlace(Executor):
    """Does what it is given at once, in the thread that gives it."""

    def submit(self, work: Callable[..., Any], /, *args: Any, **options: Any) -> Future[Any]:
        future: Future[Any] = Future()
        future.set_result(work(*args, **options))
        return future


def _of_stdin(error: MnistkitError) -> MnistkitError:
    """Return what is wrong with the picture on standard input, which has no name of its own."""
    return PictureError(f"standard input: {error.message}", hint=error.hint)


def _chunks(inputs: Sequence[PictureInput | Failure]) -> Iterator[list[PictureInput] | Failure]:
    """Cut the inputs into chunks to be read in one go; failures and standard input stand alone."""
    chunk: list[PictureInput] = []
    size = 0
    for each in inputs:
        path = each.path if isinstance(each, PictureInput) else None
        weight = _CHUNK_BYTES if path is None or len(inputs) < MOST else _file_size(path)
        if chunk and (size + weight > _CHUNK_BYTES or len(chunk) == MOST):
            yield chunk
            chunk, size = [], 0
        if isinstance(each, Failure):
            yield each
        else:
            chunk.append(each)
            size += weight
    if chunk:
        yield chunk


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
        from concurrent.futures import ProcessPoolExecutor
        from multiprocessing import get_context

        count = min(workers or max(1, min(_MOST_WORKERS, cores - 1)), pictures or 1)
        return ProcessPoolExecutor(count, mp_context=get_context("fork"), initializer=_ignore_interrupts)
    return ThreadPoolExecutor(workers or min(_MOST_WORKERS, cores), thread_name_prefix="pictures")


def _ignore_interrupts() -> None:
    """Leave Ctrl-C, which every process of a terminal gets, to the one that started the others."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
