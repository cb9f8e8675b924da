import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mnistkit.evaluation.intervals import pooled_interval, summarise_seeds, wilson_interval


def by_hand(successes, n, z=1.959963984540054):
    share = successes / n
    centre = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    return centre - half, centre + half


@pytest.mark.parametrize("successes, n", [(0, 10), (10, 10), (9962, 10000), (1, 3)])
def test_wilson_is_the_score_interval(successes, n):
    assert wilson_interval(successes, n) == pytest.approx(by_hand(successes, n), abs=1e-9)


@settings(deadline=None)
@given(st.integers(1, 10000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_wilson_holds_the_estimate_and_stays_within_0_and_1(case):
    successes, n = case
    low, high = wilson_interval(successes, n)
    assert 0 <= low <= successes / n + 1e-12 and successes / n <= high + 1e-12 and high <= 1 + 1e-12
    assert low < high


def test_pooling_counts_all_errors_together():
    assert pooled_interval([30, 40, 50], 10000) == wilson_interval(30000 - 120, 30000)


def test_pooling_narrows_the_interval():
    one, three = pooled_interval([40], 10000), pooled_interval([40, 40, 40], 10000)
    assert three[1] - three[0] < one[1] - one[0]


def test_seeds_have_the_sample_standard_deviation():
    summary = summarise_seeds([1.0, 2.0, 4.0])
    assert (summary.count, summary.mean) == (3, pytest.approx(7 / 3))
    assert summary.std == pytest.approx(math.sqrt(((4 / 3) ** 2 + (1 / 3) ** 2 + (5 / 3) ** 2) / 2))


def test_one_seed_has_no_deviation_and_none_no_summary():
    assert summarise_seeds([0.99]).std is None
    with pytest.raises(ValueError, match="no seeds"):
        summarise_seeds([])
