from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mnistkit.data.splits import stratified_holdout
from mnistkit.exceptions import DataError


@given(st.lists(st.integers(0, 5), min_size=2, max_size=200), st.data())
def test_sizes_and_disjointness(labels: list[int], data: st.DataObject) -> None:
    size = data.draw(st.integers(1, len(labels) - 1))
    kept, held_out = stratified_holdout(np.array(labels), size)
    assert len(held_out) == size
    assert sorted([*kept, *held_out]) == list(range(len(labels)))
    assert list(kept) == sorted(kept) and list(held_out) == sorted(held_out)


@given(st.lists(st.integers(12, 60), min_size=1, max_size=6), st.integers(2, 10))
def test_class_shares_are_kept_within_one(counts: list[int], part: int) -> None:
    labels = np.random.default_rng(0).permutation(np.repeat(np.arange(len(counts)), counts))
    size = len(labels) // part
    _, held_out = stratified_holdout(labels, size)
    for label, count in enumerate(counts):
        assert abs((labels[held_out] == label).sum() - count * size / len(labels)) <= 1


@given(st.lists(st.integers(2, 30), min_size=2, max_size=12), st.data())
def test_every_class_is_on_both_sides_where_possible(counts: list[int], data: st.DataObject) -> None:
    labels = np.repeat(np.arange(len(counts)), counts)
    size = data.draw(st.integers(len(counts), len(labels) - len(counts)))
    for side in stratified_holdout(labels, size):
        assert set(labels[side]) == set(range(len(counts)))


def test_the_same_for_everyone() -> None:
    _, held_out = stratified_holdout(np.arange(30) % 3, 6)
    assert held_out.tolist() == [7, 9, 15, 16, 17, 26]


@pytest.mark.parametrize("size", [0, -1, 5, 6])
def test_impossible_sizes(size: int) -> None:
    with pytest.raises(DataError, match=f"hold out {size} of 5"):
        stratified_holdout(np.zeros(5, dtype=np.int64), size)
