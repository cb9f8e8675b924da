"""Several batches of pictures classified at the same time by one recogniser."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from contextlib import ExitStack

from mnistkit.inference.answers import Answer, Failure
from mnistkit.inference.read_ahead import ReadPicture
from mnistkit.inference.recogniser import Recogniser

Results = list[Answer | Failure]


class SideBySide:
    """Classifies batches in threads of the recogniser's backend, and gives the answers back in order.

    Args:
        recogniser: Answers.
    """

    def __init__(self, recogniser: Recogniser) -> None:
        self._recogniser, self._lanes = recogniser, recogniser.backend.lanes
        self._closing = ExitStack()
        self._threads = self._closing.enter_context(recogniser.backend.threads(self._lanes))
        self._waiting: deque[Future[Results]] = deque()

    def __enter__(self) -> SideBySide:
        return self

    def __exit__(self, *exception: object) -> None:
        self._closing.close()

    def start(self, batch: Sequence[ReadPicture]) -> None:
        """Begin to classify a batch; failures stay where they are."""
        names, pictures = [name for name, _ in batch], [picture for _, picture in batch]
        self._waiting.append(self._threads.submit(self._recogniser.answers, names, pictures))

    def finished(self, *, wait: bool) -> Iterator[Results]:
        """Yield batches in the order in which they were begun.

        Args:
            wait: Whether to wait for all of them; otherwise only until every lane has no more than one to do next.
        """
        while self._waiting and (wait or self._waiting[0].done() or len(self._waiting) > 2 * self._lanes):
            yield self._waiting.popleft().result()
