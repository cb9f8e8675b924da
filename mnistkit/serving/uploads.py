"""The picture in a request: its bytes as they are, or a file in a form."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from http import HTTPStatus
from typing import NamedTuple

from starlette.datastructures import Headers, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser

from mnistkit.serving.refusals import RefusalError

FORM = "multipart/form-data"
BYTES = "application/octet-stream"
ACCEPTED = ("image/*", BYTES, FORM)
"""The types of content that hold a picture."""

UNNAMED = "-"
"""What a picture without a name is called in answers, as one on standard input."""

_FIELDS = 16
_CHUNK = 2**16
_LONGEST_NAME = 255


class Upload(NamedTuple):
    """A picture that was sent.

    Attributes:
        name: What the client calls its file, without folders; "-" if it does not.
        content: The file.
    """

    name: str
    content: bytes


def check_type(headers: Headers) -> str:
    """Return the type of a request's content, without parameters, if a picture may be in it.

    Raises:
        RefusalError: it is another.
    """
    kind = headers.get("content-type", BYTES).partition(";")[0].strip().lower()
    if kind not in (BYTES, FORM) and not kind.startswith("image/"):
        message = f"the content must be {', '.join(ACCEPTED[:-1])} or {ACCEPTED[-1]}"
        raise RefusalError(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, message, hint="curl -F picture=@digit.png")
    return kind


class _InMemory(MultiPartParser):
    """Keeps files in memory, where the whole body is already, instead of on the disk."""

    spool_max_size = 2**62


async def find_upload(kind: str, headers: Headers, body: bytes) -> Upload:
    """Return the picture in a body.

    Args:
        kind: What :func:`check_type` returned.
        headers: Those of the request.
        body: All of it.

    Raises:
        RefusalError: the form is damaged, or does not hold one file.
    """
    if kind != FORM:
        return Upload(UNNAMED, body)
    bad = HTTPStatus.BAD_REQUEST
    try:
        form = await _InMemory(headers, _pieces(body), max_files=_FIELDS, max_fields=_FIELDS).parse()
    except (MultiPartException, KeyError, ValueError, LookupError) as error:
        reason = error.message if isinstance(error, MultiPartException) else "it has no boundary or is cut off"
        raise RefusalError(bad, f"the form cannot be read: {' '.join(reason.split())}") from None
    try:
        files = [each for _, each in form.multi_items() if isinstance(each, UploadFile)]
        if len(files) != 1:
            raise RefusalError(bad, f"the form must hold one file, not {len(files)}", hint="-F picture=@digit.png")
        return Upload(_plain_name(files[0].filename or UNNAMED), await files[0].read())
    finally:
        await form.close()


async def _pieces(body: bytes) -> AsyncGenerator[bytes, None]:
    """Yield a body in pieces, between which others are served."""
    for start in range(0, len(body), _CHUNK):
        yield body[start : start + _CHUNK]
        await asyncio.sleep(0)


def _plain_name(name: str) -> str:
    """Return a file's name without folders and without characters that cannot be shown."""
    last = name.replace("\\", "/").rpartition("/")[2][:_LONGEST_NAME]
    return "".join(each if each.isprintable() else "?" for each in last) or UNNAMED
