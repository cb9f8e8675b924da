"""A command group that imports a subcommand only when it is used: ``--help`` and errors should come at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import Any, ClassVar

import typer

from mnistkit.cli.help import HelpCommand, HelpGroup

_HELP = "help"


class LazyGroup(HelpGroup):
    """Finds the subcommand X in the module :mod:`mnistkit.cli.X`: a function of that name, or a typer app ``app``.

    Attributes:
        summaries: The subcommands in the order of the help page, each with the first line of its own help.
        words: What can stand in a subcommand's place and is none.
    """

    summaries: ClassVar[Mapping[str, str]] = {}
    words: ClassVar[Sequence[str]] = (_HELP,)

    def parse_args(self, ctx: typer.Context, args: list[str]) -> list[str]:  # type: ignore[override]
        """Read the group's own options, if there are any before the subcommand; "help X" means "X --help".

        Otherwise there is none to look at; typer would import pydantic to convert even those that are not given.
        """
        if args[:1] == [_HELP]:
            args = [*args[1:], "--help"]
        own = self.params, self.add_help_option
        if args and args[0] in self.summaries:
            self.params, self.add_help_option = [], False
        try:
            parsed: list[str] = super().parse_args(ctx, args)
        finally:
            self.params, self.add_help_option = own
        return parsed

    def list_commands(self, ctx: typer.Context) -> list[str]:  # type: ignore[override]
        """Return the names in their order."""
        return list(self.summaries)

    def get_command(self, ctx: typer.Context, cmd_name: str) -> Any:  # type: ignore[override]
        """Import and return a subcommand; None if there is none of that name."""
        if cmd_name in self.summaries and cmd_name not in self.commands:
            self.commands[cmd_name] = _load(cmd_name)
        return self.commands.get(cmd_name)

    def command_summaries(self, ctx: typer.Context) -> list[tuple[str, str]]:
        """Return the names of the subcommands and their summaries, without importing them."""
        return list(self.summaries.items())


def _load(name: str) -> Any:
    module = import_module(f"mnistkit.cli.{name}")
    if not (hasattr(module, "app") or hasattr(module, name)):
        raise AttributeError(f"{module.__name__} has neither a function '{name}' nor a typer app 'app'")
    # A group of its own, because typer makes commands only as parts of an app.
    single = typer.Typer(rich_markup_mode=None, add_completion=False)
    single.callback()(lambda: None)
    if hasattr(module, "app"):
        single.add_typer(module.app, name=name)
    else:
        single.command(name, cls=HelpCommand)(getattr(module, name))
    return typer.main.get_group(single).commands[name]
