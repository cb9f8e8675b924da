"""Running an application: connections, signals, and the end."""

from __future__ import annotations

import asyncio
import logging
import signal
import socket
from types import FrameType

import uvicorn
from starlette.types import ASGIApp

from mnistkit.serving.limits import ServingLimits
from mnistkit.serving.protocol import patient_protocol

# How long requests that are in work when the server is stopped may go on.
_LAST_SECONDS = 5


class Server(uvicorn.Server):
    """Answers requests until it is stopped.

    Args:
        app: What answers.
        limits: Those of connections count here.
        show_tracebacks: Whether errors of ours are printed.
    """

    def __init__(self, app: ASGIApp, limits: ServingLimits, *, show_tracebacks: bool = False) -> None:
        # It warns of every damaged form, which the client is told of.
        logging.getLogger("python_multipart").addHandler(logging.NullHandler())
        super().__init__(
            uvicorn.Config(
                app,
                http=patient_protocol(limits.idle_seconds, limits.connections),
                ws="none",
                loop="asyncio",
                lifespan="off",
                interface="asgi3",
                log_config=None,
                log_level="error" if show_tracebacks else "critical",
                access_log=False,
                server_header=False,
                proxy_headers=False,
                timeout_graceful_shutdown=_LAST_SECONDS,
            )
        )

    def serve_on(self, listener: socket.socket) -> None:
        """Answer until Ctrl-C, SIGTERM or :meth:`stop`; a second Ctrl-C waits for no request."""
        asyncio.run(self.serve(sockets=[listener]))

    def stop(self) -> None:
        """Let :meth:`serve_on` return soon; any thread may call it."""
        self.should_exit = True

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Take a signal; unlike uvicorn, it is not sent again when all is done."""
        if self.should_exit and sig == signal.SIGINT:
            self.force_exit = True
        self.should_exit = True
