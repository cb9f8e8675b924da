"""All commands of the command line, found by walking through it."""

from __future__ import annotations

from typing import Any

import pytest
import typer

from mnistkit.cli import app
from mnistkit.cli.help import walk

COMMANDS: dict[tuple[str, ...], Any] = dict(walk(typer.main.get_command(app)))
"""Each command by the words that call it; the whole is called by none."""

NAMES = [" ".join(path) for path in COMMANDS]
each_command = pytest.mark.parametrize("path", COMMANDS, ids=NAMES)


def options_of(command: Any) -> set[str]:
    """Return the names of a command's options and arguments."""
    return {name for parameter in command.params for name in parameter.opts}
