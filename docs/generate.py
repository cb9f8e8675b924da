"""Write the command reference, docs/cli.md, the measured results, and the pictures of a terminal for the README.

Run it: ``python docs/generate.py`` runs every example in a terminal of its own and writes all of it.
``python docs/generate.py --check`` runs them again and fails where what is written is no longer what they show;
``--quick`` leaves out what takes more than a few seconds: a check of the rest is one of the tests, and what was
written of the long examples and pictures before stays.

Help pages and examples that show the same everywhere must agree in every letter. In those that measure something
numbers, bars and the widths that follow from them may differ, since they depend on the machine; the words must
agree. What tells of the machine itself, or of a training's course on it, is shown as recorded.

The README's table of results and docs/results.md come from the rows that ship with the package, those that
``mnistkit models`` shows.
"""

from __future__ import annotations

import argparse
import fcntl
import html
import io
import os
import pty
import re
import shlex
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import termios
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, redirect_stdout, suppress
from dataclasses import dataclass
from pathlib import Path

import typer
from rich.console import Console
from rich.text import Text

from mnistkit.cli import app
from mnistkit.cli import main as run_command
from mnistkit.cli.help import walk
from mnistkit.exceptions import InterruptedRunError
from mnistkit.reporting.results_page import readme_table, results_page
from mnistkit.workflows.models import list_models

DOCS = Path(__file__).resolve().parent
PAGE = DOCS / "cli.md"
RESULTS = DOCS / "results.md"
README = DOCS.parent / "README.md"
ROWS, COLUMNS = 40, 80
# What a server says when all is done; then it is stopped.
_WAITS = b"Ctrl-C stops"
AGAIN = "python docs/generate.py"

_TABLE = re.compile(r"(?<=<!-- results -->\n).*?(?=<!-- end of results -->\n)", re.S)
_ESCAPE = re.compile(r"\x1b\[([0-9;?]*)([A-Za-z])|\r|\n|[^\x1b\r\n]+")
_HELP = re.compile(r"^(#{2,3}) (mnistkit[^\n]*)\n\n```text\n(.*?)```\n", re.M | re.S)
_OUTPUT = re.compile(r"^```console\n\$ (.*?)\n(.*?)```\n", re.M | re.S)


def exactly(text: str) -> str:
    """Return what must agree of an output that is the same everywhere: all of it."""
    return text


def in_words(text: str) -> str:
    """Return what must agree of an output that measures something: its words, without numbers and drawings."""
    return " ".join(re.findall(r"[A-Za-z][A-Za-z'-]*", text))


def as_recorded(text: str) -> str:
    """Return what must agree of an output that tells of the machine: nothing."""
    return ""


@dataclass(frozen=True)
class Example:
    """A command line whose real output the reference shows.

    Attributes:
        line: The command line.
        part: Returns what of the output must be the same when it is checked.
        quick: Whether it takes only a few seconds, and needs nothing that another one made.
    """

    line: str
    part: Callable[[str], str]
    quick: bool = False


EXAMPLES = {
    "train": Example("mnistkit train --arch lenet5 --epochs 2", as_recorded),
    "distill": Example("mnistkit distill --teacher convnext --student lenet5 --epochs 2", as_recorded),
    "evaluate": Example("mnistkit evaluate pictures convnext", in_words),
    "predict": Example("mnistkit predict digit.jpg", in_words, quick=True),
    "confusion": Example("mnistkit confusion pictures --errors-only", in_words),
    "errors": Example("mnistkit errors pictures --true 4 --limit 1", in_words),
    "export": Example("mnistkit export pictures --out digits.html --gallery 0", in_words, quick=True),
    "serve": Example("mnistkit serve", as_recorded),
    "runs": Example("mnistkit runs", in_words),
    "models list": Example("mnistkit models list", exactly, quick=True),
    "models show": Example("mnistkit models show lenet5", exactly, quick=True),
    "datasets list": Example("mnistkit datasets list", exactly, quick=True),
    "datasets fetch": Example("mnistkit datasets fetch mnist", exactly, quick=True),
    "datasets show": Example("mnistkit datasets show mnist --count 2", exactly, quick=True),
    "env": Example("mnistkit env", as_recorded),
}
"""The example of each command; they are run in this order, and some show what earlier ones made."""

PICTURES = {
    "terminal-predict.svg": Example("mnistkit predict digit.jpg", in_words, quick=True),
    "terminal-train.svg": Example("mnistkit train --arch lenet5 --epochs 3", as_recorded),
}
"""The pictures of a terminal, each with what it shows."""


