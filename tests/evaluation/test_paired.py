from math import comb

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from mnistkit.evaluation.paired import mcnemar


def outcomes(*, both_right=0, both_wrong=0, only_a_wrong=0, only_b_wrong=0):
    counts = torch.tensor([both_right, both_wrong, only_a_wrong, only_b_wrong])
    a = torch.tensor([True, False, False, True]).repeat_interleave(counts)
    b = torch.tensor([True, False, True, False]).repeat_interleave(counts)
    return a, b


def test_hand_computed_example():
    test = mcnemar(*outcomes(both_right=80, both_wrong=7, only_a_wrong=2, only_b_wrong=8))
    assert (test.both_wrong, test.only_a_wrong, test.only_b_wrong) == (7, 2, 8)
    # Two-sided: twice the probability of at most 2 heads in 10 throws.
    assert test.p_value == pytest.approx(2 * (comb(10, 0) + comb(10, 1) + comb(10, 2)) / 2**10)


def test_models_that_never_disagree_are_not_told_apart():
    assert mcnemar(*outcomes(both_right=5, both_wrong=5)).p_value == 1.0


@settings(deadline=None, max_examples=60)
@given(*[st.integers(0, 60)] * 4)
def test_symmetric_and_blind_to_the_images_they_agree_about(right, wrong, a, b):
    one = mcnemar(*outcomes(both_right=right, both_wrong=wrong, only_a_wrong=a, only_b_wrong=b))
    swapped = mcnemar(*outcomes(both_right=right, both_wrong=wrong, only_a_wrong=b, only_b_wrong=a))
    bare = mcnemar(*outcomes(only_a_wrong=a, only_b_wrong=b))
    assert 0 < one.p_value <= 1
    assert one.p_value == pytest.approx(swapped.p_value) and one.p_value == bare.p_value
    assert (one.only_a_wrong, one.only_b_wrong) == (swapped.only_b_wrong, swapped.only_a_wrong) == (a, b)
