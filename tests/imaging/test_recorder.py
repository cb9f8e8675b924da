"""Stages of a preparation, kept to be shown."""

from __future__ import annotations

import numpy as np

from mnistkit.imaging.recorder import Recorder


def test_nothing_is_kept_unless_it_is_wanted() -> None:
    recorder = Recorder(wanted=False)
    recorder.add("a", "first", np.zeros((2, 2), np.uint8))
    assert recorder.steps == []


def test_masks_and_levels_of_any_range_can_be_looked_at() -> None:
    recorder = Recorder(wanted=True)
    recorder.add("mask", "a mask", np.array([[True, False]]))
    recorder.add("grey", "grey levels", np.array([[7, 200]], np.uint8))
    recorder.add("levels", "levels below 0", np.array([[-50.0, 0.0, 50.0]], np.float32))
    recorder.add("shares", "shares of 1", np.array([[0.0, 0.2, 1.0]]))
    recorder.add("none", "all the same", np.zeros((1, 2), np.float32))
    shown = {step.name: step.image.tolist() for step in recorder.steps}
    assert shown == {
        "mask": [[255, 0]],
        "grey": [[7, 200]],
        "levels": [[0, 128, 255]],
        "shares": [[0, 51, 255]],
        "none": [[0, 0]],
    }
    assert {step.image.dtype for step in recorder.steps} == {np.dtype(np.uint8)}


def test_a_copy_goes_its_own_way() -> None:
    recorder = Recorder(wanted=True)
    recorder.add("a", "first", np.zeros((2, 2), np.uint8))
    other = recorder.copy()
    other.add("b", "second", np.zeros((2, 2), np.uint8))
    assert [len(each.steps) for each in (recorder, other)] == [1, 2]