def main() -> int:
    """Write the reference and the pictures, or check them; returns 1 where they are no longer true."""
    parser = argparse.ArgumentParser(description="Write docs/cli.md and docs/*.svg, or check them.")
    parser.add_argument("--check", action="store_true", help="write nothing; fail where something differs")
    parser.add_argument("--quick", action="store_true", help="only what takes a few seconds")
    options = parser.parse_args()
    if not options.check:
        write(quick=options.quick)
        return 0
    problems = list(check(quick=options.quick))
    for problem in problems:
        print(problem, file=sys.stderr)
    if problems:
        print(f"run it again, and look at what changed: {AGAIN}", file=sys.stderr)
    return bool(problems)


def write(*, quick: bool) -> None:
    """Run the examples, and write the page and the pictures.

    Args:
        quick: Keep what is written of those that take long, and the pictures.
    """
    written = dict(_OUTPUT.findall(PAGE.read_text(encoding="utf-8"))) if quick else {}
    outputs = {}
    with workplace() as place:
        for name, example in EXAMPLES.items():
            is_kept = example.line in written and not example.quick
            outputs[name] = written[example.line] if is_kept else plain(show(example.line, place))
    PAGE.write_text(page(help_pages(), outputs), encoding="utf-8")
    for path, text in results().items():
        path.write_text(text, encoding="utf-8")
    for name, example in PICTURES.items():
        if example.quick or not quick:
            (DOCS / name).write_text(picture(example.line), encoding="utf-8")


def check(*, quick: bool) -> Iterator[str]:
    """Yield a line for everything that is written differently from what the commands show now.

    Args:
        quick: Leave out what takes long.
    """
    text = PAGE.read_text(encoding="utf-8")
    yield from check_help(text)
    yield from check_results()
    with workplace() as place:
        for example in EXAMPLES.values():
            if example.quick or not quick:
                yield from check_example(example, text, place)
    for name, example in PICTURES.items():
        if example.quick or not quick:
            yield from check_picture(name, example)


def check_help(text: str) -> Iterator[str]:
    """Yield a line for each help page that stands differently in the reference, whose ``text`` is given."""
    written = {title: content for _, title, content in _HELP.findall(text)}
    for title, content in help_pages().items():
        if written.pop(title, None) != content:
            yield f"docs/cli.md: the help of '{title}' differs"
    yield from (f"docs/cli.md: there is no command '{title}'" for title in written)


def check_results() -> Iterator[str]:
    """Yield a line for each file whose table is not that of the rows which ship with the package."""
    for path, text in results().items():
        if not path.is_file() or path.read_text(encoding="utf-8") != text:
            yield f"{path.relative_to(DOCS.parent)}: the results differ from the measured rows"


def results() -> dict[Path, str]:
    """Return what the files with results are to hold: the README with its table, and the page."""
    known = list_models()
    readme, count = _TABLE.subn(lambda _: f"\n{readme_table(known)}\n", README.read_text(encoding="utf-8"))
    if count != 1:
        raise SystemExit(f"{README} needs one pair of marks around its results: <!-- results -->")
    return {README: readme, RESULTS: results_page(known)}


def check_example(example: Example, text: str, place: Path) -> Iterator[str]:
    """Run an example in the folder ``place``; yield a line if it stands differently in the reference."""
    written = dict(_OUTPUT.findall(text)).get(example.line)
    if written is None:
        yield f"docs/cli.md: the example '{example.line}' is missing"
    elif example.part(plain(show(example.line, place))) != example.part(written):
        yield f"docs/cli.md: '{example.line}' shows something else"


def check_picture(name: str, example: Example) -> Iterator[str]:
    """Yield a line if a picture is missing, or does not show what its command does now."""
    path = DOCS / name
    if not path.is_file():
        yield f"docs/{name} is missing"
    elif example.part is not as_recorded:
        drawn = (path.read_text(encoding="utf-8"), picture(example.line))
        written, shown = (example.part(drawn_text(each)) for each in drawn)
        if written != shown:
            yield f"docs/{name}: the output of '{example.line}' differs"


def help_pages() -> dict[str, str]:
    """Return the help page of each command by what calls it, as it is on a pipe of 80 columns."""
    found = walk(typer.main.get_command(app))
    return {" ".join(("mnistkit", *path)): _help_page(path) for path, command in found if not command.hidden}


def _help_page(path: tuple[str, ...]) -> str:
    before = os.environ.get("COLUMNS")
    os.environ["COLUMNS"] = str(COLUMNS)
    try:
        with redirect_stdout(io.StringIO()) as stream:
            run_command([*path, "--help"])
    finally:
        os.environ.pop("COLUMNS")
        if before is not None:
            os.environ["COLUMNS"] = before
    return stream.getvalue()


