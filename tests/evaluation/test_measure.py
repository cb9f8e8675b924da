"""The figures of several models on one split, from their logits."""

from __future__ import annotations

import torch

from mnistkit.evaluation.measure import Outputs, Truth, average_outputs, compare_all, measure_model

LABELS = torch.tensor([0, 0, 1, 1])
# Right about the first three, and about the last alone.
FIRST = torch.tensor([[9.0, 0.0], [9.0, 0.0], [0.0, 9.0], [9.0, 0.0]])
SECOND = torch.tensor([[0.0, 9.0], [0.0, 9.0], [9.0, 0.0], [0.0, 9.0]])


def test_images_that_are_not_trusted_count_in_the_usual_figures_alone() -> None:
    trusted = torch.tensor([True, True, True, False])
    row = measure_model(None, Outputs(FIRST, None), Truth(("a", "b"), LABELS, trusted))
    assert (row.metrics.n, row.metrics.errors) == (4, 1)
    assert row.without_label_errors is not None
    assert (row.without_label_errors.n, row.without_label_errors.errors) == (3, 0)
    assert measure_model(None, Outputs(FIRST, None), Truth(("a", "b"), LABELS)).without_label_errors is None


def test_each_figure_is_of_its_own_outputs() -> None:
    row = measure_model(None, Outputs(FIRST, SECOND, 12.5), Truth(("a", "b"), LABELS))
    assert row.perturbed is not None
    assert (row.metrics.errors, row.perturbed.errors, row.images_per_second) == (1, 3, 12.5)
    assert [(each.name, each.support, each.recall) for each in row.per_class] == [("a", 2, 1.0), ("b", 2, 0.5)]


def test_the_ensemble_averages_probabilities_of_both_kinds_of_images() -> None:
    together = average_outputs([Outputs(FIRST, SECOND, 1.0), Outputs(SECOND, SECOND, 2.0)])
    torch.testing.assert_close(
        together.logits.softmax(dim=1), torch.full((4, 2), 0.5, dtype=together.logits.dtype)
    )
    assert together.perturbed_logits is not None
    torch.testing.assert_close(
        together.perturbed_logits.softmax(dim=1), SECOND.softmax(dim=1).to(together.perturbed_logits.dtype)
    )
    assert (together.images_per_second, together.answers) == (None, None)
    assert average_outputs([Outputs(FIRST, None), Outputs(SECOND, None)]).perturbed_logits is None


def test_every_two_are_compared_by_who_is_wrong_alone() -> None:
    outputs = [Outputs(each, None) for each in (FIRST, SECOND, FIRST)]
    found = compare_all(outputs, Truth(("a", "b"), LABELS))
    counts = {
        (each.a, each.b): (each.test.both_wrong, each.test.only_a_wrong, each.test.only_b_wrong) for each in found
    }
    assert counts == {(0, 1): (0, 1, 3), (0, 2): (1, 0, 0), (1, 2): (0, 3, 1)}
    assert compare_all(outputs[:1], Truth(("a", "b"), LABELS)) == ()
