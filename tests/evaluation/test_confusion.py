import json

import numpy as np
import pytest

from mnistkit.evaluation.confusion import measure_confusion
from mnistkit.evaluation.results.base import EvaluatedCheckpoint
from mnistkit.evaluation.results.confusion import ConfusionResult

LABELS = np.array([0, 0, 0, 0, 1, 1, 2])
PREDICTED = np.array([0, 0, 0, 1, 1, 0, 0])
COUNTS = [[3, 1, 0], [1, 1, 0], [1, 0, 0]]


def checkpoint(name="one"):
    return EvaluatedCheckpoint(name, f"{name}.safetensors", "lenet5", "toys", 64)


def model(predicted=PREDICTED, normalize="none", classes=3, name="one"):
    return measure_confusion(checkpoint(name), LABELS, np.asarray(predicted), classes, normalize)


def result(*models, normalize="none", errors_only=False):
    return ConfusionResult("toys", "test", 7, ("a", "b", "c"), "cpu", "fp32", normalize, errors_only, models)


def test_rows_are_true_and_columns_predicted():
    measured = model()
    assert measured.counts.tolist() == COUNTS
    assert measured.values.tolist() == COUNTS
    assert (measured.errors, measured.accuracy) == (3, pytest.approx(4 / 7))
    assert measured.recall == (0.75, 0.5, 0.0)
    assert measured.precision == (0.6, 0.5, None)


def test_a_class_that_does_not_occur_has_a_row_and_no_recall():
    measured = model(classes=4)
    assert measured.counts.shape == (4, 4)
    assert measured.recall[3] is None


@pytest.mark.parametrize(
    "normalize, expected",
    [
        ("true", [[0.75, 0.25, 0], [0.5, 0.5, 0], [1, 0, 0]]),
        ("pred", [[0.6, 0.5, 0], [0.2, 0.5, 0], [0.2, 0, 0]]),
        ("all", (np.array(COUNTS) / 7).tolist()),
    ],
)
def test_normalised(normalize, expected):
    measured = model(normalize=normalize)
    np.testing.assert_allclose(measured.values, expected)
    assert measured.counts.tolist() == COUNTS


def test_pairs_come_most_frequent_first_and_without_the_diagonal():
    pairs = result(model([0, 1, 1, 2, 1, 0, 2])).pairs()
    assert [(pair.true, pair.predicted, pair.counts) for pair in pairs] == [
        (0, 1, (2,)),
        (0, 2, (1,)),
        (1, 0, (1,)),
    ]


def test_the_difference_is_b_minus_a():
    both = result(model(), model(LABELS, name="two"))
    assert both.values.tolist() == [[1, -1, 0], [-1, 1, 0], [-1, 0, 1]]
    assert both.errors == 3
    assert {(pair.true, pair.predicted, pair.change) for pair in both.pairs()} == {
        (0, 1, -1),
        (1, 0, -1),
        (2, 0, -1),
    }


def test_json_is_plain_and_names_classes():
    document = json.loads(json.dumps(result(model(), model(LABELS, name="two")).to_json()))
    assert [each["checkpoint"]["name"] for each in document["models"]] == ["one", "two"]
    assert document["models"][0]["matrix"] == COUNTS
    assert document["models"][0]["precision"] == [0.6, 0.5, None]
    assert document["difference"][0] == [1, -1, 0]
    assert {"true": "c", "predicted": "a", "counts": [1, 0]} in document["pairs"]


def test_errors_only_leaves_the_diagonal_out():
    document = result(model(), errors_only=True).to_json()
    assert document["models"][0]["matrix"] == [[None, 1, 0], [1, None, 0], [1, 0, None]]
    assert document["difference"] is None