def page(helps: Mapping[str, str], outputs: Mapping[str, str]) -> str:
    """Return the reference: every help page, and below it the example with its output."""
    parts = [
        "# Command reference\n",
        f"Written by `{AGAIN}`, which runs every command shown here; do not edit it. The examples\n"
        "were run in a terminal of 80 columns, without colour. Measured figures differ a little from machine\n"
        "to machine; `train`, `runs` and `env` tell of the one that they were recorded on. `...` stands for\n"
        "the folder that mnistkit is installed in.\n",
    ]
    for title, content in helps.items():
        name = title.removeprefix("mnistkit").strip()
        parts.append(f"{'###' if ' ' in name else '##'} {title}\n\n```text\n{content}```\n")
        if name in EXAMPLES:
            parts.append(f"```console\n$ {EXAMPLES[name].line}\n{outputs[name]}```\n")
    return "\n".join(parts)


@contextmanager
def workplace() -> Iterator[Path]:
    """Give a new folder with a picture of a digit, which goes afterwards."""
    with tempfile.TemporaryDirectory() as folder:
        shutil.copy(DOCS / "digit.jpg", folder)
        yield Path(folder)


def show(line: str, place: Path, *, colour: bool = False) -> list[str]:
    """Return what a command line leaves on the screen of a terminal, a text with escape codes for each line.

    A server is stopped by Ctrl-C.

    Args:
        line: It begins with "mnistkit".
        place: The working folder.
        colour: Whether the terminal has colours.

    Raises:
        subprocess.CalledProcessError: it failed.
    """
    program, *arguments = shlex.split(line)
    assert program == "mnistkit", line
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("MNISTKIT_")},
        "PYTHONPATH": str(DOCS.parent),
        "MNISTKIT_CACHE": str(place / ".cache"),
        "TERM": "xterm-256color",
        "COLORTERM": "truecolor",
        "COLUMNS": str(COLUMNS),
        "NO_COLOR": "" if colour else "1",
    }
    leader, follower = pty.openpty()
    fcntl.ioctl(follower, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
    command = [sys.executable, "-m", "mnistkit", *arguments]
    process = subprocess.Popen(command, stdout=follower, stderr=follower, env=environment, cwd=place)
    os.close(follower)
    content, is_endless = b"", arguments[0] == "serve"
    # A terminal ends with an error where other files just end.
    with suppress(OSError):
        while piece := os.read(leader, 65_536):
            content += piece
            if is_endless and _WAITS in content:
                is_endless = False
                time.sleep(1)
                process.send_signal(signal.SIGINT)
    os.close(leader)
    if (code := process.wait()) not in (0, InterruptedRunError.exit_code):
        raise subprocess.CalledProcessError(code, line, content)
    return screen(content.decode().replace(f"{DOCS.parent}{os.sep}", ".../"))


def screen(content: str) -> list[str]:
    """Return the lines that stand on a terminal's screen after ``content`` was written to it.

    It knows the codes that a progress bar moves with: to the line's start, a line up, erase a line. Colours stay.
    """
    lines, row = [""], 0
    for match in _ESCAPE.finditer(content):
        text, (values, code) = match[0], match.groups()
        if text == "\n":
            row += 1
            lines += [""] * (row - len(lines) + 1)
        elif code == "A":
            row = max(0, row - int(values or 1))
        elif code == "K":
            lines[row] = ""
        elif text != "\r" and code in (None, "m"):
            lines[row] += text
    while lines and not Text.from_ansi(lines[-1]).plain.strip():
        lines.pop()
    return lines


def plain(lines: list[str]) -> str:
    """Return lines without colour and without spaces at their ends."""
    return "".join(f"{Text.from_ansi(line).plain.rstrip()}\n" for line in lines)


def drawn_text(svg: str) -> str:
    """Return the text that stands in a picture."""
    drawn = re.sub(r"<style>.*?</style>", "", svg, flags=re.S)
    return html.unescape("\n".join(re.findall(r"<text[^>]*>([^<]*)</text>", drawn)))


def picture(line: str) -> str:
    """Return the picture of a terminal, in SVG, in which a command line and what it shows stand."""
    with workplace() as place:
        lines = show(line, place, colour=True)
    console = Console(
        record=True, width=COLUMNS, file=io.StringIO(), force_terminal=True, color_system="truecolor"
    )
    console.print(Text.assemble(("$ ", "green"), (line, "bold")))
    for each in lines:
        console.print(Text.from_ansi(each), soft_wrap=True)
    text = console.export_svg(title="mnistkit")
    # Whoever looks at it should not have to fetch a font from somewhere.
    return re.sub(r"@font-face \{.*?\}\s*", "", text, flags=re.S)


if __name__ == "__main__":
    sys.exit(main())
