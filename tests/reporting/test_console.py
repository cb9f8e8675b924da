"""The two consoles: text as it is, colours on terminals alone, nothing cut on a pipe."""

from __future__ import annotations

import pytest

from mnistkit.exceptions import MnistkitError
from mnistkit.reporting import console
from mnistkit.reporting.console import can_show, drawing_width
from tests.support.console import console_of


def test_a_pipe_is_wide_and_without_colour(monkeypatch: pytest.MonkeyPatch) -> None:
    assert (console.stdout().width, console.stdout().color_system) == (console.PIPE_WIDTH, None)
    monkeypatch.setenv("COLUMNS", "70")
    assert console.stdout().width == 70


@pytest.mark.parametrize(("value", "coloured"), [("1", False), ("", True), (None, True)])
def test_no_color_is_obeyed_where_it_is_not_empty(
    value: str | None, coloured: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("FORCE_COLOR", "1")
    if value is not None:
        monkeypatch.setenv("NO_COLOR", value)
    assert (console.stderr().color_system is not None) is coloured


def test_drawings_have_the_width_of_a_terminal_or_the_usual_one() -> None:
    assert drawing_width(console_of(width=123)) == 123
    assert drawing_width(console_of(width=123, terminal=False)) == 80
    assert drawing_width(console_of(width=123, terminal=False), default=60) == 60


@pytest.mark.parametrize(("encoding", "expected"), [("utf-8", True), ("latin-1", False), ("ascii", False)])
def test_only_what_the_encoding_has_can_be_shown(encoding: str, expected: bool) -> None:
    assert can_show(console_of(encoding=encoding), "█±") is expected
    assert can_show(console_of(encoding=encoding), "abc")


def test_quiet_leaves_out_notes_and_progress_alone(capsys: pytest.CaptureFixture[str]) -> None:
    with console.quiet():
        console.note("note")
        console.progress().print("step")
        console.warn("careful")
        console.show_error(MnistkitError("broken"))
        console.stdout().print("result")
    console.note("later")
    out, err = capsys.readouterr()
    assert out == "result\n"
    assert err.splitlines() == ["warning: careful", "error: broken", "later"]


def test_notes_warnings_and_errors_stand_on_standard_error_as_they_are(capsys: pytest.CaptureFixture[str]) -> None:
    name = "[bold]x[/].png :smile: " + "y" * 200
    console.note(name)
    console.warn(name)
    console.show_error(MnistkitError(name, hint="mend [it]"))
    console.show_error(MnistkitError("no hint"))
    out, err = capsys.readouterr()
    assert out == ""
    assert err.splitlines() == [
        name,
        f"warning: {name}",
        f"error: {name}",
        "hint: mend [it]",
        "error: no hint",
    ]
