"""The help pages: groups, examples, metavars, widths, colour; and that options mean the same in all commands."""

from __future__ import annotations

import re
import shlex
from typing import Any

import pytest
import typer

from mnistkit.cli.help import GROUPS, examples_of
from tests.support.cli import RunCli
from tests.support.commands import COMMANDS, each_command, options_of
from tests.support.terminals import run_on_terminal

VISIBLE = [path for path, command in COMMANDS.items() if not command.hidden]
each_visible = pytest.mark.parametrize("path", VISIBLE, ids=" ".join)
LEAVES = [path for path in VISIBLE if path and not hasattr(COMMANDS[path], "commands")]
each_leaf = pytest.mark.parametrize("path", LEAVES, ids=" ".join)
ESCAPES = re.compile(r"\x1b\[[0-9;]*m")


@each_leaf
def test_every_option_stands_in_a_group(path: tuple[str, ...]) -> None:
    options = [each for each in COMMANDS[path].params if each.param_type_name == "option"]
    assert {each.rich_help_panel for each in options} <= set(GROUPS)


@each_visible
def test_every_page_has_three_examples_that_the_command_understands(
    path: tuple[str, ...], run_cli: RunCli
) -> None:
    examples = examples_of(COMMANDS[path])
    assert len(examples) == 3
    page = run_cli(*path, "--help").out
    for line, meaning in examples:
        assert f"  {line}" in page and meaning in " ".join(page.split())
        words = shlex.split(re.sub(r"^[A-Z_]+=\S+ | > \S+$", "", line))
        assert words[0] == "mnistkit"
        assert path == () or tuple(words[1 : 1 + len(path)])[:1] == path[:1]
        _parse(words[1:])


def _parse(words: list[str]) -> None:
    """Fail if the command that ``words`` call does not know its options, or takes fewer arguments."""
    path: tuple[str, ...] = ()
    while words and (*path, words[0]) in COMMANDS:
        path, words = (*path, words[0]), words[1:]
    command = COMMANDS[path]
    context = typer.Context(command)
    values, extra, _ = command.make_parser(context).parse_args(args=words)
    assert extra == []
    needed = {each.name for each in command.params if each.required}
    assert needed <= {name for name, value in values.items() if value not in (None, ())}


@each_command
def test_values_are_called_by_what_they_are(path: tuple[str, ...], run_cli: RunCli) -> None:
    page = run_cli(*path, "--help").out
    assert not re.search(r"<\w+|\bTEXT\b|\bINTEGER\b|[{}]", page)
    for parameter in COMMANDS[path].params:
        if parameter.param_type_name == "argument" or not parameter.is_flag:
            assert parameter.metavar and parameter.metavar in page


@each_command
@pytest.mark.parametrize("columns", [40, 80, 120])
def test_a_page_fits_its_terminal(
    path: tuple[str, ...], columns: int, run_cli: RunCli, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    page = run_cli(*path, "--help").out
    assert [line for line in page.splitlines() if len(line) > min(columns, 80)] == []
    # Broken command lines are still whole for a shell that they are copied into.
    copied = " ".join(page.replace("\\\n", " ").split())
    assert all(example.line in copied for example in examples_of(COMMANDS[path]))


def test_colour_adds_nothing_but_colour(run_cli: RunCli) -> None:
    coloured = run_on_terminal("predict", "--help").replace("\r\n", "\n")
    assert ESCAPES.sub("", coloured) == run_cli("predict", "--help").out
    for text in ("Usage: ", "Examples:", "Output:"):
        assert f"\x1b[1m{text}\x1b[0m" in coloured
    assert "\x1b[36m-c, --checkpoint\x1b[0m CKPT" in coloured
    assert "\x1b[" not in run_on_terminal("predict", "--help", NO_COLOR="1")
    assert "\x1b[" not in run_on_terminal("predict", "--help", TERM="dumb")


@pytest.mark.parametrize("path", [(), ("train",), ("models",), ("models", "show")])
def test_help_is_a_command_too(path: tuple[str, ...], run_cli: RunCli) -> None:
    assert run_cli("help", *path) == run_cli(*path, "--help")


def test_help_on_what_does_not_exist(run_cli: RunCli) -> None:
    result = run_cli("help", "trian")
    assert (result.code, result.out) == (2, "")
    assert "no such command 'trian'; did you mean train?" in result.err


def test_a_letter_means_the_same_everywhere() -> None:
    meanings: dict[str, set[str]] = {}
    for command in COMMANDS.values():
        for parameter in command.params:
            for letter in (name for name in parameter.opts if re.fullmatch(r"-\w", name)):
                meanings.setdefault(letter, set()).add(max(parameter.opts, key=len))
    # Both count images.
    assert meanings.pop("-n") == {"--limit", "--count"}
    assert all(len(names) == 1 for names in meanings.values()), meanings
    assert meanings["-c"] == {"--checkpoint"} and meanings["-q"] == {"--quiet"}


def test_long_options_have_their_letter_in_every_command() -> None:
    letters: dict[str, set[tuple[str, ...]]] = {}
    for command in COMMANDS.values():
        for parameter in command.params:
            name = max(parameter.opts, key=len)
            letters.setdefault(name, set()).add(tuple(each for each in parameter.opts if each != name))
    assert all(len(found) == 1 for found in letters.values()), letters


def test_whatever_takes_a_checkpoint_takes_it_as_an_option() -> None:
    takes: list[Any] = [each for each in COMMANDS.values() if "checkpoints" in options_of(each)]
    assert len(takes) == 3
    assert all("-c" in options_of(each) for each in (*takes, COMMANDS[("predict",)]))


@pytest.mark.parametrize("command", ["evaluate", "confusion", "errors"])
def test_checkpoints_are_arguments_or_options_or_both(command: str, run_cli: RunCli) -> None:
    for line in ("pictures -c pictures", "-c pictures --checkpoint pictures"):
        assert "pictures.safetensors is given more than once" in run_cli(command, *line.split()).err


def test_quiet_leaves_the_result(run_cli: RunCli, constants: list[str]) -> None:
    line = ("errors", constants[0], "--device", "cpu", "--limit", "1", "--out", "errors.json")
    loud, quiet = run_cli(*line), run_cli(*line, "-q")
    assert "wrote errors.json" in loud.err
    assert (quiet.code, quiet.out, quiet.err) == (0, loud.out, "")
    assert run_cli(*line).err == loud.err


def test_quiet_is_over_when_the_line_was_wrong(run_cli: RunCli, constants: list[str]) -> None:
    assert run_cli("errors", constants[0], "-q", "--device", "nonsense").code == 2
    assert "wrote errors.json" in run_cli("errors", constants[0], "--device", "cpu", "--out", "errors.json").err


PROGRESS = ("train", "evaluate", "predict", "confusion", "errors", "datasets fetch", "datasets show")


@pytest.mark.parametrize("command", PROGRESS)
def test_what_tells_its_progress_can_be_quiet(command: str) -> None:
    assert "-q" in options_of(COMMANDS[tuple(command.split())])


@pytest.mark.parametrize("command", ["models", "datasets"])
def test_the_list_has_a_name_of_its_own(command: str, run_cli: RunCli) -> None:
    assert run_cli(command, "list") == run_cli(command)
    assert run_cli(command, "list", "--json") == run_cli(command, "--json", "list") == run_cli(command, "--json")
