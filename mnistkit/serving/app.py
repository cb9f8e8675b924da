"""All of what a server answers, as an application of ASGI: addresses, and what lies around them."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp

from mnistkit import __version__
from mnistkit.inference.recogniser import Recogniser
from mnistkit.json_text import json_text
from mnistkit.serving.admission import Admission
from mnistkit.serving.headers import SecurityHeaders
from mnistkit.serving.limits import ServingLimits
from mnistkit.serving.openapi import description
from mnistkit.serving.origins import CheckOrigins
from mnistkit.serving.pages import PageEndpoint
from mnistkit.serving.predict import PredictEndpoint
from mnistkit.serving.readers import Readers
from mnistkit.serving.refusals import (
    RefusalError,
    json_response,
    on_http_error,
    on_internal_error,
    on_refusal,
)

HEALTH_SCHEMA = "mnistkit/health/1"
"""Form and version of the JSON document of a server's state."""


def make_app(
    recogniser: Recogniser,
    readers: Readers,
    limits: ServingLimits,
    make_page: Callable[[], str],
    names: Collection[str] = (),
) -> ASGIApp:
    """Return the application.

    Args:
        recogniser: Says what pictures show.
        readers: Read them.
        limits: What is refused.
        make_page: As :class:`mnistkit.serving.pages.PageEndpoint` takes it.
        names: Host names that requests may be for, besides "localhost" and addresses in numbers.
    """
    admission = Admission(limits)
    described = json_response(json.dumps(description(len(recogniser.classes), limits)))
    predict = PredictEndpoint(recogniser, readers, admission, limits)
    page = PageEndpoint(make_page)

    async def health(request: Request) -> Response:
        values = {
            "status": "ok",
            "version": __version__,
            "checkpoint": recogniser.checkpoint.name,
            "busy": admission.pictures,
        }
        return json_response(json_text(values, HEALTH_SCHEMA))

    async def openapi(request: Request) -> Response:
        return described

    async def answer_predict(request: Request) -> Response:
        return await predict(request)

    async def show_page(request: Request) -> Response:
        return await page(request)

    routes = [
        Route("/", show_page),
        Route("/predict", answer_predict, methods=["POST"]),
        Route("/health", health),
        Route("/openapi.json", openapi),
    ]
    handlers = {RefusalError: on_refusal, HTTPException: on_http_error, Exception: on_internal_error}
    # Around everything, so that errors have the headers too.
    return SecurityHeaders(CheckOrigins(Starlette(routes=routes, exception_handlers=handlers), names))
