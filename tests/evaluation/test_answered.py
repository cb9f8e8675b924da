"""What is said about pictures, counted: the figures beside a folder's accuracy."""

from __future__ import annotations

from dataclasses import asdict

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mnistkit.data.base import Origin
from mnistkit.evaluation.answered import Answered, count_answers
from mnistkit.imaging.prepared import Finding, Prepared
from mnistkit.inference.answers import VERDICTS, answer
from mnistkit.inference.calibration import Calibration

CALIBRATION = Calibration(temperature=2.0, threshold=0.6)


def count(*pictures: tuple[Finding, int, tuple[float, float]]) -> Answered:
    """Count the answers about pictures of which what was found, the label and the logits are given."""
    findings, labels, logits = zip(*pictures, strict=True) if pictures else ((), (), ())
    origins = [Origin(f"{place}.png", finding.value) for place, finding in enumerate(findings)]
    array = np.array(logits, dtype=np.float32).reshape(-1, 2)
    return count_answers(origins, np.array(labels, dtype=np.int64), array, CALIBRATION)


SURE, UNSURE = (9.0, 0.0), (0.5, 0.0)


@pytest.mark.parametrize(
    ("picture", "expected"),
    [
        ((Finding.DIGIT, 0, SURE), "right"),
        ((Finding.DIGIT, 1, SURE), "wrong"),
        ((Finding.DIGIT, 0, UNSURE), "unsure"),
        ((Finding.DIGIT, 1, UNSURE), "unsure"),
        ((Finding.NOTHING, 0, SURE), "nothing"),
        ((Finding.SEVERAL, 0, SURE), "several"),
        ((Finding.NOT_A_DIGIT, 0, SURE), "not_a_digit"),
        ((Finding.NOT_A_DIGIT, 0, UNSURE), "not_a_digit"),
    ],
)
def test_each_picture_has_one_kind_of_answer(
    picture: tuple[Finding, int, tuple[float, float]], expected: str
) -> None:
    counts = asdict(count(picture))
    assert {name for name, number in counts.items() if number} == {expected}


def test_refused_is_whatever_gets_no_class() -> None:
    answered = Answered(right=1, wrong=2, unsure=4, nothing=8, several=16, not_a_digit=32)
    assert (answered.refused, answered.total) == (60, 63)


def test_the_document_has_the_words_of_predict() -> None:
    document = Answered(right=1, wrong=2, unsure=4, nothing=8, several=16, not_a_digit=32).to_json()
    assert {"right", "wrong", *VERDICTS} == {*document, "digit", "error"}
    assert (document["not-a-digit"], sum(document.values())) == (32, 63)


def test_the_probability_that_counts_is_the_calibrated_one() -> None:
    # 0.73 by themselves, 0.62 at a temperature of 2; at 0.9 the temperature leaves 0.58.
    assert count((Finding.DIGIT, 0, (1.0, 0.0))).right == 1
    assert count((Finding.DIGIT, 0, (0.7, 0.0))).unsure == 1


def test_no_pictures() -> None:
    assert count().total == 0


PICTURES = st.lists(
    st.tuples(st.sampled_from(Finding), st.integers(0, 1), st.tuples(st.floats(-9, 9), st.floats(-9, 9))),
    max_size=20,
)


@given(PICTURES)
def test_every_picture_is_counted_once_as_predict_answers_it(
    pictures: list[tuple[Finding, int, tuple[float, float]]],
) -> None:
    answered = count(*pictures)
    assert answered.total == len(pictures)
    tile = np.zeros((28, 28), np.uint8)
    prepared = [Prepared(tile, finding, 1, (28, 28)) for finding, _, _ in pictures]
    logits = np.array([each for _, _, each in pictures], dtype=np.float32).reshape(-1, 2)
    found = answer(["x"] * len(pictures), prepared, logits, ("0", "1"), CALIBRATION)
    assert answered.refused == sum(each.digit is None for each in found)
    assert answered.right == sum(
        each.digit == str(label) for each, (_, label, _) in zip(found, pictures, strict=True)
    )
