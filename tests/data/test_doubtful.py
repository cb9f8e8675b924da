"""What is said of pictures that teach or prove nothing."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mnistkit.data.base import LabelledImages, Origin
from mnistkit.data.doubtful import warn_of_doubtful

FOLDER = Path("pictures")


def images(*levels: int, label: int = 0, split: str = "train", finding: str = "digit") -> LabelledImages:
    """Return a split of tiles, each with a dot of its own level; level 0 is a blank tile."""
    tiles = np.zeros((len(levels), 28, 28), dtype=np.uint8)
    tiles[:, 5, 5] = levels
    origins = tuple(
        Origin(str(FOLDER / f"{split}{label}-{number}.png"), finding if level else "nothing")
        for number, level in enumerate(levels)
    )
    labels = np.full(len(levels), label, dtype=np.int64)
    return LabelledImages(tiles, labels, np.arange(len(levels), dtype=np.int64), origins)


def warnings(**splits: LabelledImages) -> list[str]:
    lines: list[str] = []
    warn_of_doubtful(FOLDER, splits, lines.append)
    return lines


def test_nothing_is_said_of_sound_pictures() -> None:
    assert warnings(train=images(1, 2, 3), test=images(4, 5)) == []


def test_blank_pictures_are_named_and_counted_once() -> None:
    (line,) = warnings(train=images(1, 0, 0, 0), test=images(0, split="test"))
    assert line == (
        "4 of 5 pictures in pictures are blank or too faint to read: "
        "train0-1.png, train0-2.png, train0-3.png and 1 more"
    )


def test_what_is_no_single_writing_is_named_with_what_it_is() -> None:
    (line,) = warnings(train=images(1, finding="several"), val=images(2))
    assert line == "1 of 2 pictures in pictures do not show one piece of writing: train0-0.png (several)"


def test_copies_in_one_split_and_class_are_only_counted() -> None:
    (line,) = warnings(train=images(1, 1, 1, 2, 3, 3))
    assert line.startswith("3 of 6 pictures in pictures are copies of others: train0-0.png = train0-1.png")


@pytest.mark.parametrize(("one", "other"), [("train", "test"), ("val", "test"), ("train", "val")])
def test_the_same_picture_in_two_splits_is_a_graver_matter(one: str, other: str) -> None:
    (first,) = warnings(**{one: images(1, 2, split=one), other: images(3, 1, split=other)})
    assert first.startswith(
        f"pictures has identical pictures in several splits: {one}0-0.png = {other}0-1.png ({one} and {other})"
    )
    assert "too good" in first


def test_the_same_picture_in_two_classes_has_a_wrong_label() -> None:
    both = images(7).followed_by(images(7, label=1))
    (first,) = warnings(train=both)
    assert first.startswith("pictures has identical pictures in several classes: train0-0.png = train1-0.png")
    assert first.endswith("not all of their labels can be right")
