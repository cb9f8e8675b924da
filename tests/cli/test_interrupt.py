"""Ctrl-C during long work."""

from __future__ import annotations

import signal

import pytest

from mnistkit.cli.interrupt import stop_on_interrupt

SIGNALS = (signal.SIGINT, signal.SIGTERM)


@pytest.mark.parametrize("sent", SIGNALS)
def test_the_first_asks_and_the_second_stops_at_once(sent: signal.Signals) -> None:
    lines: list[str] = []
    with stop_on_interrupt(lines.append) as should_stop:
        assert not should_stop()
        signal.raise_signal(sent)
        assert should_stop()
        assert lines == ["stopping after this step; Ctrl-C again stops at once"]
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(sent)


@pytest.mark.parametrize("sent", SIGNALS)
def test_before_a_training_begins_the_first_stops_at_once(sent: signal.Signals) -> None:
    lines: list[str] = []
    begun = False
    with stop_on_interrupt(lines.append, lambda: begun) as should_stop:
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(sent)
        assert not should_stop()
        begun = True
        signal.raise_signal(sent)
        assert should_stop()
    assert len(lines) == 1


def test_afterwards_signals_do_what_they_did_before() -> None:
    before = [signal.getsignal(each) for each in SIGNALS]
    with stop_on_interrupt(lambda line: None):
        assert [signal.getsignal(each) for each in SIGNALS] != before
    assert [signal.getsignal(each) for each in SIGNALS] == before
    with pytest.raises(ZeroDivisionError), stop_on_interrupt(lambda line: None):
        raise ZeroDivisionError
    assert [signal.getsignal(each) for each in SIGNALS] == before
