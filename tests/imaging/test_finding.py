"""What figures of ink and shape say of a picture."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mnistkit.imaging.finding import Statistics, judge, judge_sheet
from mnistkit.imaging.prepared import Finding
from mnistkit.imaging.shape import Shape

GOOD = Statistics(
    contrast=120,
    noise=3,
    digits=1,
    length=0.6,
    shape=Shape(width=2.5, thickest=3.5, path=2, holes=1, aspect=0.7, filled=0.4, lining=0.5),
)


def changed(change: dict[str, float]) -> Statistics:
    """Return good statistics with other figures, its shape's among them."""
    outer = {name: value for name, value in change.items() if hasattr(GOOD, name)}
    inner = {name: value for name, value in change.items() if name not in outer}
    return replace(GOOD, shape=replace(GOOD.shape, **inner), **outer)


@pytest.mark.parametrize(
    ("change", "finding"),
    [
        ({}, Finding.DIGIT),
        ({"contrast": 8}, Finding.NOTHING),
        ({"contrast": 60, "noise": 20}, Finding.NOTHING),
        ({"digits": 0}, Finding.NOTHING),
        ({"length": 0.01}, Finding.NOTHING),
        ({"digits": 3}, Finding.SEVERAL),
        ({"digits": 40}, Finding.NOT_A_DIGIT),
        ({"thickest": 15}, Finding.NOT_A_DIGIT),
        ({"path": 6}, Finding.NOT_A_DIGIT),
        ({"holes": 6}, Finding.NOT_A_DIGIT),
        ({"lining": 1, "filled": 0.8}, Finding.NOT_A_DIGIT),
        ({"lining": 1, "filled": 0.5}, Finding.DIGIT),
        ({"lining": 1, "filled": 0.9, "aspect": 0.2}, Finding.DIGIT),
        ({"aspect": 5, "path": 1}, Finding.NOT_A_DIGIT),
        ({"aspect": 2.2, "path": 2.5}, Finding.SEVERAL),
    ],
)
def test_findings(change: dict[str, float], finding: Finding) -> None:
    assert judge(changed(change)) is finding


@pytest.mark.parametrize(
    ("change", "usual", "on_sheet"),
    [
        ({}, Finding.DIGIT, Finding.DIGIT),
        ({"digits": 2}, Finding.SEVERAL, Finding.SEVERAL),
        ({"length": 0.95}, Finding.DIGIT, Finding.NOT_A_DIGIT),
        ({"contrast": 25}, Finding.DIGIT, Finding.NOT_A_DIGIT),
    ],
)
def test_on_a_sheet_a_digit_is_clear_and_has_a_margin(
    change: dict[str, float], usual: Finding, on_sheet: Finding
) -> None:
    assert judge(changed(change)) is usual
    assert judge_sheet(changed(change)) is on_sheet
