"""``POST /predict``: what a picture shows, as ``mnistkit predict --json`` says it."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Awaitable
from http import HTTPStatus
from io import BytesIO
from typing import Any, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import Response

from mnistkit.exceptions import MnistkitError
from mnistkit.imaging.prepared import Prepared, Step
from mnistkit.inference.answers import DEFAULT_TOP, SCHEMA, Answer, answers_document
from mnistkit.inference.recogniser import Recogniser
from mnistkit.json_text import json_text
from mnistkit.serving.admission import Admission
from mnistkit.serving.body import ClientLeftError, read_body
from mnistkit.serving.limits import ServingLimits
from mnistkit.serving.readers import Readers
from mnistkit.serving.refusals import RefusalError, json_response
from mnistkit.serving.uploads import Upload, check_type, find_upload

T = TypeVar("T")

STEP_SIDE = 384
"""The longest side of a step's picture in pixels."""

_YES_OR_NO = {"": False, "0": False, "false": False, "1": True, "true": True}


class Wanted(NamedTuple):
    """What an answer is to hold.

    Attributes:
        top: How many classes, the most probable first.
        steps: Whether the steps of the picture's preparation are shown.
    """

    top: int
    steps: bool


class PredictEndpoint:
    """Answers requests.

    Args:
        recogniser: Says what pictures show.
        readers: Read them.
        admission: Counts them.
        limits: What is refused.
    """

    def __init__(
        self, recogniser: Recogniser, readers: Readers, admission: Admission, limits: ServingLimits
    ) -> None:
        self._recogniser, self._readers = recogniser, readers
        self._admission, self._limits = admission, limits

    async def __call__(self, request: Request) -> Response:
        """Read the request, and answer it.

        Raises:
            RefusalError: it is refused.
        """
        wanted = read_query(request.query_params, len(self._recogniser.classes))
        kind = check_type(request.headers)
        try:
            with self._admission.body() as held:
                body = await read_body(request.receive, request.headers, self._limits, held)
                upload = await find_upload(kind, request.headers, body)
                del body
                with self._admission.picture():
                    return json_response(await _while_there(request, self._answer(upload, wanted)))
        except ClientLeftError:
            return Response(status_code=HTTPStatus.BAD_REQUEST)  # nobody reads it

    async def _answer(self, upload: Upload, wanted: Wanted) -> str:
        def finish(result: Prepared | MnistkitError) -> str:
            if isinstance(result, MnistkitError):
                raise RefusalError.of_picture(result)
            (answer,) = self._recogniser.answers([upload.name], [result])
            assert isinstance(answer, Answer)
            return self._document(answer, wanted)

        return await self._readers.read(upload.content, finish, keep_steps=wanted.steps)

    def _document(self, answer: Answer, wanted: Wanted) -> str:
        """Return an answer as JSON: the document of ``predict``, but with the checkpoint's name for its path."""
        picture = answer.to_json(wanted.top)
        if wanted.steps:
            picture["steps"] = [_shown(step) for step in answer.picture.steps]
        found = self._recogniser.checkpoint
        return json_text(answers_document(found.name, found.info, [picture]), SCHEMA)


def read_query(query: QueryParams, classes: int) -> Wanted:
    """Return what the address of a request asks for.

    Args:
        query: What stands behind its question mark.
        classes: How many the model knows.

    Raises:
        RefusalError: it is something else.
    """
    bad = HTTPStatus.BAD_REQUEST
    for name in query:
        if name not in Wanted._fields:
            known = " and ".join(Wanted._fields)
            raise RefusalError(bad, f"there is no '{name[:40]}' to ask for", hint=f"known: {known}")
    steps = _YES_OR_NO.get(query.get("steps", "").lower())
    if steps is None:
        raise RefusalError(bad, "steps must be 0 or 1")
    text = query.get("top", str(min(DEFAULT_TOP, classes)))
    if not (text.isascii() and text.isdecimal() and len(text) < 9 and 1 <= int(text) <= classes):
        raise RefusalError(bad, f"top must be a whole number from 1 to {classes}")
    return Wanted(int(text), steps)


async def _while_there(request: Request, work: Awaitable[T]) -> T:
    """Return the result of ``work``, which ends when the client leaves.

    Raises:
        ClientLeftError: it did.
    """
    task = asyncio.ensure_future(work)
    leaving = asyncio.ensure_future(_departure(request))
    try:
        await asyncio.wait({task, leaving}, return_when=asyncio.FIRST_COMPLETED)
        if not task.done():
            raise ClientLeftError
        return task.result()
    finally:
        task.cancel()
        leaving.cancel()


async def _departure(request: Request) -> None:
    """Wait until the client leaves, after its request was read."""
    while (await request.receive())["type"] != "http.disconnect":
        pass


def _shown(step: Step) -> dict[str, Any]:
    """Return a step of a preparation as plain values, its picture as a PNG in base64."""
    return {"name": step.name, "title": step.title, "png": base64.b64encode(_png(step.image)).decode("ascii")}


def _png(pixels: NDArray[np.uint8]) -> bytes:
    picture = Image.fromarray(pixels)
    picture.thumbnail((STEP_SIDE, STEP_SIDE))
    stream = BytesIO()
    picture.save(stream, "PNG")
    return stream.getvalue()
