"""A command group that imports a subcommand only when it is used: ``--help`` and errors should come at once."""

from __future__ import annotations

import re
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import typer
from typer.core import TyperGroup

# The first line of what a command's module says about the command, for the list of commands.
_SUMMARIES = (r'^def {name}\(.*?"""(.*?)(?:"""|$)', r'^app = typer\.Typer\(help="(.*?)"')


class LazyGroup(TyperGroup):
    """Finds the subcommand X in the module :mod:`mnistkit.cli.X`: a function of that name, or a typer app ``app``.

    Attributes:
        names: The subcommands in the order of the help page.
    """

    names: tuple[str, ...] = ()

    def parse_args(self, ctx: typer.Context, args: list[str]) -> list[str]:  # type: ignore[override]
        """Read the group's own options, if there are any before the subcommand.

        Otherwise there is none to look at; typer would import pydantic to convert even those that are not given.
        """
        own = self.params, self.add_help_option
        if args and args[0] in self.names:
            self.params, self.add_help_option = [], False
        try:
            parsed: list[str] = super().parse_args(ctx, args)
        finally:
            self.params, self.add_help_option = own
        return parsed

    def list_commands(self, ctx: typer.Context) -> list[str]:  # type: ignore[override]
        """Return the names in their order."""
        return list(self.names)

    def get_command(self, ctx: typer.Context, cmd_name: str) -> Any:  # type: ignore[override]
        """Import and return a subcommand; None if there is none of that name."""
        if cmd_name in self.names and cmd_name not in self.commands:
            self.commands[cmd_name] = _load(cmd_name)
        return self.commands.get(cmd_name)

    def format_commands(self, ctx: typer.Context, formatter: Any) -> None:  # type: ignore[override]
        """Write the list of subcommands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, _summary(name)) for name in self.names])


def _load(name: str) -> Any:
    module = import_module(f"mnistkit.cli.{name}")
    # A group of its own, because typer makes commands only as parts of an app.
    single = typer.Typer(rich_markup_mode=None, add_completion=False)
    single.callback()(lambda: None)
    if hasattr(module, "app"):
        single.add_typer(module.app, name=name)
    else:
        single.command(name)(getattr(module, name))
    return typer.main.get_group(single).commands[name]


def _summary(name: str) -> str:
    """Return a subcommand's first line of help, read from its source."""
    spec = find_spec(f"mnistkit.cli.{name}")
    source = Path(spec.origin).read_text(encoding="utf-8") if spec and spec.origin else ""
    found = (re.search(each.format(name=name), source, re.DOTALL | re.MULTILINE) for each in _SUMMARIES)
    return next((match[1].strip() for match in found if match), "")
