"""Numbers in words: shares in per cent, and how many there are of something, the same way everywhere."""

from __future__ import annotations


def percentage(share: float, decimals: int = 2) -> str:
    """Return a share, 0 to 1, as "99.61 %"."""
    return f"{percent(share, decimals)} %"


def percent(share: float, decimals: int = 2) -> str:
    """Return a share in percent without the sign; only a whole is 100, and only nothing is 0."""
    text = f"{100 * share:.{decimals}f}"
    step = 10**-decimals
    if share < 1 and float(text) >= 100:
        return f"{100 - step:.{decimals}f}"
    if share > 0 and float(text) == 0:
        return f"{step:.{decimals}f}"
    return text


def mean_and_std(mean: float, std: float | None) -> str:
    """Return a share over seeds as "99.61 ± 0.04 %"; one seed shows no deviation."""
    return percentage(mean) if std is None else f"{percent(mean)} ± {100 * std:.2f} %"


def probability(share: float) -> str:
    """Return a model's probability, 0 to 1, as "65.5 %"; nearly nothing is "<0.1 %", nearly all ">99.9 %".

    >>> [probability(share) for share in (0.655, 0.9999, 0.0001, 1.0)]
    ['65.5 %', '>99.9 %', '<0.1 %', '100.0 %']
    """
    text = f"{100 * share:.1f} %"
    if share < 1 and text == "100.0 %":
        return ">99.9 %"
    return "<0.1 %" if share > 0 and text == "0.0 %" else text


def counted(number: int, noun: str) -> str:
    """Return how many there are of something, as "1 error" or "1,234 errors"."""
    return f"{number:,} {noun}" + ("" if number == 1 else "s")
