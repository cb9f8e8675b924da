"""The body of a request, from clients that may send too much, too slowly, or go away."""

from __future__ import annotations

import asyncio
from http import HTTPStatus

from starlette.datastructures import Headers
from starlette.types import Message, Receive

from mnistkit.serving.admission import HeldBytes, too_long
from mnistkit.serving.limits import ServingLimits
from mnistkit.serving.refusals import RefusalError

# A client that still sends may not see an answer that comes with the end of the connection: so long, and as many
# times as much as may be sent, is read and thrown away first.
_PATIENCE_SECONDS = 2.0
_PATIENCE_TIMES = 4


class ClientLeftError(Exception):
    """The client went away: nobody waits for an answer."""


async def read_body(receive: Receive, headers: Headers, limits: ServingLimits, held: HeldBytes) -> bytes:
    """Return the whole body.

    Args:
        receive: As ASGI has it.
        headers: Those of the request.
        limits: How long it may be, and may take.
        held: Where its bytes are counted.

    Raises:
        RefusalError: it is too long or comes too slowly, or there is no room for it.
        ClientLeftError: it will never be whole.
    """
    declared = headers.get("content-length", "")
    if declared.isdecimal() and int(declared) > limits.bytes:
        if headers.get("expect", "").lower() != "100-continue":
            await _throw_away(receive, _PATIENCE_TIMES * limits.bytes)
        raise too_long(limits)
    content = bytearray()
    end = asyncio.get_running_loop().time() + limits.seconds
    more = True
    while more:
        message = await _next(receive, limits, end)
        chunk = message.get("body", b"")
        more = message.get("more_body", False)
        try:
            held.add(len(chunk))
        except RefusalError:
            if more:
                await _throw_away(receive, _PATIENCE_TIMES * limits.bytes)
            raise
        content += chunk
    return bytes(content)


async def _next(receive: Receive, limits: ServingLimits, end: float) -> Message:
    left = end - asyncio.get_running_loop().time()
    try:
        message = await asyncio.wait_for(receive(), max(0.001, min(limits.idle_seconds, left)))
    except asyncio.TimeoutError:
        message_text = "the request comes too slowly"
        raise RefusalError(HTTPStatus.REQUEST_TIMEOUT, message_text, headers={"Connection": "close"}) from None
    if message["type"] == "http.disconnect":
        raise ClientLeftError
    return message


async def _throw_away(receive: Receive, most: int) -> None:
    """Read on to the end of a body, but neither long nor much."""

    async def read() -> None:
        count = 0
        while count < most:
            message = await receive()
            count += len(message.get("body", b""))
            if message["type"] == "http.disconnect" or not message.get("more_body", False):
                return

    try:
        await asyncio.wait_for(read(), _PATIENCE_SECONDS)
    except asyncio.TimeoutError:
        return
