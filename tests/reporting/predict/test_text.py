"""Answers in words."""

from __future__ import annotations

from mnistkit.inference.answers import Verdict
from mnistkit.reporting.predict.text import Summary
from tests.support.answers import answer


def test_the_summary_counts_everything() -> None:
    summary = Summary()
    for verdict in Verdict:
        summary.add(answer(verdict))
    summary.add(answer())
    summary.add(None)
    assert list(summary.lines()) == [
        "7 pictures: digit 2, unsure 1, nothing 1, several 1, not-a-digit 1, error 1",
        "7: 2",
    ]
