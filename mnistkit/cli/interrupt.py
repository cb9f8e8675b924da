"""Ctrl-C during a training: the first asks it to stop at the next good moment, the second stops at once."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType


@contextmanager
def stop_on_interrupt(
    tell: Callable[[str], None], is_training: Callable[[], bool] = lambda: True
) -> Iterator[Callable[[], bool]]:
    """Give a function that says whether the user has pressed Ctrl-C (or the system has sent SIGTERM).

    Args:
        tell: Called with one line when that happens.
        is_training: Asked at that time; where it says no, such as while a folder is read, there is nothing to save
            and the work stops at once.
    """
    asked = False

    def request(number: int, frame: FrameType | None) -> None:
        nonlocal asked
        if asked or not is_training():
            raise KeyboardInterrupt
        asked = True
        tell("stopping after this step; Ctrl-C again stops at once")

    previous = {number: signal.signal(number, request) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield lambda: asked
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
