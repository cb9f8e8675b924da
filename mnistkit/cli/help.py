"""The help pages: options in groups, examples, colour on a terminal.

Typer's own pages with groups and colour are drawn by rich's markdown and table code, whose import alone takes
longer than a whole page here. Groups are named by typer's ``rich_help_panel``, examples by :func:`examples`.
"""

from __future__ import annotations

import inspect
import os
import shutil
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, NamedTuple, TypeVar

import typer
from typer.core import TyperCommand, TyperGroup

from mnistkit.cli.conversion import spare_conversions

MODEL_AND_DATA, RECIPE, RUN, LIMITS, OUTPUT = "Model and data", "Recipe", "Run", "Limits", "Output"
GROUPS = (MODEL_AND_DATA, RECIPE, RUN, LIMITS, OUTPUT)
"""The groups of options, in the order of a page; options of no group come last."""

WIDEST = 80
"""Columns of a page where the terminal has more, or there is none."""

# Columns below which a term stands on a line of its own, above what is said of it.
_NARROW = 60
# Columns that the terms of a list may take before longer ones get a line of their own.
_TERM_COLUMNS = 26
# Columns before what is said below a term.
_BELOW = 6
# Ends a line of a command that goes on below.
_CONTINUES = " \\"

_PLAIN, _HEADING, _TERM, _FAINT = "", "1", "36", "2"

F = TypeVar("F", bound=Callable[..., Any])


class Example(NamedTuple):
    """A command line to copy, and what it does."""

    line: str
    meaning: str


def examples(*pairs: tuple[str, str]) -> Callable[[F], F]:
    """Give the decorated command function its examples: each a whole command line, and what it does."""

    def decorate(function: F) -> F:
        function.examples = tuple(Example(*pair) for pair in pairs)  # type: ignore[attr-defined]
        return function

    return decorate


def examples_of(command: Any) -> tuple[Example, ...]:
    """Return the examples of a typer command."""
    return getattr(command.callback, "examples", ())


