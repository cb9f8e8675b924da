"""Who can teach what, and what a teacher answers."""

from __future__ import annotations

from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest
import torch

from mnistkit.data import load_dataset
from mnistkit.data.base import DIGITS, Dataset, Origin
from mnistkit.data.batches import Normalisation
from mnistkit.device import FP32
from mnistkit.exceptions import CheckpointError, UsageError
from mnistkit.preparation import Preparation
from mnistkit.training.lessons import LessonStoppedError
from mnistkit.training.teachers import find_teachers
from tests.support.runs import finished_run
from tests.support.teachers import save_teacher, teacher

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def digits() -> Dataset:
    mnist = load_dataset("mnist")
    few = mnist.train.take(np.arange(30))
    return replace(mnist, train=few, test=few, validation_size=10)


def images_of(dataset: Dataset) -> torch.Tensor:
    return torch.from_numpy(dataset.train.images).unsqueeze(1)


def test_a_teacher_is_recorded_by_name_digest_and_accuracy(tmp_path: Path) -> None:
    figures = {"val_accuracy": 0.99, "test_accuracy": 0.98, "test_nll": 0.1}
    path = tmp_path / "big.safetensors"
    assert teacher(path, metrics=figures).describe() == {
        "name": "big",
        "architecture": "lenet5",
        "sha256": sha256(path.read_bytes()).hexdigest(),
        "val_accuracy": 0.99,
        "test_accuracy": 0.98,
    }


def test_the_latest_run_is_recorded_by_its_path() -> None:
    run = finished_run("one", 5)
    save_teacher(run.model)
    (found,) = find_teachers(["latest"])
    assert found.checkpoint == str(run.model)


def test_its_answers_are_those_of_its_own_normalisation_in_half_precision(tmp_path: Path, digits: Dataset) -> None:
    found = teacher(tmp_path / "t.safetensors", mean=0.5, std=0.2)
    model, images = found.load(CPU), images_of(digits)
    answers = found.answers(model, images, digits.classes, FP32, lambda: False)
    with torch.no_grad():
        expected = model(Normalisation(0.5, 0.2)(images))
    assert answers.dtype == torch.float16
    torch.testing.assert_close(answers, expected.half())


def test_classes_in_another_order_are_put_right(tmp_path: Path, digits: Dataset) -> None:
    found = teacher(tmp_path / "t.safetensors", classes=DIGITS[::-1])
    found.check(digits)
    model, images = found.load(CPU), images_of(digits)
    in_order, own = (found.answers(model, images, each, FP32, lambda: False) for each in (DIGITS, DIGITS[::-1]))
    assert torch.equal(in_order, own.flip(1))


def test_other_classes_are_refused(tmp_path: Path, digits: Dataset) -> None:
    found = teacher(tmp_path / "t.safetensors", classes=(*DIGITS[:9], "x"), dataset="letters")
    with pytest.raises(
        CheckpointError, match=r"t cannot teach mnist: it knows the classes .* x, the dataset"
    ) as error:
        found.check(digits)
    assert error.value.hint == "it was trained on letters"


def test_pictures_that_are_prepared_in_another_way_are_refused(tmp_path: Path, digits: Dataset) -> None:
    found = teacher(tmp_path / "t.safetensors", preparation=Preparation("whole"))
    # Of data that is no pictures there is nothing to prepare.
    found.check(digits)
    pictures = replace(digits.train, origins=tuple(Origin(str(i), "digit") for i in range(30)))
    with pytest.raises(UsageError, match="prepared as 'whole', and these are prepared as 'ink'") as error:
        found.check(replace(digits, train=pictures))
    assert "--preparation whole" in (error.value.hint or "")


def test_input_of_another_size_is_refused(tmp_path: Path) -> None:
    path = save_teacher(tmp_path / "wide.safetensors", input_size=(32, 40))
    with pytest.raises(CheckpointError, match="wide takes pictures of 40x32 pixels, not 28x28"):
        find_teachers([str(path)])


def test_there_must_be_one_and_none_twice(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="there is no teacher"):
        find_teachers([])
    path = str(save_teacher(tmp_path / "t.safetensors"))
    with pytest.raises(UsageError, match="more than once"):
        find_teachers([path, path])


def test_it_stops_when_asked_and_gives_no_answers_that_are_no_numbers(tmp_path: Path, digits: Dataset) -> None:
    found = teacher(tmp_path / "t.safetensors")
    model, images = found.load(CPU), images_of(digits)
    with pytest.raises(LessonStoppedError):
        found.answers(model, images, DIGITS, FP32, lambda: True)
    with torch.no_grad():
        model.classifier[-1].bias.fill_(1e6)  # more than half precision holds
    with pytest.raises(CheckpointError, match="not finite"):
        found.answers(model, images, DIGITS, FP32, lambda: False)
