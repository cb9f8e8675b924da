"""Checkpoints on folders: whole, and with only some of their classes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mnistkit.data.base import Dataset
from mnistkit.exceptions import DataError
from mnistkit.workflows.confusion import ConfusionConfig, confusion
from mnistkit.workflows.errors import ErrorsConfig, find_errors
from mnistkit.workflows.evaluate import EvaluateConfig, evaluate
from tests.support.dataset_folders import make_classes


@pytest.fixture
def some(toys: Dataset, tmp_path: Path) -> str:
    """A folder with two of the toys' three classes, and one picture of one of them."""
    return str(make_classes(tmp_path / "some", {"right": 5, "left": 1}))


def test_a_whole_folder_is_measured_class_by_class(constants: list[str], some: str) -> None:
    result = evaluate(EvaluateConfig((constants[2],), dataset=some, split="all", device="cpu"))
    (row,) = result.rows
    assert (result.n, result.split, result.classes) == (6, "all", ("left", "middle", "right"))
    assert row.metrics.errors == 1
    assert [(each.name, each.support, each.recall) for each in row.per_class] == [
        ("left", 1, 0.0),
        ("middle", 0, None),
        ("right", 5, 1.0),
    ]


def test_a_class_without_pictures_is_an_empty_row(constants: list[str], some: str) -> None:
    config = ConfusionConfig((constants[1],), dataset=some, split="all", device="cpu", normalize="true")
    (model,) = confusion(config).models
    np.testing.assert_array_equal(model.counts, [[0, 1, 0], [0, 0, 0], [0, 5, 0]])
    np.testing.assert_array_equal(model.values, [[0, 1, 0], [0, 0, 0], [0, 1, 0]])


def test_errors_of_a_whole_folder(constants: list[str], some: str) -> None:
    config = ErrorsConfig((constants[2],), dataset=some, split="all", device="cpu")
    ((image,),) = [section.misclassifications for section in find_errors(config).sections]
    assert image.label == 0


def test_too_few_pictures_for_a_split_say_how_to_measure_all(constants: list[str], some: str) -> None:
    with pytest.raises(DataError, match="too few images of class 'left'") as caught:
        evaluate(EvaluateConfig((constants[0],), dataset=some, device="cpu"))
    assert caught.value.hint == "--split all measures on every image"


def test_a_class_that_the_model_does_not_know(constants: list[str], tmp_path: Path) -> None:
    folder = make_classes(tmp_path / "more", {"left": 3, "top": 3})
    with pytest.raises(DataError, match="more has the class 'top', which the model does not know"):
        evaluate(EvaluateConfig((constants[0],), dataset=str(folder), split="all", device="cpu"))


def test_all_images_of_a_registered_dataset(toys: Dataset, constants: list[str]) -> None:
    result = evaluate(EvaluateConfig((constants[0],), split="all", device="cpu"))
    assert result.n == len(toys.train) + len(toys.test)


def test_part_of_a_folder_that_no_model_learnt_from_is_said_to_be_a_part(
    constants: list[str], tmp_path: Path
) -> None:
    folder = str(make_classes(tmp_path / "new", {"left": 14, "right": 14}))

    def said(split: str) -> list[str]:
        lines: list[str] = []
        evaluate(EvaluateConfig((constants[0],), dataset=folder, split=split, device="cpu"), lines.append)
        return [line for line in lines if "split" in line]

    assert said("test") == [f"{folder}: only the test split, 4 of 28; --split all takes all"]
    assert said("all") == []
