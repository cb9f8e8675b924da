from __future__ import annotations

import io
import re
import sys

import pytest
from rich.console import Console

from mnistkit.reporting import console as consoles
from mnistkit.reporting import progress
from mnistkit.reporting.progress import LoadProgress
from tests.support.console import console_of, text_on

# The last thing a bar does is to clear its line.
CLEARED = "\x1b[2K"


def test_a_plain_line_per_quarter_of_a_download() -> None:
    stream = io.StringIO()
    with LoadProgress(Console(file=stream, width=200)) as show:
        for done in range(0, 1001, 50):
            show(done * 1000, 1_000_000, "bytes")
    assert stream.getvalue().splitlines() == [
        "downloading 250.0 kB of 1.0 MB",
        "downloading 500.0 kB of 1.0 MB",
        "downloading 750.0 kB of 1.0 MB",
        "downloading 1.0 MB of 1.0 MB",
    ]


def test_short_reading_is_silent_and_long_reading_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.StringIO()
    with LoadProgress(Console(file=stream, width=200)) as show:
        show(5, 10, "pictures")
        assert stream.getvalue() == ""
        monkeypatch.setattr(progress, "_QUIET_SECONDS", -1.0)
        show(10, 10, "pictures")
    assert stream.getvalue() == "reading 10 of 10 pictures\n"


def test_a_bar_on_a_terminal_that_goes_away() -> None:
    stream = io.StringIO()
    console = Console(file=stream, force_terminal=True, width=100, legacy_windows=False)
    with LoadProgress(console) as show:
        show(1_000_000, 4_000_000, "bytes")
        show(1_500_000, 4_000_000, "bytes")
    assert "downloading" in stream.getvalue() and "1.0 MB of 4.0 MB" in stream.getvalue()
    assert stream.getvalue().endswith(CLEARED)


def test_a_warning_stands_on_its_own_line(capsys: pytest.CaptureFixture[str]) -> None:
    with LoadProgress() as show:
        show.warn("skipped one")
    assert capsys.readouterr().err == "warning: skipped one\n"


def test_a_bar_of_work_done_is_gone_at_once() -> None:
    console = console_of()
    show = LoadProgress(console)
    show(64, 120, "pictures")
    assert "64 of 120 pictures" in text_on(console)
    show(120, 120, "pictures")
    # Nothing closes it: what is printed next must not stand in its line.
    assert text_on(console).endswith(CLEARED)


def test_whatever_is_printed_removes_the_bar_and_its_next_move_brings_it_back(
    capsys: pytest.CaptureFixture[str],
) -> None:
    console = console_of()
    with LoadProgress(console) as show:
        for print_something in (
            lambda: consoles.note("a note"),
            lambda: consoles.warn("a warning"),
            lambda: consoles.stdout().print("a result"),
        ):
            show(64, 120, "pictures")
            before = text_on(console)
            assert not before.endswith(CLEARED)
            print_something()
            assert text_on(console).startswith(before) and text_on(console).endswith(CLEARED)
    out, err = capsys.readouterr()
    assert (out, err) == ("a result\n", "a note\nwarning: a warning\n")


def test_a_bar_that_was_closed_comes_back_as_often_as_it_is_moved() -> None:
    console = console_of()
    show = LoadProgress(console)
    for done in (10, 20, 30):
        show(done, 120, "pictures")
        assert f"{done} of 120 pictures" in text_on(console)
        show.close()
        assert text_on(console).endswith(CLEARED)


def test_standard_output_is_left_alone_while_a_bar_stands_on_the_terminal() -> None:
    before = sys.stdout
    with LoadProgress(console_of()) as show:
        show(1, 2, "pictures")
        assert sys.stdout is before


@pytest.mark.parametrize("width", [40, 80, 120])
def test_the_bar_gives_way_and_the_figures_stay_whole(width: int) -> None:
    console = console_of(width=width)
    with LoadProgress(console) as show:
        show(64_000, 120_000, "pictures")
        line = re.sub(r"\x1b\[[?\d;]*[A-Za-z]", "", text_on(console)).splitlines()[-1]
    assert len(line) <= width
    assert line.startswith("reading ") and " 64,000 of 120,000 pictures" in line


def test_a_terminal_that_cannot_move_its_cursor_gets_no_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "dumb")
    console = console_of()
    with LoadProgress(console) as show:
        show(1, 2, "pictures")
    assert text_on(console) == ""
