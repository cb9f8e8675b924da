"""All commands of the command line, found by walking through it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import typer
from typer.core import TyperGroup

from mnistkit.cli import app


def _walk(command: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    yield path, command
    if isinstance(command, TyperGroup):
        for name in command.list_commands(typer.Context(command)):
            yield from _walk(command.get_command(typer.Context(command), name), (*path, name))


COMMANDS: dict[tuple[str, ...], Any] = dict(_walk(typer.main.get_command(app)))
"""Each command by the words that call it; the whole is called by none."""

NAMES = [" ".join(path) for path in COMMANDS]
each_command = pytest.mark.parametrize("path", COMMANDS, ids=NAMES)


def options_of(command: Any) -> set[str]:
    """Return the names of a command's options and arguments."""
    return {name for parameter in command.params for name in parameter.opts}
