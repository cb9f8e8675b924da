"""What ``mnistkit serve`` shows: the address to open."""

from __future__ import annotations

import sys

from mnistkit.reporting import console
from mnistkit.workflows.serve import Service


def print_listening(service: Service) -> None:
    """Print the address on standard output, and beside it how to stop."""
    sys.stdout.write(f"{service.address}\n")
    # A program that started the server on any free port waits for this line.
    sys.stdout.flush()
    if not service.is_local:
        console.warn("everyone in the network can reach this server, and have it read pictures")
    console.note("open the address in a browser, or send pictures to /predict; Ctrl-C stops")
