"""The one place where an exception becomes a message on standard error and an exit code."""

from __future__ import annotations

import os
import re
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import typer

from mnistkit.exceptions import InterruptedRunError, MnistkitError, UsageError
from mnistkit.registry import close_names, either, shorten

DEBUG_VARIABLE = "MNISTKIT_DEBUG"
BROKEN_PIPE = 141
"""Exit code after the reader of our output went away: what a shell shows for SIGPIPE (128 + 13)."""

# Typer's complaint about arguments that are too many.
_EXTRA = re.compile(r"Got unexpected extra arguments?(?:\(s\))? \((.*)\)")
# What an option takes, by the start of the name that pydantic gives to a failed conversion.
_WANTED = {"int": "a whole number", "float": "a number", "bool": "true or false"}


def report(error: BaseException) -> int:
    """Explain ``error`` to the user on standard error and return the exit code for it.

    A traceback is shown only where the environment variable ``MNISTKIT_DEBUG`` is set to something but 0.
    """
    if isinstance(error, BrokenPipeError):
        discard_stdout()
        return BROKEN_PIPE
    from mnistkit.reporting.console import show_error

    explained = explain_with_traceback(error)
    show_error(explained)
    return explained.exit_code


def explain_with_traceback(error: BaseException) -> MnistkitError:
    """Return what :func:`explain` does, and print the traceback if that is wanted."""
    if wants_tracebacks():
        import traceback

        traceback.print_exception(error, file=sys.stderr)
    return explain(error)


def wants_tracebacks() -> bool:
    """Say whether the environment variable ``MNISTKIT_DEBUG`` asks for tracebacks."""
    return os.environ.get(DEBUG_VARIABLE, "0") not in ("", "0")


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
        text = _no_command(text.split("'")[1] if "'" in text else "", context)
    elif (extra := _EXTRA.fullmatch(text)) and context is not None:
        text = _unexpected(extra[1], context)
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


def _no_command(name: str, context: Any) -> str:
    """Return the message for a name that is no command: it may be mistyped, or be what a command is for."""
    group = context.command
    known = [each for each in group.list_commands(context) if not group.get_command(context, each).hidden]
    meant = _did_you_mean(name, [*known, *getattr(group, "words", ())])
    if not meant and "show" in known and _takes(group.get_command(context, "show"), name, context):
        meant = f"; did you mean show {name}?"
    elif not meant and "predict" in known and Path(name).exists():
        meant = f"; did you mean predict {name}?"
    return f"no such command '{shorten(name)}'{meant or '; known: ' + ', '.join(known)}"


def _takes(command: Any, value: str, context: Any) -> bool:
    """Say whether a command's first argument can be ``value``."""
    argument = next(each for each in command.params if each.param_type_name == "argument")
    with suppress(UsageError):
        argument.callback(context, argument, value)
        return True
    return False


def _unexpected(text: str, context: Any) -> str:
    """Return the message for arguments where none is taken: the value of an option, perhaps, without its name."""
    from mnistkit.cli.options import option_for

    option = option_for(text, _options_of(context))
    return f"unexpected argument '{shorten(text)}'" + (f"; did you mean {option}?" if option else "")


def _did_you_mean(name: str, known: list[str]) -> str:
    matches = close_names(name, known)
    return f"; did you mean {either(matches)}?" if matches else ""
