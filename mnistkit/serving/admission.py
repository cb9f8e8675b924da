"""Who is let in: how many pictures are in work, and how many bytes wait in memory."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus

from mnistkit.serving.limits import ServingLimits
from mnistkit.serving.refusals import RefusalError


class Admission:
    """Counts what is asked of a server at the moment; used from its event loop alone.

    Args:
        limits: What may be asked of it.

    Attributes:
        pictures: How many pictures are waiting or in work.
        bytes: How many bytes of bodies are in memory.
    """

    def __init__(self, limits: ServingLimits) -> None:
        self._limits = limits
        self.pictures = self.bytes = 0

    @contextmanager
    def body(self) -> Iterator[HeldBytes]:
        """Give the account of a request's body, which is closed at the end."""
        held = HeldBytes(self, self._limits)
        try:
            yield held
        finally:
            self.bytes -= held.count

    @contextmanager
    def picture(self) -> Iterator[None]:
        """Count a picture within it.

        Raises:
            RefusalError: there are as many as there may be.
        """
        if self.pictures >= self._limits.requests:
            raise RefusalError.busy(f"{self._limits.requests} pictures are waiting already; try again")
        self.pictures += 1
        try:
            yield
        finally:
            self.pictures -= 1


class HeldBytes:
    """The bytes of one body.

    Attributes:
        count: How many they are.
    """

    def __init__(self, admission: Admission, limits: ServingLimits) -> None:
        self._admission, self._limits = admission, limits
        self.count = 0

    def add(self, count: int) -> None:
        """Count more bytes.

        Raises:
            RefusalError: the body, or all of them together, are longer than they may be.
        """
        self.count += count
        self._admission.bytes += count
        if self.count > self._limits.bytes:
            raise too_long(self._limits)
        if self._admission.bytes > self._limits.memory:
            raise RefusalError.busy("too much is being sent at the same time; try again")


def too_long(limits: ServingLimits) -> RefusalError:
    """Return the refusal of a body that is longer than it may be."""
    message = f"the request is too long: {limits.picture.file_bytes_text} are the limit"
    return RefusalError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, message)
