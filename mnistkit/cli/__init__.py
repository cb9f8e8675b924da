"""The ``mnistkit`` command: one thin module per subcommand, registered here in one line each.

Nothing heavy is imported at the top of this package, so that ``--help``, completion and usage errors are quick.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import suppress
from typing import Annotated

import typer
from typer.core import TyperGroup

from mnistkit import __version__
from mnistkit.cli import confusion, datasets, env, errors, evaluate, models, predict, train
from mnistkit.cli.failures import report
from mnistkit.exceptions import InterruptedRunError

_order: list[str] = []


class _InOrder(TyperGroup):
    """Lists the subcommands as they are registered below; typer would list groups after commands."""

    def list_commands(self, ctx: typer.Context) -> list[str]:  # type: ignore[override]
        return sorted(super().list_commands(ctx), key=_order.index)


app = typer.Typer(
    cls=_InOrder,
    help="Train, evaluate and compare handwritten-digit classifiers.",
    epilog="mnistkit COMMAND --help explains a command.",
    # Rich help pages would take more time to import than everything else here together.
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _add(name: str, command: typer.Typer | Callable[..., None]) -> None:
    """Register a subcommand: a function, or a typer application that has subcommands of its own."""
    _order.append(name)
    if isinstance(command, typer.Typer):
        app.add_typer(command, name=name)
    else:
        app.command(name)(command)


# Their order is the order of the help page: train, evaluate, predict, confusion, errors, models, datasets, env.
_add("train", train.train)
_add("evaluate", evaluate.evaluate)
_add("predict", predict.predict)
_add("confusion", confusion.confusion)
_add("errors", errors.errors)
_add("models", models.app)
_add("datasets", datasets.app)
_add("env", env.env)


def main(argv: list[str] | None = None) -> int:
    """Run the command line and return its exit code; no exception and no traceback leaves it.

    Args:
        argv: The arguments after the program's name; None takes those of this process.
    """
    _accept_any_text()
    try:
        command = typer.main.get_command(app)
        result = command.main(args=argv, prog_name="mnistkit", standalone_mode=False)
        sys.stdout.flush()
    except SystemExit as request:
        # Typer ends shell completion like this, and what it makes of a closed pipe.
        if isinstance(request.__context__, BrokenPipeError):
            return report(request.__context__)
        return request.code if isinstance(request.code, int) else 0
    except BaseException as error:
        return report(error)
    if result == InterruptedRunError.exit_code:
        # Typer turns Ctrl-C into this result and says nothing.
        return report(KeyboardInterrupt())
    return result if isinstance(result, int) else 0


def _accept_any_text() -> None:
    """Let a terminal that cannot show a character show '?' in its place, instead of failing."""
    for stream in (sys.stdout, sys.stderr):
        with suppress(AttributeError, ValueError):
            stream.reconfigure(errors="replace")  # type: ignore[union-attr]


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"mnistkit {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    context: typer.Context,
    version: Annotated[
        bool, typer.Option("--version", help="Show the version and exit.", callback=_show_version, is_eager=True)
    ] = False,
) -> None:
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())
