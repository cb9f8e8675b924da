"""Connections that end when their client stalls."""

from __future__ import annotations

import asyncio
from typing import cast

from uvicorn.protocols.http.h11_impl import H11Protocol


class PatientProtocol(H11Protocol):
    """HTTP/1.1 as uvicorn speaks it, but without patience for clients that keep a connection and do nothing.

    What uvicorn leaves open for ever: a connection on which no request comes, or only a part of its head, and one
    whose client does not read the answer.

    Attributes:
        patience: Seconds without a new request, or without anything of the answer being read.
        most: How many connections there may be; more are closed at once.
    """

    patience = 10.0
    most = 256

    _silence: asyncio.TimerHandle | None = None
    _jam: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for the first request."""
        super().connection_made(transport)
        if len(self.connections) > self.most:
            transport.abort()
            return
        self._wait_for_request(None)

    def on_response_complete(self) -> None:
        """Begin to wait for the next one."""
        # A request that the client has sent meanwhile is begun at once, and has a new cycle.
        last = self.cycle
        super().on_response_complete()
        self._wait_for_request(last)

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no longer."""
        for each in (self._silence, self._jam):
            if each is not None:
                each.cancel()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        """Begin to wait for the client to read."""
        super().pause_writing()
        self._jam = self.loop.call_later(self.patience, self.transport.abort)

    def resume_writing(self) -> None:
        """Go on: it has read."""
        if self._jam is not None:
            self._jam.cancel()
        super().resume_writing()

    def _wait_for_request(self, last: object) -> None:
        if self._silence is not None:
            self._silence.cancel()
        self._silence = self.loop.call_later(self.patience, self._end_silence, last)

    def _end_silence(self, last: object) -> None:
        if self.cycle is last:
            self.transport.abort()


def patient_protocol(patience: float, most: int) -> type[asyncio.Protocol]:
    """Return the class of connections with other limits; see :class:`PatientProtocol`."""
    kind = type("PatientProtocol", (PatientProtocol,), {"patience": patience, "most": most})
    return cast("type[asyncio.Protocol]", kind)
