"""Misclassifications: divided by who makes them, chosen and sorted."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from mnistkit.data.base import LabelledImages
from mnistkit.evaluation.misclassifications import ModelPredictions, find_misclassifications
from mnistkit.evaluation.results.errors import Selection

LABELS = np.zeros(6, dtype=np.int64)
# Which of three models are wrong about each of six images.
WRONG = np.array([[0, 1, 0, 1, 1, 0], [0, 0, 1, 1, 1, 0], [0, 0, 0, 0, 1, 1]], dtype=bool)
DATA = LabelledImages(np.zeros((6, 28, 28), np.uint8), LABELS, np.arange(10, 16))


def said(wrong: NDArray[np.bool_], sure: NDArray[np.float64] | float = 2.0) -> ModelPredictions:
    """Return the predictions of a model that says 1 where it is wrong and 0 elsewhere; ``sure`` is the logit."""
    logits = np.zeros((len(wrong), 2))
    logits[np.arange(len(wrong)), wrong.astype(int)] = sure
    return ModelPredictions(torch.from_numpy(logits), LABELS[: len(wrong)])


def places(models: int) -> dict[tuple[str, tuple[int, ...]], list[int]]:
    """Return the places of the images in each section for the first so many models."""
    found = find_misclassifications([said(row) for row in WRONG[:models]], DATA, Selection(sort="index"))
    return {(each.kind, each.models): [image.place for image in each.misclassifications] for each in found}


def test_of_three_models_each_image_stands_once_with_those_who_are_wrong() -> None:
    assert places(3) == {
        ("only", (0,)): [1],
        ("only", (1,)): [2],
        ("only", (2,)): [5],
        ("some", (0, 1, 2)): [3],
        ("all", (0, 1, 2)): [4],
    }


def test_of_two_there_are_none_of_whom_only_some_are_wrong() -> None:
    assert places(2) == {("only", (0,)): [1], ("only", (1,)): [2], ("all", (0, 1)): [3, 4]}


def test_one_has_all_in_one_section() -> None:
    assert places(1) == {("wrong", (0,)): [1, 3, 4]}


def test_only_those_who_are_wrong_have_their_say() -> None:
    sections = find_misclassifications([said(row) for row in WRONG], DATA, Selection())
    (some,) = next(section for section in sections if section.kind == "some").misclassifications
    assert [(each.model, each.predicted) for each in some.predictions] == [(0, 1), (1, 1)]
    assert (some.place, some.index, some.label) == (3, 13, 0)


def test_the_limit_leaves_the_total_as_it_is() -> None:
    (section,) = find_misclassifications([said(WRONG[0])], DATA, Selection(sort="index", limit=2))
    assert (section.total, [image.index for image in section.misclassifications]) == (3, [11, 13])


@pytest.mark.parametrize("sort", ["loss", "confidence", "margin"])
def test_the_surest_come_first_and_equals_in_the_order_of_the_file(sort: str) -> None:
    sure = np.array([1.0, 3.0, 2.0, 3.0])
    (section,) = find_misclassifications([said(np.ones(4, dtype=bool), sure)], DATA, Selection(sort=sort))
    assert [image.place for image in section.misclassifications] == [1, 3, 2, 0]


def test_several_are_sorted_by_the_mean_of_those_who_are_wrong() -> None:
    wrong = np.array([True, True])
    models = [said(wrong, np.array([1.0, 4.0])), said(wrong, np.array([4.0, 2.5]))]
    section = find_misclassifications(models, DATA, Selection(sort="loss"))[-1]
    # Losses of about 1.3 and 4.0 against 4.0 and 2.6.
    assert [image.place for image in section.misclassifications] == [1, 0]


def test_the_figures_of_a_prediction_are_of_its_probabilities() -> None:
    model = said(np.array([True, False]), 2.0)
    share = 1 / (1 + math.exp(-2.0))
    wrong, right = model.prediction(0, 0), model.prediction(0, 1)
    assert wrong.probabilities.tolist() == pytest.approx([1 - share, share])
    assert (wrong.loss, wrong.margin) == pytest.approx((-math.log(1 - share), 2 * share - 1))
    assert (right.loss, right.margin) == pytest.approx((-math.log(share), 0))


def test_a_certain_and_right_answer_has_no_negative_zero_for_its_loss() -> None:
    assert math.copysign(1, said(np.array([False]), 1000.0).loss[0]) == 1
