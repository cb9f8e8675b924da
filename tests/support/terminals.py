"""Running the command line with a terminal as its standard output."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import suppress

import pytest


def run_on_terminal(*args: str, **variables: str) -> str:
    """Return all that ``python -m mnistkit`` writes to a terminal of 80 columns, with some variables set."""
    if sys.platform == "win32":
        pytest.skip("needs a pseudo-terminal")
    import pty

    leader, follower = pty.openpty()
    environment = {**os.environ, "TERM": "xterm-256color", "COLUMNS": "80", **variables}
    process = subprocess.Popen(
        [sys.executable, "-m", "mnistkit", *args], stdout=follower, stderr=follower, env=environment
    )
    os.close(follower)
    # A terminal hands over what was written piece by piece, and ends with an error where others end with nothing.
    content = b""
    with suppress(OSError):
        while piece := os.read(leader, 10_000):
            content += piece
    os.close(leader)
    process.wait()
    return content.decode()
