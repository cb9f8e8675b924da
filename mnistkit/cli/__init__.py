"""The ``mnistkit`` command: one thin module per subcommand, listed here and imported when it is used.

Nothing heavy is imported at the top of this package, so that ``--help``, completion and usage errors are quick.
"""

from __future__ import annotations

import gc
import os
import sys
from contextlib import suppress
from typing import Annotated, ClassVar, NoReturn

import typer

from mnistkit import __version__
from mnistkit.cli.failures import report
from mnistkit.cli.help import examples
from mnistkit.cli.lazy import LazyGroup
from mnistkit.exceptions import InterruptedRunError

# numpy is given work by threads of our own (mnistkit.threads), as torch is; more of its own would only wait for
# one another, and take memory.
_ONE_THREAD = ("OPENBLAS_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")
# Objects more than were let go, before those that refer to each other in circles are looked for.
_GARBAGE_THRESHOLD = 100_000


class _Commands(LazyGroup):
    summaries: ClassVar = {
        "train": "Train a model and report its test accuracy.",
        "distill": "Train a small model by what larger ones answer.",
        "evaluate": "Measure checkpoints, and compare them with each other.",
        "predict": "Recognise the digits in pictures of your own.",
        "confusion": "Show which class is taken for which.",
        "errors": "Show the images that are classified wrongly.",
        "export": "Write a trained model as a page to draw on.",
        "serve": "Serve the page, and recognise pictures over HTTP.",
        "runs": "List the runs with their accuracy and state.",
        "models": "List the architectures and the bundled models.",
        "datasets": "List the datasets, download or show one.",
        "env": "Print versions, devices and settings, for a bug report.",
    }


app = typer.Typer(
    cls=_Commands,
    help="Train, evaluate and compare handwritten-digit classifiers.",
    epilog="'mnistkit help COMMAND' and 'mnistkit COMMAND --help' explain a command.",
    # Rich help pages would take more time to import than everything else here together.
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def run() -> NoReturn:
    """Be the ``mnistkit`` command: run the command line and end the process with its exit code.

    Taking an interpreter with torch down takes longer than recognising a picture, and nothing is left to be done:
    files are closed and workers ended where they were used.
    """
    # Collecting garbage all the time makes importing torch take a fifth longer; almost nothing there is garbage.
    gc.set_threshold(_GARBAGE_THRESHOLD)
    for variable in _ONE_THREAD:
        os.environ.setdefault(variable, "1")
    code = main()
    for stream in (sys.stdout, sys.stderr):
        with suppress(AttributeError, OSError, ValueError):
            stream.flush()
    os._exit(code)


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
@examples(
    ("mnistkit predict digit.png", "read a picture of yours"),
    ("mnistkit train --arch lenet5", "train the small network on MNIST"),
    ("mnistkit evaluate latest", "measure what was trained last"),
)
def _root(
    context: typer.Context,
    version: Annotated[
        bool,
        typer.Option("--version", "-V", help="Show the version and exit.", callback=_show_version, is_eager=True),
    ] = False,
) -> None:
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())
