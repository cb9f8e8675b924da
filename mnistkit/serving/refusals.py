"""What a server answers where it gives none: always the same form, one line, nothing about the machine."""

from __future__ import annotations

import sys
import tempfile
from http import HTTPStatus
from pathlib import Path

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from mnistkit.exceptions import MnistkitError, PictureError
from mnistkit.json_text import json_text

SCHEMA = "mnistkit/error/1"
"""Form and version of the JSON document of a refusal."""

_INTERNAL = "internal error; what the server printed says more"


class RefusalError(Exception):
    """A request that is not answered.

    Args:
        status: The code of HTTP.
        message: One line for the client.
        hint: One line that says what to do about it, if there is such a thing.
        headers: Headers of the response besides the usual ones.
    """

    def __init__(
        self, status: HTTPStatus, message: str, *, hint: str | None = None, headers: dict[str, str] | None = None
    ) -> None:
        super().__init__(message)
        self.status, self.message, self.hint, self.headers = status, message, hint, headers or {}

    @classmethod
    def of_picture(cls, error: MnistkitError) -> RefusalError:
        """Return the refusal of a picture that cannot be read."""
        if not isinstance(error, PictureError) or _tells_a_path(f"{error.message} {error.hint}"):
            return cls(HTTPStatus.UNPROCESSABLE_ENTITY, "the picture cannot be read")
        return cls(HTTPStatus.UNPROCESSABLE_ENTITY, error.message, hint=error.hint)

    @classmethod
    def busy(cls, message: str) -> RefusalError:
        """Return the refusal of a request that may be answered when it comes again."""
        return cls(HTTPStatus.SERVICE_UNAVAILABLE, message, headers={"Retry-After": "1"})

    def response(self) -> Response:
        """Return what the client gets."""
        return refused(self.status, self.message, hint=self.hint, headers=self.headers)


def refused(
    status: int, message: str, *, hint: str | None = None, headers: dict[str, str] | None = None
) -> Response:
    """Return a response with a refusal; the arguments are those of :class:`RefusalError`."""
    values = {"error": message, **({"hint": hint} if hint else {})}
    return json_response(json_text(values, SCHEMA), status, headers)


def json_response(text: str, status: int = HTTPStatus.OK, headers: dict[str, str] | None = None) -> Response:
    """Return a response whose body is a JSON document."""
    return Response(text, status, headers, media_type="application/json")


async def on_refusal(request: Request, error: Exception) -> Response:
    """Answer a request that was refused."""
    assert isinstance(error, RefusalError)
    return error.response()


async def on_http_error(request: Request, error: Exception) -> Response:
    """Answer a request for what is not there, or by a method that is not."""
    assert isinstance(error, HTTPException)
    message = {
        HTTPStatus.NOT_FOUND: "there is nothing at this address",
        HTTPStatus.METHOD_NOT_ALLOWED: f"{request.method} is not possible here",
    }.get(HTTPStatus(error.status_code), str(error.detail))
    return refused(error.status_code, message, headers=dict(error.headers or {}))


async def on_internal_error(request: Request, error: Exception) -> Response:
    """Answer a request that met an error of ours."""
    return refused(HTTPStatus.INTERNAL_SERVER_ERROR, _INTERNAL)


def _tells_a_path(text: str) -> bool:
    """Say whether a text names a folder of this machine: messages of other libraries may."""
    folders = {sys.prefix, sys.base_prefix, tempfile.gettempdir(), str(Path.cwd()), str(Path(__file__).parents[2])}
    return any(folder in text for folder in folders - {Path(sys.prefix).anchor})
