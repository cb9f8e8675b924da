"""Confused pairs and the verdict, in words."""

from __future__ import annotations

from mnistkit.evaluation.results.confusion import ConfusionResult
from mnistkit.reporting.confusion.text import pair_lines, verdict
from tests.support.results import confusion_result


def test_pairs_with_counts_and_the_rest_in_one_line():
    result = confusion_result()
    lines = pair_lines(result)
    pairs = result.pairs()
    first = pairs[0]
    assert lines[0] == f"{first.true} read as {first.predicted}: {first.counts[0]} times"
    others = sum(pair.counts[0] for pair in pairs[10:])
    assert len(lines) == 11 and lines[-1] == f"{len(pairs) - 10} other pairs: {others} times in all"
    assert result.models[0].errors == others + sum(pair.counts[0] for pair in pairs[:10])


def test_once_is_one_time():
    assert pair_lines(confusion_result(n=30, wrong=0.1))[0].endswith(": 1 time")


def test_the_same_model_twice():
    one = confusion_result(models=2)
    same = ConfusionResult(**{**vars(one), "models": (one.models[0], one.models[0])})
    assert verdict(same) == "The two matrices are the same."
    assert pair_lines(same) == []


def test_no_errors():
    assert verdict(confusion_result(wrong=0)) == "No errors at all: it classifies all 2,000 images correctly."
    assert "both classify all" in verdict(confusion_result(models=2, wrong=0))
