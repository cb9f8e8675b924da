from __future__ import annotations

import pytest

from mnistkit.numbers import counted, percent, percentage, probability


@pytest.mark.parametrize(
    ("share", "decimals", "text"),
    [
        (1, 1, "100.0"),
        (0.99999, 1, "99.9"),
        (0.00001, 1, "0.1"),
        (0, 1, "0.0"),
        (0.996, 0, "99"),
        (0.5, 0, "50"),
    ],
)
def test_only_a_whole_is_100_and_only_nothing_0(share: float, decimals: int, text: str) -> None:
    assert percent(share, decimals) == text


def test_a_percentage_has_its_sign() -> None:
    assert percentage(0.99614) == "99.61 %"


@pytest.mark.parametrize(("number", "text"), [(0, "0 errors"), (1, "1 error"), (1234, "1,234 errors")])
def test_one_has_no_plural(number: int, text: str) -> None:
    assert counted(number, "error") == text


@pytest.mark.parametrize(
    ("share", "text"),
    [
        (0.655, "65.5 %"),
        (0.9994, "99.9 %"),
        (0.9999, ">99.9 %"),
        (1.0, "100.0 %"),
        (0.0006, "0.1 %"),
        (0.0004, "<0.1 %"),
        (0.0, "0.0 %"),
    ],
)
def test_a_probability_is_said_to_a_tenth_of_a_per_cent_and_never_rounded_to_all_or_nothing(
    share: float, text: str
) -> None:
    assert probability(share) == text
