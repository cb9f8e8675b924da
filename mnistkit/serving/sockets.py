"""The address that a server listens on."""

from __future__ import annotations

import errno
import os
import socket

from mnistkit.exceptions import MnistkitError, UsageError

HIGHEST_PORT = 65_535
_WAITING = 512


def check_port(port: int) -> int:
    """Return ``port`` if there can be such a port; 0 stands for any that is free.

    Raises:
        UsageError: there cannot.
    """
    if not 0 <= port <= HIGHEST_PORT:
        raise UsageError(f"--port must be from 0 to {HIGHEST_PORT}, not {port}")
    return port


def listen(host: str, port: int) -> socket.socket:
    """Return a socket that listens; whoever connects from then on is kept waiting.

    Args:
        host: Name or address of this machine.
        port: Its port, or 0 for any that is free.

    Raises:
        UsageError: the machine has no such name or address.
        MnistkitError: the port is in use, or not allowed.
    """
    check_port(port)
    unknown = UsageError(f"'{host}' is no address of this machine", hint="--host 127.0.0.1, or 0.0.0.0 for all")
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (OSError, UnicodeError):
        raise unknown from None
    family, kind, protocol, _, address = found[0]
    listener = socket.socket(family, kind, protocol)
    try:
        if os.name == "posix":
            # Elsewhere this would let two programs listen at the same port.
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(_WAITING)
    except OSError as error:
        listener.close()
        if error.errno == errno.EADDRINUSE:
            message = f"port {port} is in use already"
            raise MnistkitError(message, hint="--port 0 takes one that is free") from None
        if error.errno in (errno.EACCES, errno.EPERM):
            raise MnistkitError(f"port {port} is not allowed", hint="take one above 1023: --port 8000") from None
        if error.errno == errno.EADDRNOTAVAIL:
            raise unknown from None
        raise MnistkitError(f"cannot listen on {host}, port {port}: {error.strerror or error}") from None
    return listener


def address_of(listener: socket.socket) -> str:
    """Return the address of a listening socket as a URL."""
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}/" if ":" in host else f"http://{host}:{port}/"


def is_local(listener: socket.socket) -> bool:
    """Say whether only this machine can reach a listening socket."""
    from ipaddress import ip_address

    return ip_address(listener.getsockname()[0].partition("%")[0]).is_loopback
