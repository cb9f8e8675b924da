"""The one place where an exception becomes a message on standard error and an exit code."""

from __future__ import annotations

import os
import sys
from difflib import get_close_matches
from typing import Any

import typer

from mnistkit.exceptions import InterruptedRunError, MnistkitError, UsageError

DEBUG_VARIABLE = "MNISTKIT_DEBUG"
BROKEN_PIPE = 141
"""Exit code after the reader of our output went away: what a shell shows for SIGPIPE (128 + 13)."""

# What an option takes, by the start of the name that pydantic gives to a failed conversion.
_WANTED = {"int": "a whole number", "float": "a number", "bool": "true or false"}


def report(error: BaseException) -> int:
    """Explain ``error`` to the user on standard error and return the exit code for it.

    A traceback is shown only where the environment variable ``MNISTKIT_DEBUG`` is set to something but 0.
    """
    if isinstance(error, BrokenPipeError):
        discard_stdout()
        return BROKEN_PIPE
    if os.environ.get(DEBUG_VARIABLE, "0") not in ("", "0"):
        import traceback

        traceback.print_exception(error, file=sys.stderr)
    from mnistkit.reporting.console import show_error

    explained = explain(error)
    show_error(explained)
    return explained.exit_code


def explain(error: BaseException) -> MnistkitError:
    """Return any exception as one with a message, a hint where there is one, and an exit code."""
    if isinstance(error, MnistkitError):
        return error
    if isinstance(error, typer.TyperException):
        return _usage_error(error)
    if isinstance(error, (KeyboardInterrupt, typer.Abort)):
        return InterruptedRunError("interrupted")
    if isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError":
        return MnistkitError("out of memory", hint="a smaller batch needs less: --set batch_size=64")
    if isinstance(error, OSError) and error.strerror:
        where = f"{error.filename}: " if error.filename is not None else ""
        return MnistkitError(f"{where}{error.strerror}")
    text = " ".join(f"{type(error).__name__}: {error}".split())
    return MnistkitError(
        f"internal error: {text}", hint=f"please report it; {DEBUG_VARIABLE}=1 shows the traceback"
    )


def discard_stdout() -> None:
    """Send what is left of standard output nowhere, so that the interpreter's last flush cannot fail."""
    sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123, SIM115


def _usage_error(error: typer.TyperException) -> UsageError:
    """Return typer's complaint about the arguments in our words: one line, a close match, the way to help."""
    context: Any = getattr(error, "ctx", None)
    missing_option = getattr(error, "option_name", None)
    lines = error.format_message().split("\n")
    text = " ".join(" ".join(lines).split()).rstrip(".")
    if type(error).__name__ == "NoSuchOption" and missing_option:
        text = f"no such option {missing_option}" + _did_you_mean(missing_option, _options_of(context))
    elif text.startswith("No such command") and context is not None:
        name = text.split("'")[1] if "'" in text else ""
        text = f"no such command '{name}'" + _did_you_mean(name, context.command.list_commands(context))
    else:
        text = _refused_value(error) or text
    path = context.command_path if context is not None else "mnistkit"
    return UsageError(text[:1].lower() + text[1:], hint=f"{path} --help")


def _refused_value(error: typer.TyperException) -> str | None:
    """Return our words for a value that could not be converted; typer's are those of the library behind it."""
    details: list[dict[str, Any]] = getattr(error.__cause__, "errors", list)()
    options = getattr(getattr(error, "param", None), "opts", None)
    if not details or not options:
        return None
    wanted = _WANTED.get(str(details[0]["type"]).split("_")[0], "something else")
    return f"{max(options, key=len)} takes {wanted}, not '{details[0]['input']}'"


def _options_of(context: Any) -> list[str]:
    if context is None:
        return []
    return [name for parameter in context.command.get_params(context) for name in parameter.opts]


def _did_you_mean(name: str, known: list[str]) -> str:
    matches = get_close_matches(name, known, n=1, cutoff=0.5)
    if matches:
        return f"; did you mean {matches[0]}?"
    return ""
