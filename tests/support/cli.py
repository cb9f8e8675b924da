"""Running the command line, in this process or in one of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

HEAVY = ("torch", "torchvision", "numpy", "sklearn", "scipy", "PIL", "matplotlib", "jinja2")
"""What takes long to import: help, completion and wrong usage must do without it."""


@dataclass(frozen=True)
class CliResult:
    """What one run of the command line gave: exit code, standard output, standard error."""

    code: int
    out: str
    err: str


RunCli = Callable[..., CliResult]
"""What the fixture ``run_cli`` gives: a function that runs ``mnistkit`` with arguments inside this process."""

_RUN_ALL = """
import io, json, sys
from contextlib import redirect_stderr, redirect_stdout
from mnistkit.cli import main
found = {}
for line in json.loads(sys.argv[1]):
    with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
        code = main(line.split())
    found[line] = [code, [name for name in json.loads(sys.argv[2]) if name in sys.modules]]
print(json.dumps(found))
"""


def run_module(*args: str, **options: Any) -> subprocess.CompletedProcess[str]:
    """Run ``python -m mnistkit`` with some arguments, and return what came of it."""
    return subprocess.run([sys.executable, "-m", "mnistkit", *args], capture_output=True, text=True, **options)


def run_and_see_what_is_loaded(
    lines: Sequence[str], modules: Sequence[str] = HEAVY
) -> dict[str, tuple[int, list[str]]]:
    """Run command lines one after the other in one new process.

    Returns:
        For each line its exit code and those of ``modules`` that are loaded after it.
    """
    command = [sys.executable, "-c", _RUN_ALL, json.dumps(lines), json.dumps(modules)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=os.environ)
    return {line: (code, loaded) for line, (code, loaded) in json.loads(done.stdout).items()}


def on_terminal(*arguments: str, columns: int = 80, lines: int = 50) -> str:
    """Return what a terminal without colours gets on standard output."""
    import pty

    leader, follower = pty.openpty()
    environment = {**os.environ, "NO_COLOR": "1", "TERM": "dumb", "COLUMNS": str(columns), "LINES": str(lines)}
    command = [sys.executable, "-m", "mnistkit", *arguments]
    process = subprocess.Popen(command, stdout=follower, stderr=subprocess.DEVNULL, env=environment)
    os.close(follower)
    parts = []
    while True:
        try:
            part = os.read(leader, 10_000)
        except OSError:  # how Linux ends a terminal
            break
        if not part:
            break
        parts.append(part)
    process.wait()
    os.close(leader)
    return b"".join(parts).decode().replace("\r\n", "\n")
