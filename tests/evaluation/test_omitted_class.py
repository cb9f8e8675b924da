from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from mnistkit.evaluation.agreement import agreement, divergence
from mnistkit.evaluation.omitted_class import matching_bias, measure_omitted


def named(logits: torch.Tensor, place: int, bias: float) -> int:
    raised = logits.clone()
    raised[:, place] += bias
    return int((raised.argmax(dim=1) == place).sum())


@given(count=st.integers(0, 40), seed=st.integers(0, 20), place=st.integers(0, 2))
def test_the_bias_makes_the_class_the_answer_as_often_as_wanted(count: int, seed: int, place: int) -> None:
    logits = torch.randn(40, 3, generator=torch.Generator().manual_seed(seed))
    assert named(logits, place, matching_bias(logits, place, count)) == count


def test_what_is_right_already_stays() -> None:
    logits = torch.tensor([[2.0, 0.0], [0.0, 1.0]])
    assert matching_bias(logits, 1, 1) == 0


def test_the_figures_of_a_class_without_and_with_the_bias() -> None:
    # Three images of class 1, the third far from it; one of class 0 near to it.
    logits = torch.tensor([[1.0, 0.5], [1.0, 0.0], [9.0, 0.0], [1.0, 0.2]])
    labels = torch.tensor([1, 1, 1, 0])
    found = measure_omitted(logits, labels, 1, "one", 1.5)
    assert (found.name, found.n, found.bias) == ("one", 3, 1.5)
    assert (found.top1, found.top1_with_bias, found.all_with_bias) == (0.0, pytest.approx(2 / 3), 0.5)


def test_agreement_and_divergence_by_hand() -> None:
    teacher = torch.log(torch.tensor([[0.9, 0.1], [0.2, 0.8]]))
    student = torch.log(torch.tensor([[0.6, 0.4], [0.6, 0.4]])) + 3
    assert agreement(teacher, student) == 0.5
    expected = [
        0.9 * math.log(0.9 / 0.6) + 0.1 * math.log(0.1 / 0.4),
        0.2 * math.log(0.2 / 0.6) + 0.8 * math.log(0.8 / 0.4),
    ]
    assert divergence(teacher, student) == pytest.approx(sum(expected) / 2, rel=1e-5)
    assert divergence(teacher, teacher) == pytest.approx(0, abs=1e-9)
