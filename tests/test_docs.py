"""The command reference says what the commands say: docs/cli.md, written by docs/generate.py."""

from __future__ import annotations

import importlib.util
import shutil
import sys
from pathlib import Path
from types import ModuleType

import pytest

import mnistkit
from tests.support.commands import COMMANDS

if sys.platform == "win32":
    pytest.skip("needs a pseudo-terminal", allow_module_level=True)

DOCS = Path(mnistkit.__file__).parent.parent / "docs"


def _load() -> ModuleType:
    spec = importlib.util.spec_from_file_location("generate", DOCS / "generate.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


generate = _load()
QUICK = {name: example for name, example in generate.EXAMPLES.items() if example.quick}


def test_the_help_pages_in_the_reference_are_those_of_the_commands() -> None:
    assert list(generate.check_help(generate.PAGE.read_text(encoding="utf-8"))) == []


def test_the_results_in_readme_and_docs_are_the_measured_rows() -> None:
    assert list(generate.check_results()) == []


def test_results_that_differ_are_found(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("a\n<!-- results -->\nold\n<!-- end of results -->\nz\n")
    monkeypatch.setattr(generate, "DOCS", tmp_path / "docs")
    monkeypatch.setattr(generate, "README", tmp_path / "README.md")
    monkeypatch.setattr(generate, "RESULTS", tmp_path / "docs" / "results.md")
    differ = "the results differ from the measured rows"
    assert list(generate.check_results()) == [f"README.md: {differ}", f"docs/results.md: {differ}"]
    (tmp_path / "docs").mkdir()
    for path, text in generate.results().items():
        path.write_text(text)
    assert list(generate.check_results()) == []
    text = (tmp_path / "README.md").read_text()
    assert text.startswith("a\n<!-- results -->\n\n| model ") and text.endswith("<!-- end of results -->\nz\n")


@pytest.mark.parametrize("name", QUICK)
def test_the_examples_in_the_reference_show_what_the_commands_do(name: str) -> None:
    text = generate.PAGE.read_text(encoding="utf-8")
    with generate.workplace() as place:
        assert list(generate.check_example(QUICK[name], text, place)) == []


def test_every_command_has_an_example() -> None:
    single = {
        path for path, command in COMMANDS.items() if not command.hidden and not hasattr(command, "commands")
    }
    assert {" ".join(path) for path in single} == set(generate.EXAMPLES)


def test_the_readme_shows_near_its_top_what_a_user_will_see() -> None:
    top = generate.README.read_text(encoding="utf-8").partition("## ")[0]
    for name in generate.PICTURES:
        assert f"](docs/{name})" in top
        text = (DOCS / name).read_text(encoding="utf-8")
        assert text.startswith("<svg") and "@font-face" not in text


def test_quick_pictures_show_what_the_commands_do(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    quick = [(name, example) for name, example in generate.PICTURES.items() if example.quick]
    assert quick
    for name, example in quick:
        assert list(generate.check_picture(name, example)) == []
        text = (DOCS / name).read_text(encoding="utf-8")
        (tmp_path / name).write_text(text.replace("checkpoint", "network"), encoding="utf-8")
    shutil.copy(DOCS / "digit.jpg", tmp_path)
    monkeypatch.setattr(generate, "DOCS", tmp_path)
    assert len([line for each in quick for line in generate.check_picture(*each)]) == len(quick)


def test_what_differs_is_found(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    helps = {"mnistkit": "old\n", "mnistkit gone": "help\n"}
    outputs = dict.fromkeys(generate.EXAMPLES, "1 image of class 4\n")
    text = generate.page({**generate.help_pages(), **helps}, outputs)
    assert list(generate.check_help(text)) == [
        "docs/cli.md: the help of 'mnistkit' differs",
        "docs/cli.md: there is no command 'mnistkit gone'",
    ]
    shown = ["22 images of class 5"]
    monkeypatch.setattr(generate, "show", lambda line, place: shown)
    examples = [generate.Example("mnistkit env", part) for part in (generate.exactly, generate.as_recorded)]
    assert [list(generate.check_example(each, text, tmp_path)) for each in examples] == [
        ["docs/cli.md: 'mnistkit env' shows something else"],
        [],
    ]
    words = generate.Example("mnistkit env", generate.in_words)
    assert list(generate.check_example(words, text, tmp_path)) == [
        "docs/cli.md: 'mnistkit env' shows something else"
    ]
    shown[0] = "23 image of class ██ 5.5 %"
    assert list(generate.check_example(words, text, tmp_path)) == []
    missing = generate.Example("mnistkit nothing", generate.exactly)
    assert "is missing" in next(generate.check_example(missing, text, tmp_path))


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("a\r\nb\r\n", ["a", "b"]),
        ("bar 1\r\x1b[2Kbar 2\r\x1b[2Kdone\r\n", ["done"]),
        ("one\r\ntwo\x1b[1A\r\x1b[2Knew\r\n", ["new", "two"]),
        ("\x1b[?25l\x1b[1mbold\x1b[0m\x1b[?25h\r\n\r\n", ["\x1b[1mbold\x1b[0m"]),
    ],
)
def test_what_is_left_on_a_screen(written: str, expected: list[str]) -> None:
    assert generate.screen(written) == expected