def walk(command: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Yield a typer command and all its subcommands, hidden ones too, each after the words that call it."""
    yield path, command
    if isinstance(command, TyperGroup):
        context: Any = typer.Context(command)
        for name in command.list_commands(context):
            yield from walk(command.get_command(context, name), (*path, name))


class HelpCommand(TyperCommand):
    """A command with such a help page."""

    def parse_args(self, ctx: typer.Context, args: list[str]) -> list[str]:  # type: ignore[override]
        """Read the arguments; whatever is wrong with them is said of this command, as typer mostly does."""
        try:
            return super().parse_args(ctx, args)
        except typer.TyperException as error:
            if getattr(error, "ctx", ctx) is None:
                error.ctx = ctx  # type: ignore[attr-defined]
            raise

    def get_params(self, ctx: typer.Context) -> list[Any]:  # type: ignore[override]
        """Return the parameters, --help too."""
        return spare_conversions(super().get_params(ctx))

    def format_help(self, ctx: typer.Context, formatter: Any) -> None:  # type: ignore[override]
        """Write the page."""
        formatter.write(help_page(self, ctx, []))


class HelpGroup(TyperGroup):
    """A group of commands with such a help page."""

    def get_params(self, ctx: typer.Context) -> list[Any]:  # type: ignore[override]
        """Return the parameters, --help too."""
        return spare_conversions(super().get_params(ctx))

    def format_help(self, ctx: typer.Context, formatter: Any) -> None:  # type: ignore[override]
        """Write the page."""
        formatter.write(help_page(self, ctx, self.command_summaries(ctx)))

    def command_summaries(self, ctx: typer.Context) -> list[tuple[str, str]]:
        """Return the names of the subcommands, hidden ones left out, each with the first line of its help."""
        commands = ((name, self.get_command(ctx, name)) for name in self.list_commands(ctx))
        return [(name, (each.help or "").splitlines()[0]) for name, each in commands if each and not each.hidden]


class CommandGroup(typer.Typer):
    """A typer app whose page, and those of its commands, are such help pages; without a subcommand it runs too."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(cls=HelpGroup, invoke_without_command=True, **settings)

    def command(self, name: str | None = None, **settings: Any) -> Callable[[F], F]:
        """Return the decorator that makes a function a subcommand."""
        return super().command(name, cls=HelpCommand, **settings)


class _Span(NamedTuple):
    """A piece of a line: text, and the code of its style."""

    text: str
    style: str = _PLAIN


class _Entry(NamedTuple):
    """An option, argument or command: what it is called, what is said of it, what is added faintly."""

    term: str
    metavar: str
    text: str
    addition: str = ""

    @property
    def name(self) -> str:
        return f"{self.term} {self.metavar}".rstrip()


def help_page(command: Any, context: Any, subcommands: Sequence[tuple[str, str]]) -> str:
    """Return the help page of a typer command, as wide as the terminal but no wider than ``WIDEST``.

    Args:
        command: The command.
        context: Its context.
        subcommands: Their names and summaries.
    """
    width = min(shutil.get_terminal_size().columns or WIDEST, WIDEST)
    lines = _usage(command, context, width)
    for paragraph in inspect.cleandoc(command.help or "").split("\n\n"):
        lines += [[], *_wrapped([_Span(word) for word in paragraph.split()], width, "  ")]
    if found := examples_of(command):
        lines += [[], [_Span("Examples:", _HEADING)], *_example_lines(found, width)]
    sections = list(_sections(command, context, subcommands))
    terms = [len(entry.name) for _, entries in sections for entry in entries]
    column = max((length for length in terms if length <= _TERM_COLUMNS), default=0) + 4
    for title, entries in sections:
        lines += [[], [_Span(f"{title}:", _HEADING)], *_listed(entries, column if width >= _NARROW else 0, width)]
    if command.epilog:
        lines += [[], *_wrapped([_Span(word) for word in command.epilog.split()], width, "  ")]
    paint = _has_colour()
    return "".join(f"{_text(line, paint)}\n" for line in lines)


def _usage(command: Any, context: Any, width: int) -> list[list[_Span]]:
    pieces = [*context.command_path.split(), "[OPTIONS]"]
    for parameter in command.params:
        if parameter.param_type_name == "argument" and not parameter.hidden:
            name = parameter.metavar if parameter.required else f"[{parameter.metavar}]"
            pieces.append(name if parameter.nargs == 1 else f"{name}...")
    if isinstance(command, TyperGroup):
        pieces += ["COMMAND", "[ARGS]..."]
    heading = _Span("Usage: ", _HEADING)
    first, *others = _wrapped([_Span(piece) for piece in pieces], width, " " * len(heading.text))
    return [[heading, *first[1:]], *others]


def _sections(
    command: Any, context: Any, subcommands: Sequence[tuple[str, str]]
) -> Iterator[tuple[str, list[_Entry]]]:
    """Yield the headings of a page with the entries below each."""
    shown = [each for each in command.get_params(context) if not each.hidden]
    if arguments := [each for each in shown if each.param_type_name == "argument"]:
        yield "Arguments", [_argument(each, context) for each in arguments]
    options = [each for each in shown if each.param_type_name == "option"]
    for group in (*GROUPS, None):
        if members := [each for each in options if each.rich_help_panel == group]:
            yield group or "Options", [_option(each, context) for each in members]
    if subcommands:
        yield "Commands", [_Entry(name, "", summary) for name, summary in subcommands]


def _argument(argument: Any, context: Any) -> _Entry:
    return _Entry(argument.metavar, "", argument.help or "", _addition(argument, context))


def _option(option: Any, context: Any) -> _Entry:
    metavar = "" if option.is_flag else option.metavar or option.name.upper()
    term = ", ".join(sorted(option.opts, key=len))
    return _Entry(term, metavar, option.help or "", _addition(option, context))


def _addition(parameter: Any, context: Any) -> str:
    """Return what is known of a parameter besides its help: an environment variable and the default."""
    parts = []
    if parameter.envvar and parameter.show_envvar:
        parts.append(f"env: {parameter.envvar}")
    default = parameter.get_default(context, call=False)
    if isinstance(parameter.show_default, str):
        parts.append(f"default: {parameter.show_default}")
    elif parameter.show_default and default not in (None, False):
        parts.append(f"default: {default}")
    if parameter.required:
        parts.append("required")
    return f"[{'; '.join(parts)}]" if parts else ""


def _example_lines(found: Sequence[Example], width: int) -> Iterator[list[_Span]]:
    """Yield the lines of examples: what they do to the right of all of them, or below each."""
    column = max(len(example.line) for example in found) + 4
    if column + max(len(example.meaning) for example in found) <= width:
        yield from _listed([_Entry(example.line, "", example.meaning) for example in found], column, width)
        return
    for example in found:
        yield from ([_Span("  "), _Span(part, _TERM)] for part in _continued(example.line, width - 2))
        yield from _wrapped([_Span(word) for word in example.meaning.split()], width, " " * _BELOW)


def _continued(command: str, width: int) -> list[str]:
    """Return a command line in lines of at most ``width`` columns, which a shell takes as one when copied."""
    if len(command) <= width:
        return [command]
    first, *words = command.split()
    parts = [first]
    for word in words:
        if len(f"{parts[-1]} {word}{_CONTINUES}") <= width:
            parts[-1] += f" {word}"
        else:
            parts.append(" " * (_BELOW - 2) + word)
    return [part + _CONTINUES for part in parts[:-1]] + parts[-1:]


def _listed(entries: Sequence[_Entry], column: int, width: int) -> Iterator[list[_Span]]:
    """Yield the lines of a list: what is said of a term begins in ``column``, or below a term that is longer.

    A ``column`` of 0 puts it below all terms.
    """
    for entry in entries:
        first = [_Span("  "), _Span(entry.term, _TERM), _Span(f" {entry.metavar}" if entry.metavar else "")]
        words = [_Span(word) for word in entry.text.split()]
        words += [_Span(word, _FAINT) for word in entry.addition.split()]
        rest = list(_wrapped(words, width, " " * (column or _BELOW)))
        gap = column - 2 - len(entry.name)
        if gap < 2:
            yield first
            yield from rest
        else:
            yield [*first, _Span(" " * gap), *rest[0][1:]]
            yield from rest[1:]


def _wrapped(words: Iterable[_Span], width: int, indent: str) -> Iterator[list[_Span]]:
    """Yield lines of at most ``width`` columns, each beginning with ``indent``; longer words stay whole."""
    line, used = [_Span(indent)], len(indent)
    for word in words:
        gap = 1 if len(line) > 1 else 0
        if gap and used + gap + len(word.text) > width:
            yield line
            line, used, gap = [_Span(indent)], len(indent), 0
        line.append(_Span(" " * gap + word.text, word.style))
        used += gap + len(word.text)
    yield line


def _text(line: Sequence[_Span], paint: bool) -> str:
    if not paint:
        return "".join(span.text for span in line).rstrip()
    return "".join(f"\x1b[{span.style}m{span.text}\x1b[0m" if span.style else span.text for span in line)


def _has_colour() -> bool:
    """Say whether standard output is a terminal that shows colours, and nobody asked for none."""
    if os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        return False
    # The old console of Windows shows the codes themselves.
    return sys.stdout.isatty() and (sys.platform != "win32" or "WT_SESSION" in os.environ)
