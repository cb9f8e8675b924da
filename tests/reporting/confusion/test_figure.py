"""A confusion matrix as a figure."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from mnistkit.evaluation.confusion import measure_confusion
from mnistkit.evaluation.results.base import EvaluatedCheckpoint
from mnistkit.evaluation.results.confusion import ConfusionResult
from mnistkit.reporting.confusion.figure import write_heat_map
from mnistkit.reporting.figures import SUFFIXES
from tests.support.files import check_file
from tests.support.results import confusion_result


def pixels(path):
    with Image.open(path) as picture:
        return np.asarray(picture.convert("RGB")).astype(int)


def test_a_single_error_is_seen_beside_a_thousand(tmp_path):
    labels = np.repeat([0, 1], 1000)
    predicted = labels.copy()
    predicted[0] = 1
    checkpoint = EvaluatedCheckpoint("m", "m.safetensors", "lenet5", "mnist", 500)
    model = measure_confusion(checkpoint, labels, predicted, 2, "none")
    result = ConfusionResult("mnist", "test", 2000, ("0", "1"), "cpu", "fp32", "none", False, (model,))
    write_heat_map(result, tmp_path / "m.png")
    # Pale orange, #fdd0a2, over about a quarter of the matrix of 120 x 120 pixels.
    pale = (np.abs(pixels(tmp_path / "m.png") - [253, 208, 162]).sum(axis=2) < 6).sum()
    assert pale > 2000


def blue(path):
    return (np.abs(pixels(path) - [43, 108, 163]).sum(axis=2) < 6).sum()


def test_errors_only_blanks_the_diagonal(tmp_path):
    write_heat_map(confusion_result(), tmp_path / "all.png")
    write_heat_map(confusion_result(errors_only=True), tmp_path / "errors.png")
    assert blue(tmp_path / "all.png") > 10_000
    assert blue(tmp_path / "errors.png") == 0


@pytest.mark.parametrize("options", [{"wrong": 0}, {"models": 2, "wrong": 0}, {"models": 2, "normalize": "all"}])
@pytest.mark.parametrize("suffix", SUFFIXES)
def test_odd_results_in_every_format(options, suffix, tmp_path):
    path = tmp_path / f"m{suffix}"
    write_heat_map(confusion_result(("a", "$x_1$", "a very long class name indeed"), **options), path)
    check_file(path)


def test_the_title_names_model_dataset_split_n_and_accuracy(tmp_path):
    result = confusion_result()
    write_heat_map(result, tmp_path / "m.svg")
    text = (tmp_path / "m.svg").read_text()
    # Text is drawn as shapes; each is preceded by a comment that holds it.
    assert "run0 on mnist, test split" in text
    assert f"2,000 images, accuracy {100 * result.models[0].accuracy:.2f} %" in text
