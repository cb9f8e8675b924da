"""How much a client, and all of them together, may ask of a server."""

from __future__ import annotations

from dataclasses import dataclass

from mnistkit.exceptions import UsageError
from mnistkit.imaging.limits import DEFAULT_LIMITS, Limits

_MIB = 2**20


@dataclass(frozen=True)
class ServingLimits:
    """What is refused, so that no client can fill the memory or keep others waiting.

    Attributes:
        bytes: Length of a request's body.
        requests: How many pictures may be waiting or in work at the same time.
        seconds: How long a body may take to arrive, a picture to wait for its turn, and then to be read: each.
        all_bytes: What all bodies may take together; None for what sixteen of the longest take.
        idle_seconds: How long a client may send nothing in the middle of a request, or read nothing of an answer.
        connections: How many there may be at the same time.
    """

    bytes: int = 16 * _MIB
    requests: int = 64
    seconds: float = 30.0
    all_bytes: int | None = None
    idle_seconds: float = 10.0
    connections: int = 256

    def check(self) -> None:
        """Raise if one of them leaves nothing to be done.

        Raises:
            UsageError: one is too small, or seconds are no number.
        """
        if self.bytes < 1:
            raise UsageError(f"--max-bytes must be at least 1, not {self.bytes}")
        if self.requests < 1:
            raise UsageError(f"--max-requests must be at least 1, not {self.requests}")
        if not 0 < self.seconds < float("inf"):
            raise UsageError(f"--max-seconds must be above 0, not {self.seconds:g}")

    @property
    def memory(self) -> int:
        """How many bytes all bodies may take together."""
        return 16 * self.bytes if self.all_bytes is None else self.all_bytes

    @property
    def picture(self) -> Limits:
        """The limits of a single picture."""
        return Limits(file_bytes=self.bytes, pixels=DEFAULT_LIMITS.pixels)
