"""How many threads compute, and how they share work: each takes whole pieces of it, and none waits inside a piece.

torch itself divides every operation among its threads, which wait for one another thousands of times in a training
step, without sleeping. Beside another busy process one of them often has no core, and then all of them stand
still. So here torch computes each operation in one thread, and several threads of Python each take a shard of a
batch, or a batch of its own; they wait for one another once a step. What is computed does not depend on how many
threads there are.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import contextmanager
from queue import SimpleQueue
from typing import TypeVar

from mnistkit.exceptions import UsageError

Item = TypeVar("Item")
Result = TypeVar("Result")

VARIABLE = "MNISTKIT_THREADS"
"""The environment variable that says how many threads compute."""

_chosen: int | None = None
_here = threading.local()
_tasks: SimpleQueue[Callable[[], None]] = SimpleQueue()
_helpers: list[threading.Thread] = []
_starting = threading.Lock()


def check_threads(count: int | None, source: str = "--threads") -> int | None:
    """Return ``count`` if that many threads can compute, or None.

    Raises:
        UsageError: it is less than one.
    """
    if count is not None and count < 1:
        raise UsageError(f"{source} must be at least 1, not {count}")
    return count


def choose_threads(count: int | None, source: str = "--threads") -> None:
    """Let ``count`` threads compute from now on, in this process; None leaves it to :func:`thread_count`.

    Args:
        count: How many.
        source: Where the number stands, for messages.

    Raises:
        UsageError: it is less than one.
    """
    global _chosen
    _chosen = check_threads(count, source)


@contextmanager
def only_threads(count: int) -> Iterator[None]:
    """Within it, ``count`` threads compute, whatever was chosen."""
    global _chosen
    before, _chosen = _chosen, count
    try:
        yield
    finally:
        _chosen = before


def thread_count() -> int:
    """Return how many threads compute on a CPU.

    That is what :func:`choose_threads` was told, or else the environment variable ``MNISTKIT_THREADS`` says, or
    else as many as torch would use: one a core, unless ``OMP_NUM_THREADS`` says otherwise.

    Raises:
        UsageError: the variable holds no whole number of at least 1.
    """
    if told := _told():
        return told
    import torch

    return getattr(_here, "outside", None) or torch.get_num_threads()


def thread_count_without_torch() -> int:
    """Return what :func:`thread_count` does, but count the cores instead of asking torch.

    Raises:
        UsageError: as there.
    """
    if told := _told():
        return told
    # As torch reads it.
    text = os.environ.get("OMP_NUM_THREADS", "")
    return int(text) if text.isdecimal() and int(text) else os.cpu_count() or 1


def _told() -> int | None:
    """Return how many threads the user wants, None if that was left open."""
    if _chosen:
        return _chosen
    text = os.environ.get(VARIABLE)
    if not text:
        return None
    try:
        return check_threads(int(text), VARIABLE)
    except ValueError as error:
        raise UsageError(f"{VARIABLE} must be a whole number, not '{text}'") from error


@contextmanager
def one_thread_an_operation() -> Iterator[None]:
    """Within it, torch computes every operation in the thread that calls it."""
    import torch

    before = torch.get_num_threads()
    if before == 1:
        yield
        return
    _here.outside = before
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
        _here.outside = None


def in_threads(function: Callable[[Item], Result], items: Iterable[Item]) -> list[Result]:
    """Return ``function`` of every item, in the items' order, computed by :func:`thread_count` threads.

    The thread that calls is one of them; each takes the next item as soon as it is done with one. Calls from
    within ``function`` compute their items one after another. What torch keeps for each thread (whether gradients
    are recorded, which precision) is to be set within ``function``.

    Raises:
        Exception: what ``function`` raised for the first of the items for which it did.
    """
    work = list(items)
    with one_thread_an_operation():
        count = 1 if getattr(_here, "is_busy", False) else min(thread_count(), len(work))
        return _shared(function, work, count) if count > 1 else [function(item) for item in work]


@contextmanager
def thread_pool(count: int) -> Iterator[Executor]:
    """Give a pool of threads for work that is handed over piece by piece; torch uses no others in them."""
    with one_thread_an_operation():
        pool = ThreadPoolExecutor(count, "mnistkit", _begin_thread)
        try:
            yield pool
        finally:
            pool.shutdown(cancel_futures=True)


def _shared(function: Callable[[Item], Result], work: list[Item], count: int) -> list[Result]:
    results: dict[int, Result] = {}
    errors: dict[int, BaseException] = {}
    finished: SimpleQueue[None] = SimpleQueue()
    # Python's interpreter lock makes taking the next number safe.
    numbers = iter(range(len(work)))

    def take() -> None:
        for number in numbers:
            try:
                results[number] = function(work[number])
            except BaseException as error:
                errors[number] = error
        finished.put(None)

    _start_helpers(count - 1)
    for _ in range(count - 1):
        _tasks.put(take)
    _here.is_busy = True
    try:
        take()
        for _ in range(count):
            finished.get()
    finally:
        _here.is_busy = False
    if errors:
        raise errors[min(errors)]
    return [results[number] for number in range(len(work))]


def _start_helpers(count: int) -> None:
    with _starting:
        while len(_helpers) < count:
            # Daemons: they sleep between tasks, and a process that ends does not wait for them.
            _helpers.append(threading.Thread(target=_help, name=f"mnistkit-{len(_helpers) + 1}", daemon=True))
            _helpers[-1].start()


def _help() -> None:
    _begin_thread()
    while True:
        _tasks.get()()


def _begin_thread() -> None:
    import torch

    torch.set_num_threads(1)
    _here.is_busy = True


def _forget_helpers() -> None:
    """Threads do not live on in a forked process."""
    global _tasks, _starting
    _helpers.clear()
    _tasks, _starting = SimpleQueue(), threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_helpers)
