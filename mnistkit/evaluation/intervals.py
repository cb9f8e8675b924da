"""How sure a measured accuracy is: over test images (Wilson's interval) and over seeds (mean and deviation)."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

CONFIDENCE = 0.95


@dataclass(frozen=True)
class SeedSummary:
    """One figure over several seeds.

    Attributes:
        count: Number of seeds.
        mean: Their arithmetic mean.
        std: Sample standard deviation (divided by ``count - 1``); None for a single seed, which shows none.
    """

    count: int
    mean: float
    std: float | None


def wilson_interval(successes: int, n: int) -> tuple[float, float]:
    """Return the 95 % score interval of a proportion (Wilson 1927, JASA 22, 209-212).

    Unlike the usual mean ± 1.96 standard errors it stays within 0 to 1 and keeps its coverage near 100 %,
    which is where MNIST's accuracies are.

    Args:
        successes: Number of correctly classified images, 0 to ``n``.
        n: Number of images, at least 1.

    Returns:
        Lower and upper end, each from 0 to 1.
    """
    from scipy.stats import binomtest

    interval = binomtest(successes, n).proportion_ci(confidence_level=CONFIDENCE, method="wilson")
    return float(interval.low), float(interval.high)


def pooled_interval(errors: Sequence[int], n: int) -> tuple[float, float]:
    """Return Wilson's interval of the accuracy over several seeds, their errors counted together.

    The seeds share their test images, so their errors are not independent: read it as the uncertainty of
    ``len(errors) * n`` classifications, and the standard deviation over seeds as that of the training.

    Args:
        errors: Each seed's number of errors, at least one seed.
        n: Number of images each seed was tested on.
    """
    total = n * len(errors)
    return wilson_interval(total - sum(errors), total)


def summarise_seeds(values: Sequence[float]) -> SeedSummary:
    """Return the mean and the sample standard deviation of one figure over seeds.

    Raises:
        ValueError: ``values`` is empty.
    """
    if not values:
        raise ValueError("no seeds to summarise")
    std = statistics.stdev(values) if len(values) > 1 else None
    return SeedSummary(len(values), statistics.fmean(values), std)
