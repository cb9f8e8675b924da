from __future__ import annotations

import io

import pytest
from rich.console import Console

from mnistkit.reporting import progress
from mnistkit.reporting.progress import LoadProgress


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
    # The last thing it does is to clear its line.
    assert stream.getvalue().endswith("\x1b[2K")


def test_a_warning_stands_on_its_own_line(capsys: pytest.CaptureFixture[str]) -> None:
    with LoadProgress() as show:
        show.warn("skipped one")
    assert capsys.readouterr().err == "warning: skipped one\n"
