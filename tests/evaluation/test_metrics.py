import math
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import accuracy_score, classification_report, log_loss, top_k_accuracy_score

import mnistkit
from mnistkit.evaluation.metrics import (
    average_probabilities,
    expected_calibration_error,
    is_correct,
    measure,
    measure_classes,
)


def logits_of(probabilities):
    return torch.tensor(probabilities, dtype=torch.float64).log()


HAND = logits_of([[0.7, 0.2, 0.1], [0.3, 0.6, 0.1], [0.5, 0.3, 0.2], [0.2, 0.3, 0.5]])
HAND_LABELS = torch.tensor([0, 1, 1, 0])


def test_hand_computed_example():
    metrics = measure(HAND, HAND_LABELS)
    assert (metrics.n, metrics.errors, metrics.top1) == (4, 2, 0.5)
    # The third image's label is second, the fourth's is last.
    assert metrics.top2 == 0.75
    assert metrics.nll == pytest.approx(-(math.log(0.7) + math.log(0.6) + math.log(0.3) + math.log(0.2)) / 4)
    # Bins of width 1/15: 0.7 and 0.6 alone in theirs and right, the two of 0.5 together and wrong.
    assert metrics.ece == pytest.approx((0.3 + 0.4 + 2 * 0.5) / 4)


def test_agrees_with_scikit_learn():
    generator = torch.Generator().manual_seed(0)
    logits, labels = torch.randn(500, 7, generator=generator) * 3, torch.randint(0, 7, (500,), generator=generator)
    metrics = measure(logits, labels)
    probabilities = logits.double().softmax(1).numpy()
    assert metrics.top1 == pytest.approx(accuracy_score(labels, probabilities.argmax(1)))
    assert metrics.top2 == pytest.approx(top_k_accuracy_score(labels, probabilities, k=2))
    assert metrics.nll == pytest.approx(log_loss(labels, probabilities, labels=range(7)))


def test_per_class_agrees_with_the_classification_report():
    generator = torch.Generator().manual_seed(1)
    logits, labels = torch.randn(300, 3, generator=generator), torch.randint(0, 3, (300,), generator=generator)
    report = classification_report(labels, logits.argmax(1), target_names=["a", "b", "c"], output_dict=True)
    for figures in measure_classes(logits, labels, ["a", "b", "c"]):
        expected = report[figures.name]
        assert figures.precision == pytest.approx(expected["precision"])
        assert figures.recall == pytest.approx(expected["recall"])
        assert figures.f1 == pytest.approx(expected["f1-score"])
        assert figures.support == expected["support"]


def test_a_class_that_never_occurs_has_no_figures_rather_than_zeros():
    zero, one, two = measure_classes(HAND, torch.tensor([0, 1, 0, 1]), ["zero", "one", "two"])
    assert (two.support, two.precision, two.recall) == (0, 0.0, None)
    never = measure_classes(HAND[:2], torch.tensor([0, 1]), ["zero", "one", "two"])[2]
    assert (never.support, never.precision, never.recall, never.f1) == (0, None, None, None)
    assert (zero.precision, one.recall) == (1.0, 0.5)


def test_two_classes_have_all_labels_among_the_top_two():
    metrics = measure(torch.tensor([[2.0, 1.0], [0.0, 3.0]]), torch.tensor([1, 1]))
    assert (metrics.top1, metrics.top2) == (0.5, 1.0)


def test_ece_is_zero_for_a_perfectly_sure_and_right_model():
    assert measure(torch.tensor([[100.0, 0.0], [0.0, 100.0]]), torch.tensor([0, 1])).ece == pytest.approx(0)


def test_ece_bins_are_open_below_and_closed_above():
    sure, right = torch.tensor([[0.5, 0.5], [0.51, 0.49]], dtype=torch.float64), torch.tensor([0, 1])
    # With two bins 0.5 is in the lower, 0.51 in the upper: gaps of +0.5 and -0.51. In one bin they would cancel.
    assert expected_calibration_error(sure, right, bins=2) == pytest.approx((0.5 + 0.51) / 2)


@pytest.mark.parametrize("logits, labels", [((0, 3), 0), ((3, 2), 4), ((4,), 4)])
def test_refuses_what_does_not_belong_together(logits, labels):
    with pytest.raises(ValueError, match="cannot measure"):
        measure(torch.zeros(logits), torch.zeros(labels, dtype=torch.int64))


@st.composite
def predictions(draw):
    n, classes = draw(st.integers(1, 40)), draw(st.integers(2, 12))
    generator = torch.Generator().manual_seed(draw(st.integers(0, 2**31)))
    # Rounded, so that ties occur.
    logits = (torch.randn(n, classes, generator=generator) * draw(st.sampled_from([0.0, 1.0, 8.0, 60.0]))).round()
    return logits, torch.randint(0, classes, (n,), generator=generator)


@settings(deadline=None, max_examples=60)
@given(predictions())
def test_invariants(case):
    logits, labels = case
    metrics = measure(logits, labels)
    assert 0 <= metrics.top1 <= metrics.top2 <= 1
    assert metrics.interval[0] - 1e-12 <= metrics.top1 <= metrics.interval[1] + 1e-12
    assert -1e-9 <= metrics.ece <= 1 + 1e-9
    assert metrics.nll >= 0
    assert metrics.errors == int((~is_correct(logits, labels)).sum())


@settings(deadline=None, max_examples=30)
@given(predictions(), st.integers(0, 2**31))
def test_figures_do_not_depend_on_the_order_of_the_images(case, seed):
    logits, labels = case
    order = torch.randperm(len(labels), generator=torch.Generator().manual_seed(seed))
    one, other = measure(logits, labels), measure(logits[order], labels[order])
    assert (one.errors, one.top2) == (other.errors, other.top2)
    assert np.allclose([one.nll, one.ece], [other.nll, other.ece])


def test_the_average_is_of_probabilities_not_of_logits():
    mean = average_probabilities([logits_of([[0.9, 0.1]]), logits_of([[0.3, 0.7]])]).exp()
    assert mean.tolist() == [[pytest.approx(0.6), pytest.approx(0.4)]]


def test_the_average_survives_logits_whose_probabilities_underflow():
    sure = torch.tensor([[2000.0, 0.0]])
    assert measure(average_probabilities([sure, sure]), torch.tensor([1])).nll == pytest.approx(2000)


def test_importing_the_metrics_loads_neither_scipy_nor_sklearn():
    code = (
        "import sys, mnistkit.evaluation.metrics, mnistkit.evaluation.intervals, mnistkit.evaluation.paired\n"
        "print(sorted({'scipy', 'sklearn', 'torchvision', 'matplotlib'} & set(sys.modules)))"
    )
    environment = {**os.environ, "PYTHONPATH": str(Path(mnistkit.__file__).parents[1])}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment
    )
    assert done.stdout.strip() == "[]"
