"""Clients that are slow, gone or too many: they harm nobody but themselves."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from mnistkit.serving.admission import Admission
from mnistkit.serving.app import make_app
from mnistkit.serving.limits import ServingLimits
from mnistkit.serving.refusals import RefusalError
from tests.support.brightness import prepared, recogniser
from tests.support.pictures import encoded, page
from tests.support.service import Client, running_app

HEAD = b"POST /predict HTTP/1.1\r\nHost: localhost\r\nContent-Type: image/png\r\nContent-Length: 5000\r\n"
STALLED = {"nothing": b"", "half a head": HEAD[:40], "half a body": HEAD + b"\r\n" + bytes(2500)}


def read_to_end(connection: socket.socket) -> bytes:
    parts = []
    while part := connection.recv(10_000):
        parts.append(part)
    return b"".join(parts)


def test_stalled_clients_keep_nobody_waiting_and_are_sent_away(client: Client) -> None:
    stalled = {name: [client.send(text) for _ in range(20)] for name, text in STALLED.items()}
    try:
        assert client.predict(encoded(page(), "PNG")).status == 200
        assert client.ask("GET", "/health").document["busy"] == 0
        for name, connections in stalled.items():
            answer = read_to_end(connections[-1])
            assert answer.startswith(b"HTTP/1.1 408 " if name == "half a body" else b""), name
            assert bool(answer) == (name == "half a body")
    finally:
        for connection in [each for some in stalled.values() for each in some]:
            connection.close()


def test_a_client_that_reads_no_answer_is_sent_away(client: Client) -> None:
    request = b"GET /openapi.json HTTP/1.1\r\nHost: localhost\r\n\r\n"
    with client.send(request) as connection:
        connection.recv(10)
        assert len(read_to_end(connection)) > 1000  # then the server ends the connection, since nothing follows


class SlowReaders:
    """Readers that wait until they are told to go on, and read nothing."""

    def __init__(self) -> None:
        self.go_on = threading.Event()

    async def read(self, content: bytes, finish: Callable[[Any], str], *, keep_steps: bool) -> str:
        while not self.go_on.is_set():
            await asyncio.sleep(0.02)
        return finish(prepared(60))


def wait_for_busy(client: Client, count: int) -> None:
    """Wait until so many pictures are in work."""
    end = time.monotonic() + 30
    while client.ask("GET", "/health").document["busy"] != count:
        assert time.monotonic() < end
        time.sleep(0.02)


def test_what_departed_clients_wanted_is_forgotten() -> None:
    limits, readers = ServingLimits(requests=2), SlowReaders()
    with running_app(make_app(recogniser(), readers, limits, str), limits) as client:  # type: ignore[arg-type]
        client.send(HEAD + b"\r\n" + bytes(4999)).close()
        departing = [client.send(HEAD + b"\r\n" + bytes(5000)) for _ in range(2)]
        wait_for_busy(client, 2)
        for each in departing:
            each.close()
        wait_for_busy(client, 0)
        readers.go_on.set()
        assert client.predict(b"x").status == 200


def test_more_than_can_be_done_is_refused_at_once() -> None:
    limits, readers = ServingLimits(requests=2), SlowReaders()
    replies = []
    app = make_app(recogniser(), readers, limits, str)  # type: ignore[arg-type]
    with running_app(app, limits) as client:
        threads = [threading.Thread(target=lambda: replies.append(client.predict(b"x"))) for _ in range(5)]
        for each in threads:
            each.start()
        while len(replies) < 3:
            time.sleep(0.02)
        assert [reply.status for reply in replies] == [503] * 3
        assert replies[0].headers["Retry-After"] == "1"
        assert replies[0].document["error"] == "2 pictures are waiting already; try again"
        readers.go_on.set()
        for each in threads:
            each.join()
        assert sorted(reply.status for reply in replies) == [200, 200, 503, 503, 503]


def test_bodies_do_not_fill_the_memory() -> None:
    admission = Admission(ServingLimits(bytes=10, all_bytes=25))
    with admission.body() as first, admission.body() as second, admission.body() as third:
        first.add(10)
        second.add(10)
        with pytest.raises(RefusalError, match="too much is being sent") as refusal:
            third.add(6)
        assert refusal.value.status == 503
        with pytest.raises(RefusalError, match="the request is too long: 10 bytes are the limit"):
            first.add(1)
    assert admission.bytes == 0


def test_internal_errors_tell_nothing() -> None:
    class Broken(SlowReaders):
        async def read(self, content: bytes, finish: Callable[[Any], str], *, keep_steps: bool) -> str:
            raise RuntimeError("/home/secret")

    limits = ServingLimits()
    with running_app(make_app(recogniser(), Broken(), limits, str), limits) as client:  # type: ignore[arg-type]
        reply = client.predict(b"x")
        assert reply.status == 500
        assert b"secret" not in reply.content and reply.document["schema"] == "mnistkit/error/1"
        assert reply.headers["X-Frame-Options"] == "DENY"
        assert client.ask("GET", "/health").document["busy"] == 0
