"""``mnistkit serve``: the page to draw on, photos too, and an HTTP interface."""

from __future__ import annotations

from typing import Annotated

import typer

from mnistkit.cli.failures import wants_tracebacks
from mnistkit.cli.help import LIMITS, RUN, examples
from mnistkit.cli.options import Backend, Device, OneCheckpoint, Quiet, Threads
from mnistkit.exceptions import InterruptedRunError
from mnistkit.serving.limits import ServingLimits
from mnistkit.serving.sockets import check_port
from mnistkit.workflows.serve import ServeConfig, open_service

Host = Annotated[
    str,
    typer.Option(
        "--host",
        metavar="ADDRESS",
        help="Listen on this address; 0.0.0.0 lets others in the network in.",
        rich_help_panel=RUN,
    ),
]
Port = Annotated[
    int,
    typer.Option(
        "--port",
        "-p",
        metavar="N",
        help="Listen on this port; 0 takes any that is free.",
        callback=check_port,
        rich_help_panel=RUN,
    ),
]
AllowHost = Annotated[
    list[str] | None,
    typer.Option(
        "--allow-host",
        metavar="NAME",
        help="Answer to this name too; may be given several times.",
        show_default="localhost and addresses in numbers",
        rich_help_panel=RUN,
    ),
]
MaxBytes = Annotated[
    int,
    typer.Option("--max-bytes", metavar="N", help="Refuse longer requests.", rich_help_panel=LIMITS),
]
MaxRequests = Annotated[
    int,
    typer.Option(
        "--max-requests",
        metavar="N",
        help="Refuse pictures while so many are waiting or in work.",
        rich_help_panel=LIMITS,
    ),
]
MaxSeconds = Annotated[
    float,
    typer.Option(
        "--max-seconds",
        metavar="S",
        help="Refuse what takes longer to arrive, to wait for its turn, or to be read.",
        rich_help_panel=LIMITS,
    ),
]


@examples(
    ("mnistkit serve", "draw or give a photo at http://127.0.0.1:8000/"),
    ("mnistkit serve latest --port 0", "what was trained last, at any free port"),
    ("mnistkit serve --host 0.0.0.0", "for a phone in the same network too"),
)
def serve(
    checkpoint: OneCheckpoint = None,
    host: Host = ServeConfig.host,
    port: Port = ServeConfig.port,
    allow_host: AllowHost = None,
    max_bytes: MaxBytes = ServingLimits.bytes,
    max_requests: MaxRequests = ServingLimits.requests,
    max_seconds: MaxSeconds = ServingLimits.seconds,
    backend: Backend = "auto",
    device: Device = "auto",
    threads: Threads = None,
    quiet: Quiet = False,
) -> None:
    """Serve the page, and recognise pictures over HTTP.

    POST /predict takes a picture, as bytes or as a file in a form (curl -F picture=@digit.png ADDRESS/predict),
    and answers as 'mnistkit predict --json' does; ?steps=1 adds the steps of its preparation as pictures, ?top=K
    names K classes. GET /health and /openapi.json tell the rest.

    Only this machine can reach it, unless --host says otherwise. It has no passwords and no encryption: beyond a
    network that you trust, put a web server with both before it. Ctrl-C or SIGTERM stop it, with exit code 130.
    Needs the extra: pip install 'mnistkit[serve]'.
    """
    from mnistkit.reporting import console
    from mnistkit.reporting.serve import print_listening

    config = ServeConfig(
        checkpoint,
        host,
        port,
        tuple(allow_host or ()),
        ServingLimits(max_bytes, max_requests, max_seconds),
        device,
        backend,
        wants_tracebacks(),
    )
    service = open_service(config, console.note)
    print_listening(service)
    service.run()
    raise InterruptedRunError("interrupted; the server has stopped")
