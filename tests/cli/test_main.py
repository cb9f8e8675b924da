"""The command line as a whole: help, errors and exit codes, start-up, completion."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from mnistkit import __version__
from mnistkit.data import dataset_names
from mnistkit.exceptions import (
    CheckpointError,
    InterruptedRunError,
    MnistkitError,
    ThresholdNotMetError,
    UsageError,
)
from mnistkit.locate import bundled_names
from mnistkit.models import model_names
from tests.support.cli import HEAVY, CliResult, RunCli, run_and_see_what_is_loaded, run_module
from tests.support.commands import COMMANDS, NAMES, each_command, options_of
from tests.support.runs import finished_run
from tests.support.terminals import run_on_terminal


def test_the_commands_are_listed_in_their_order(run_cli: RunCli) -> None:
    page = run_cli("--help").out
    lines = page.partition("Commands:")[2].strip().partition("\n\n")[0].splitlines()
    names = [line.split()[0] for line in lines]
    assert names == [
        "train",
        "distill",
        "evaluate",
        "predict",
        "confusion",
        "errors",
        "export",
        "serve",
        "runs",
        "models",
        "datasets",
        "env",
    ]


def test_the_list_says_of_each_command_what_it_says_itself() -> None:
    summaries = COMMANDS[()].summaries
    assert summaries == {name: COMMANDS[(name,)].help.splitlines()[0] for name in summaries}


@each_command
@pytest.mark.parametrize("flag", ["-h", "--help"])
def test_every_command_explains_itself(path: tuple[str, ...], flag: str, run_cli: RunCli) -> None:
    result = run_cli(*path, flag)
    assert (result.code, result.err) == (0, "")
    assert result.out.startswith(f"Usage: mnistkit {' '.join(path)}".rstrip())
    assert max(map(len, result.out.splitlines())) <= 80
    assert "..." not in result.out.partition("Commands:")[2], "a summary does not fit its line"


@each_command
def test_every_option_and_argument_is_documented(path: tuple[str, ...]) -> None:
    command = COMMANDS[path]
    assert command.help
    for parameter in command.params:
        assert getattr(parameter, "help", None), parameter.name


def test_without_a_command_the_help_is_shown(run_cli: RunCli) -> None:
    assert run_cli().out == run_cli("--help").out


def test_version(run_cli: RunCli) -> None:
    for flag in ("--version", "-V"):
        assert run_cli(flag) == CliResult(0, f"mnistkit {__version__}\n", "")


USAGE_ERRORS = {
    "trian": "error: no such command 'trian'; did you mean train?",
    "evlauate": "error: no such command 'evlauate'; did you mean evaluate?",
    "hepl": "error: no such command 'hepl'; did you mean help?",
    "zzz": "error: no such command 'zzz'; known: train, distill, evaluate, ",
    "models lenet5": "error: no such command 'lenet5'; did you mean show lenet5?",
    "datasets mnist": "error: no such command 'mnist'; did you mean show mnist?",
    "models shwo lenet5": "error: no such command 'shwo'; did you mean show?",
    "--verison": "error: no such option --verison; did you mean --version?",
    "train --epoch 3": "error: no such option --epoch; did you mean --epochs?",
    "train -z": "error: no such option -z",
    "train --arch": "error: option '--arch' requires an argument",
    "train --arch convnet": "error: unknown architecture 'convnet'; did you mean 'convnext'?",
    "train --arch alexnet": "error: unknown architecture 'alexnet'; known: basic, compact-18k, ",
    "train --arch=": "error: unknown architecture ''; known: ",
    "train --dataset mnsit": "error: unknown dataset 'mnsit'; did you mean 'mnist'?",
    "train --dataset emnist": "error: unknown dataset 'emnist'; did you mean 'emnist-balanced', ",
    "train --dataset ~nobody/x": "error: no such folder: ~nobody/x",
    "train --dataset ./digits": "error: no such folder: ./digits",
    "train --dataset https://x.org/d.zip": "error: the dataset https://x.org/d.zip is a URL, which is",
    "datasets fetch https://x.org/d.zip": "error: the dataset https://x.org/d.zip is a URL, which is",
    "train --device cude": "error: unknown device 'cude'; did you mean 'cuda'?",
    "evaluate --device gpu:x": "error: unknown device 'gpu:x'; ",
    "train --precision fp31": "error: unknown precision 'fp31'; did you mean 'fp32'?",
    "train --seed minus": "error: --seed takes a whole number, not 'minus'",
    "train --lr fast": "error: --lr takes a number, not 'fast'",
    "errors -n 1.5": "error: --limit takes a whole number, not '1.5'",
    "train --seed -1": "error: --seed must be a whole number from 0 to 4294967295, not -1",
    "train --epochs three": "error: --epochs takes a whole number, not 'three'",
    "train extra": "error: unexpected argument 'extra'",
    "train lenet5": "error: unexpected argument 'lenet5'; did you mean --arch lenet5?",
    "train lenet": "error: unexpected argument 'lenet'; did you mean --arch lenet5?",
    "train fashion-mnist": "error: unexpected argument 'fashion-mnist'; did you mean --dataset fashion-mnist?",
    "distill lenet5": "error: unexpected argument 'lenet5'; did you mean --student lenet5?",
    "env cpu": "error: unexpected argument 'cpu'; did you mean --device cpu?",
    "models show": "error: missing argument 'NAME|CKPT'",
    "models show lenet": "error: unknown model 'lenet'; did you mean 'lenet5' or 'lenet5-modified'?",
    "env extra": "error: unexpected argument 'extra'",
}


@pytest.mark.parametrize("line", USAGE_ERRORS)
def test_wrong_usage_is_answered_in_one_line(line: str, run_cli: RunCli) -> None:
    result = run_cli(*line.split())
    assert result.code == 2
    assert result.out == ""
    first, *rest = result.err.splitlines()
    assert first.startswith(USAGE_ERRORS[line])
    assert all(text.startswith("hint: ") for text in rest)
    assert len(rest) <= 1
    assert not list(Path().iterdir()), "nothing is written before the request is understood"


@pytest.mark.parametrize("line", ["errors -c", "train --arch", "models show --json --json=1", "evaluate -z"])
def test_wrong_usage_names_the_help_of_its_command(line: str, run_cli: RunCli) -> None:
    command = line.split(" -")[0]
    assert run_cli(*line.split()).err.splitlines()[1] == f"hint: mnistkit {command} --help"


def test_what_is_there_is_named(run_cli: RunCli) -> None:
    Path("digits").mkdir()
    Path("digit.png").touch()
    Path("digits.zip").touch()
    first, second, third, fourth = (
        run_cli(*line.split()).err.splitlines()
        for line in ("train ./digts", "train --dataset ./digts", "digit.png", "train --dataset digits.zip")
    )
    assert first[0] == "error: unexpected argument './digts'"
    assert second[0] == "error: no such folder: ./digts; did you mean 'digits'?"
    assert third[0] == "error: no such command 'digit.png'; did you mean predict digit.png?"
    assert fourth == ["error: digits.zip is a file; a dataset is a name or a folder", "hint: unpack it first"]
    assert run_cli("train", "digits").err.startswith(
        "error: unexpected argument 'digits'; did you mean --dataset digits?"
    )


@each_command
def test_every_command_refuses_unknown_options_and_names_its_help(path: tuple[str, ...], run_cli: RunCli) -> None:
    result = run_cli(*path, "--helpp")
    hint = f"hint: {' '.join(('mnistkit', *path))} --help"
    assert (result.code, result.err) == (2, f"error: no such option --helpp; did you mean --help?\n{hint}\n")


def fail_with(error: BaseException, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr("mnistkit.workflows.env.describe_environment", fail)


@pytest.mark.parametrize(
    ("error", "code", "text"),
    [
        (MnistkitError("it broke", hint="mend it"), 1, "error: it broke\nhint: mend it\n"),
        (CheckpointError("no [bold]such[/] file :smile:"), 1, "error: no [bold]such[/] file :smile:\n"),
        (UsageError("not like this"), 2, "error: not like this\n"),
        (ThresholdNotMetError("too low"), 3, "error: too low\n"),
        (InterruptedRunError("stopped", hint="resume"), 130, "error: stopped\nhint: resume\n"),
        (KeyboardInterrupt(), 130, "error: interrupted\n"),
        (MemoryError(), 1, "error: out of memory\nhint: a smaller batch needs less: --set batch_size=64\n"),
        (OSError(errno.ENOSPC, "No space left on device", "/x/y"), 1, "error: /x/y: No space left on device\n"),
        (
            ZeroDivisionError("a\nb"),
            1,
            "error: internal error: ZeroDivisionError: a b\n"
            "hint: please report it; MNISTKIT_DEBUG=1 shows the traceback\n",
        ),
        (BrokenPipeError(errno.EPIPE, "Broken pipe"), 141, ""),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, BaseException) else "",
)
def test_errors_become_a_line_and_an_exit_code(
    error: BaseException, code: int, text: str, run_cli: RunCli, monkeypatch: pytest.MonkeyPatch
) -> None:
    fail_with(error, monkeypatch)
    assert run_cli("env") == CliResult(code, "", text)


@pytest.mark.parametrize(("value", "shown"), [("1", True), ("yes", True), ("0", False), ("", False)])
def test_the_traceback_is_shown_only_on_request(
    value: str, shown: bool, run_cli: RunCli, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MNISTKIT_DEBUG", value)
    for error in (CheckpointError("broken"), ZeroDivisionError("broken")):
        fail_with(error, monkeypatch)
        result = run_cli("env")
        assert ("Traceback" in result.err) is shown
        assert result.err.splitlines()[-1].startswith(("error: ", "hint: "))
        assert result.code == 1


def test_the_module_and_the_exit_code() -> None:
    done = run_module("--version")
    assert (done.returncode, done.stdout) == (0, f"mnistkit {__version__}\n")
    assert run_module("trian").returncode == 2


def test_a_reader_that_goes_away_is_no_reason_to_complain() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    command = [sys.executable, "-m", "mnistkit", "train", "--help"]
    done = subprocess.run(command, stdout=writer, stderr=subprocess.PIPE, text=True)
    os.close(writer)
    assert done.stderr == ""
    assert done.returncode == 141


def test_an_encoding_without_the_characters_is_no_reason_to_fail() -> None:
    done = run_module("models", "show", "lenet5", env={**os.environ, "PYTHONIOENCODING": "ascii"})
    assert (done.returncode, done.stderr) == (0, "")
    assert "6?28?28" in done.stdout


@pytest.mark.parametrize(
    ("variables", "coloured"), [({}, True), ({"NO_COLOR": "1"}, False), ({"TERM": "dumb"}, False)]
)
def test_colour_only_where_it_is_wanted(variables: dict[str, str], coloured: bool) -> None:
    text = run_on_terminal("trian", **variables)
    assert ("\x1b" in text) is coloured
    assert "no such command 'trian'" in text


WRONG_LINES = (
    "confusion -o a.jpq",
    "confusion --normalize x",
    "confusion a b c",
    "errors -o a.jpq",
    "errors --sort x",
    "errors --suspect --split test",
    "evaluate --ensemble one",
    "evaluate --fail-under 200",
)
"""What commands find wrong only when they look at several options together, or at their values."""


def bad_values() -> list[str]:
    """Return, for every command, one line per option of names that is given a name that does not exist."""
    lines = []
    for path, command in COMMANDS.items():
        for option in ("--arch", "--dataset", "--device", "--precision", "--split"):
            if option in options_of(command):
                lines.append(" ".join((*path, option, "nonsense")))
        if any(parameter.param_type_name == "argument" and parameter.required for parameter in command.params):
            lines.append(" ".join(path))
            # A picture that does not exist is no wrong usage.
            lines += [" ".join((*path, "nonsense"))] if path != ("predict",) else []
        lines.append(" ".join((*path, "--nonsense")))
    return [*lines, *WRONG_LINES]


def test_help_version_and_usage_errors_import_nothing_heavy() -> None:
    helps = ["", "--version", "-V", "help", "help train", *(f"{name} --help".strip() for name in NAMES)]
    errors = ["nonsense", *bad_values()]
    loaded = run_and_see_what_is_loaded(helps + errors)
    assert set(loaded) == {*helps, *errors}
    assert len(errors) > 20
    for line, (code, heavy) in loaded.items():
        assert heavy == [], f"mnistkit {line}"
        assert code == (2 if line in errors else 0), f"mnistkit {line}"


def complete(words: str, shell: str = "bash") -> tuple[list[str], list[str]]:
    """Return what the shell would offer after ``words``, and the heavy modules that took."""
    code = (
        "import sys\nfrom mnistkit.cli import main\ncode = main()\n"
        f"print(*[n for n in {HEAVY!r} if n in sys.modules], file=sys.stderr)\nraise SystemExit(code)"
    )
    asked = {"COMP_WORDS": words, "COMP_CWORD": str(len(words.split(" ")) - 1), "_TYPER_COMPLETE_ARGS": words}
    environment = {**os.environ, **asked, "_MNISTKIT_COMPLETE": f"complete_{shell}"}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=environment, check=True
    )
    return done.stdout.split(), done.stderr.split()


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("mnistkit tr", ["train"]),
        ("mnistkit models ", ["list", "show"]),
        ("mnistkit help ev", ["evaluate"]),
        ("mnistkit help models ", ["list", "show"]),
        ("mnistkit models show ", [*model_names(), "pictures", "latest"]),
        ("mnistkit train --arch ", list(model_names())),
        ("mnistkit train --dataset ", list(dataset_names())),
        ("mnistkit evaluate --dataset emnist-l", ["emnist-letters"]),
        ("mnistkit train --dataset ./my", []),
        ("mnistkit train --device c", ["cpu", "cuda"]),
        ("mnistkit train --precision b", ["bf16"]),
        ("mnistkit evaluate runs/", ["runs/a", "runs/b"]),
    ],
)
def test_completion(words: str, expected: list[str]) -> None:
    for number, name in enumerate(("a", "b")):
        finished_run(name, number)
    assert complete(words) == (expected, [])


def test_checkpoints_are_completed_by_what_ships_and_what_was_trained() -> None:
    finished_run("a", 1)
    assert complete("mnistkit evaluate ") == (["latest", *bundled_names(), "runs/a"], [])


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_script_for_the_shell(shell: str) -> None:
    done = run_module(env={**os.environ, "_MNISTKIT_COMPLETE": f"source_{shell}"})
    assert done.returncode == 0
    assert "_MNISTKIT_COMPLETE=complete_" in done.stdout
    assert "mnistkit" in done.stdout
