"""Whom a server answers: requests to its own name, and from its own pages.

A page of another site that is open in the same browser may send requests to this machine. It cannot read the
answers, but it could keep the server busy; and where its name is made to mean this machine (DNS rebinding), its
browser would even let it read them. So the names that requests are for are checked, and where those come from that
do something.
"""

from __future__ import annotations

from collections.abc import Collection
from http import HTTPStatus
from ipaddress import ip_address

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from mnistkit.serving.refusals import RefusalError

LOCAL = "localhost"
_HARMLESS = ("GET", "HEAD", "OPTIONS")
_OWN_SITE = ("same-origin", "none")


class CheckOrigins:
    """Passes on to an application what is for one of our names and from our own pages, and refuses the rest.

    Args:
        app: The application.
        names: The host names that requests may be for, besides "localhost" and addresses in numbers, which nobody
            can make to mean this machine.
    """

    def __init__(self, app: ASGIApp, names: Collection[str]) -> None:
        self._app = app
        self._names = {LOCAL, *(each.lower().rstrip(".") for each in names)}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] == "http":
            try:
                self._check(scope["method"], Headers(scope=scope))
            except RefusalError as refusal:
                await refusal.response()(scope, receive, send)
                return
        await self._app(scope, receive, send)

    def _check(self, method: str, headers: Headers) -> None:
        hosts = headers.getlist("host")
        host = hosts[0].strip().lower() if len(hosts) == 1 else ""
        name = host_name(host)
        if not (name in self._names or _is_address(name)):
            hint = f"mnistkit serve --allow-host {name}" if name and name.isprintable() else None
            raise RefusalError(HTTPStatus.MISDIRECTED_REQUEST, "this server does not go by that name", hint=hint)
        if method in _HARMLESS:
            return
        origin = headers.get("origin")
        is_own = headers.get("sec-fetch-site", "none") in _OWN_SITE
        if origin is not None:
            is_own = origin.lower() in (f"http://{host}", f"https://{host}")
        if not is_own:
            raise RefusalError(HTTPStatus.FORBIDDEN, "pages of other sites may not ask this server")


def host_name(host: str) -> str:
    """Return the name in a header "Host", without its port."""
    if host.startswith("["):
        return host.partition("]")[0].removeprefix("[")
    return host.partition(":")[0].rstrip(".")


def _is_address(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return False
    return True
