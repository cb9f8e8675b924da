"""A server in a thread of the tests, and what is asked of it."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPMessage
from typing import Any, NamedTuple

from starlette.types import ASGIApp

from mnistkit.serving.limits import ServingLimits
from mnistkit.serving.server import Server
from mnistkit.serving.sockets import listen
from mnistkit.workflows.serve import Service

BYTES = {"Content-Type": "application/octet-stream"}


class Reply(NamedTuple):
    """What came back."""

    status: int
    headers: HTTPMessage
    content: bytes

    @property
    def document(self) -> Any:
        return json.loads(self.content)


class Client(NamedTuple):
    """Asks a server at a port of this machine."""

    port: int

    def ask(self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None) -> Reply:
        connection = HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.request(method, path, body, headers or {})
            response = connection.getresponse()
            return Reply(response.status, response.headers, response.read())
        finally:
            connection.close()

    def predict(self, content: Any, query: str = "", headers: dict[str, str] | None = None) -> Reply:
        return self.ask("POST", f"/predict{query}", content, BYTES if headers is None else headers)

    def send(self, text: bytes) -> socket.socket:
        """Open a connection, send something, and leave it open."""
        connection = socket.create_connection(("127.0.0.1", self.port), timeout=60)
        connection.sendall(text)
        return connection


def form(*files: tuple[str, bytes], boundary: str = "limit") -> tuple[bytes, dict[str, str]]:
    """Return a form with files, each of a name and a content, and its headers."""
    parts = [
        f'--{boundary}\r\nContent-Disposition: form-data; name="picture"; filename="{name}"\r\n\r\n'.encode()
        + content
        + b"\r\n"
        for name, content in files
    ]
    body = b"".join(parts) + f"--{boundary}--\r\n".encode()
    return body, {"Content-Type": f"multipart/form-data; boundary={boundary}"}


@contextmanager
def running(service: Service) -> Iterator[Client]:
    """Let a service answer."""
    with _in_thread(service.run, service.stop):
        yield Client(int(service.address.rstrip("/").rpartition(":")[2]))


@contextmanager
def running_app(app: ASGIApp, limits: ServingLimits) -> Iterator[Client]:
    """Let an application answer."""
    listener = listen("127.0.0.1", 0)
    server = Server(app, limits)
    with _in_thread(lambda: server.serve_on(listener), server.stop):
        yield Client(listener.getsockname()[1])


@contextmanager
def _in_thread(run: Any, stop: Any) -> Iterator[None]:
    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield
    finally:
        stop()
        thread.join(30)
        assert not thread.is_alive(), "the server does not stop"
