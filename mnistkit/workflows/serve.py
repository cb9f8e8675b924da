"""Recognising pictures over HTTP, and serving the page to draw on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from mnistkit import __version__
from mnistkit.inference.checkpoints import FoundCheckpoint, find_checkpoints
from mnistkit.inference.recogniser import Recogniser, check_input_size
from mnistkit.serving import check_installed
from mnistkit.serving.limits import ServingLimits
from mnistkit.serving.sockets import address_of, check_port, is_local, listen
from mnistkit.threads import thread_count_without_torch

if TYPE_CHECKING:
    import socket

    from mnistkit.serving.readers import Readers
    from mnistkit.serving.server import Server

# A picture is read by one process at a time; more would take memory for little.
_MOST_READERS = 4


@dataclass(frozen=True)
class ServeConfig:
    """What to serve, where, and to whom.

    Attributes:
        checkpoint: As :func:`mnistkit.locate.locate_checkpoint` takes it.
        host: Name or address of this machine to listen on.
        port: The port; 0 for any that is free.
        names: Host names that requests may be for, besides ``host``, "localhost" and addresses in numbers.
        limits: What is refused.
        device: As :func:`mnistkit.device.select_device` takes it.
        backend: As :func:`mnistkit.inference.backends.choice.choose_backend` takes it.
        show_tracebacks: Whether errors of ours are printed in full.
    """

    checkpoint: str | None = None
    host: str = "127.0.0.1"
    port: int = 8000
    names: tuple[str, ...] = ()
    limits: ServingLimits = field(default_factory=ServingLimits)
    device: str = "auto"
    backend: str = "auto"
    show_tracebacks: bool = False


class Service:
    """A server that listens already, and answers once :meth:`run` is called.

    Attributes:
        address: Its URL.
        is_local: Whether only this machine can reach it.
    """

    def __init__(self, listener: socket.socket, readers: Readers, server: Server) -> None:
        self._listener, self._readers, self._server = listener, readers, server
        self.address, self.is_local = address_of(listener), is_local(listener)

    def run(self) -> None:
        """Answer until Ctrl-C or SIGTERM come or :meth:`stop` is called, then end what was begun."""
        try:
            self._server.serve_on(self._listener)
        finally:
            self._readers.close()
            self._listener.close()

    def stop(self) -> None:
        """Let :meth:`run` return soon; any thread may call it."""
        self._server.stop()


def open_service(config: ServeConfig, announce: Callable[[str], None] = lambda line: None) -> Service:
    """Check the request, load the model, and listen.

    Args:
        config: What to serve.
        announce: Called with one line where a choice is made.

    Raises:
        UsageError: options that are wrong in themselves, a device that does not fit, no such host.
        CheckpointError: there is no such checkpoint, or it cannot be used.
        MnistkitError: packages are missing, or the port is in use.
    """
    check_port(config.port)
    config.limits.check()
    check_installed()
    (found,) = find_checkpoints([config.checkpoint] if config.checkpoint is not None else [], announce)
    check_input_size(found)
    # Before the model is loaded: whoever must choose another port should not have to wait.
    listener = listen(config.host, config.port)
    try:
        return _service(config, found, listener, announce)
    except BaseException:
        listener.close()
        raise


def _service(
    config: ServeConfig, found: FoundCheckpoint, listener: socket.socket, announce: Callable[[str], None]
) -> Service:
    from mnistkit.serving.app import make_app
    from mnistkit.serving.readers import Readers
    from mnistkit.serving.server import Server

    limits = config.limits
    recogniser = Recogniser.load(found, device=config.device, backend=config.backend, limits=limits.picture)
    count = min(_MOST_READERS, thread_count_without_torch())
    readers = Readers(count, recogniser.preparation, limits.picture, limits.seconds)
    names = (config.host, *config.names)
    app = make_app(recogniser, readers, limits, lambda: _page(found, announce), names)
    return Service(listener, readers, Server(app, limits, show_tracebacks=config.show_tracebacks))


def _page(found: FoundCheckpoint, announce: Callable[[str], None]) -> str:
    """Return the page of a checkpoint.

    Raises:
        LoweringError: its architecture cannot be a program.
    """
    from mnistkit.export.html import page
    from mnistkit.workflows.export import ExportConfig, page_model

    # The test images are not read: the page is wanted at once.
    model, _, _ = page_model(found, ExportConfig(Path("page.html"), gallery=0), announce)
    footer = f"Drawings are read in your browser, photos by the server. Made by mnistkit {__version__}."
    return page(replace(model, footer=footer), served=True)
