"""``GET /``: the page to draw on and to give photos to, made when it is first asked for."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from mnistkit.exceptions import MnistkitError
from mnistkit.serving.refusals import RefusalError

# The page itself says which scripts and styles it has, by their digests; here stands what only a header may say.
_POLICY = "frame-ancestors 'none'; object-src 'none'; base-uri 'none'; form-action 'none'; connect-src 'self'"


class PageEndpoint:
    """Answers requests for the page.

    Args:
        make: Returns the page; takes a moment, and raises :class:`MnistkitError` where there can be none.
    """

    def __init__(self, make: Callable[[], str]) -> None:
        self._make = make
        self._lock = asyncio.Lock()
        self._page: str | None = None

    async def __call__(self, request: Request) -> Response:
        """Return the page.

        Raises:
            RefusalError: there is none for this model.
        """
        async with self._lock:
            if self._page is None:
                try:
                    self._page = await asyncio.to_thread(self._make)
                except MnistkitError:
                    message, hint = "there is no page for this model", "POST /predict recognises pictures"
                    raise RefusalError(HTTPStatus.NOT_FOUND, message, hint=hint) from None
        return HTMLResponse(self._page, headers={"Content-Security-Policy": _POLICY})
