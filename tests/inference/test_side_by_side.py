"""Batches classified at the same time come back in their order."""

from __future__ import annotations

import threading

import numpy as np
import pytest
from numpy.typing import NDArray

from mnistkit.exceptions import CheckpointError
from mnistkit.inference.side_by_side import SideBySide
from tests.support.brightness import prepared, recogniser


def test_batches_side_by_side_come_back_in_the_order_they_were_begun() -> None:
    model = recogniser()
    slow, compute = threading.Event(), model.backend.logits

    def first_waits(tiles: NDArray[np.uint8]) -> NDArray[np.float32]:
        if tiles[0, 0, 0] == 0:
            assert slow.wait(30)
        return compute(tiles)

    model.backend.logits = first_waits
    with SideBySide(model) as classifier:
        for number, level in enumerate((0, 60, 4)):
            classifier.start([(str(number), prepared(level))])
        assert list(classifier.finished(wait=False)) == []
        slow.set()
        results = [each.name for batch in classifier.finished(wait=True) for each in batch]
    assert results == ["0", "1", "2"]


def test_a_batch_that_fails_is_told_in_its_turn() -> None:
    model = recogniser()
    compute = model.backend.logits

    def fails(tiles: NDArray[np.uint8]) -> NDArray[np.float32]:
        logits = compute(tiles)
        return logits * np.nan if tiles[0, 0, 0] == 60 else logits

    model.backend.logits = fails
    with SideBySide(model) as classifier:
        for number, level in enumerate((0, 60, 4)):
            classifier.start([(str(number), prepared(level))])
        results = classifier.finished(wait=True)
        assert [each.name for each in next(results)] == ["0"]
        with pytest.raises(CheckpointError, match="not finite"):
            next(results)


def test_an_empty_batch_gives_no_answers() -> None:
    with SideBySide(recogniser()) as classifier:
        classifier.start([])
        assert list(classifier.finished(wait=True)) == [[]]
        assert list(classifier.finished(wait=True)) == []


def test_no_more_wait_than_two_for_each_lane() -> None:
    model = recogniser()
    gate, compute = threading.Event(), model.backend.logits

    def waits(tiles: NDArray[np.uint8]) -> NDArray[np.float32]:
        assert gate.wait(60)
        return compute(tiles)

    model.backend.logits = waits
    with SideBySide(model) as classifier:
        for number in range(2 * model.backend.lanes):
            classifier.start([(str(number), prepared(0))])
            assert list(classifier.finished(wait=False)) == []
        classifier.start([("last", prepared(0))])
        gate.set()
        assert [each.name for each in next(classifier.finished(wait=False))] == ["0"]
