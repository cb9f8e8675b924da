import json
from dataclasses import replace

import numpy as np
import pytest
import torch

from mnistkit.checkpoint import read_description, save_checkpoint
from mnistkit.data.base import LabelledImages
from mnistkit.evaluation.label_errors import LABEL_ERRORS
from mnistkit.exceptions import CheckpointError, DataError, DeviceError, ThresholdNotMetError, UsageError
from mnistkit.inference.checkpoints import find_checkpoints
from mnistkit.inference.recogniser import Recogniser
from mnistkit.models import build_model
from mnistkit.workflows.evaluate import EvaluateConfig, check_threshold, evaluate, require_accuracy
from tests.support.toys import bars, info_for, register, save_constant, save_trained, toy_dataset

THREE = ("left", "middle", "right")


def config(*checkpoints, **changes):
    return EvaluateConfig(tuple(map(str, checkpoints)), device="cpu", precision="fp32", **changes)


def share_of(data, label):
    return float((data.labels == label).mean())


@pytest.mark.parametrize("split", ["test", "val", "train"])
def test_a_constant_model_is_as_right_as_its_class_is_frequent(toys, constants, split):
    result = evaluate(config(constants[1], split=split))
    data = toys.split(split)
    row = result.models[0]
    assert (result.dataset, result.split, result.n, result.classes) == ("toys", split, len(data), THREE)
    assert row.metrics.top1 == pytest.approx(share_of(data, 1))
    # The confidence is the same for all images, so they are in one bin.
    confidence = np.e / (np.e + 2)
    assert row.metrics.ece == pytest.approx(abs(confidence - share_of(data, 1)), abs=1e-6)
    assert [each.recall for each in row.per_class] == [0.0, 1.0, 0.0]
    assert (row.name, row.perturbed, row.without_label_errors) == ("always-1", None, None)
    assert row.images_per_second > 0


def test_a_trained_model_is_better_than_chance_also_on_the_perturbed_set(toys, tmp_path):
    row = evaluate(config(save_trained(tmp_path / "m.safetensors", toys), perturbed=True)).models[0]
    assert row.metrics.top1 > 0.9
    assert row.perturbed.n == row.metrics.n
    assert 0.3 < row.perturbed.top1 < row.metrics.top1


def test_the_header_of_a_checkpoint_is_read_once(constants, monkeypatch):
    read = []
    monkeypatch.setattr(
        "mnistkit.checkpoint.read_description", lambda path: read.append(str(path)) or read_description(path)
    )
    evaluate(config(*constants))
    assert read == constants
    (found,) = find_checkpoints([constants[0]])
    Recogniser.load(found, device="cpu")
    assert read == [*constants, constants[0]]


@pytest.mark.parametrize("batch_size", [1, 7, 1000])
def test_the_figures_do_not_depend_on_the_batch_size(toys, tmp_path, batch_size):
    path = save_trained(tmp_path / "m.safetensors", toys, steps=10)
    usual = evaluate(config(path, perturbed=True)).models[0]
    other = evaluate(config(path, perturbed=True, batch_size=batch_size)).models[0]
    assert (usual.checkpoint.batch_size, other.checkpoint.batch_size) == (64, batch_size)
    assert other.metrics.errors == usual.metrics.errors
    assert other.perturbed.errors == usual.perturbed.errors
    assert other.perturbed.nll == pytest.approx(usual.perturbed.nll, rel=1e-4)


def test_the_normalisation_is_the_checkpoints_not_the_datasets(toys, tmp_path, monkeypatch):
    path = save_trained(tmp_path / "m.safetensors", toys)
    before = evaluate(config(path)).models[0].metrics
    register(monkeypatch, replace(toys, mean=0.9, std=5.0))
    assert evaluate(config(path)).models[0].metrics == before


def test_several_are_compared_in_pairs(toys, constants):
    result = evaluate(config(*constants))
    assert [(each.a, each.b) for each in result.comparisons] == [(0, 1), (0, 2), (1, 2)]
    counts = np.bincount(toys.test.labels)
    test = result.comparisons[1].test
    # 0 and 2 are both wrong where the label is 1; only the first is where it is 2.
    assert (test.both_wrong, test.only_a_wrong, test.only_b_wrong) == (counts[1], counts[2], counts[0])


def test_the_ensemble_averages_probabilities_and_is_compared_too(toys, constants):
    result = evaluate(config(*constants[:2], ensemble=True, perturbed=True))
    assert result.rows[-1] is result.ensemble
    assert [(each.a, each.b) for each in result.comparisons] == [(0, 1), (0, 2), (1, 2)]
    e = np.e
    # The mean of (e, 1, 1) and (1, e, 1), each over e + 2.
    expected = np.where(toys.test.labels == 2, 1 / (e + 2), (e + 1) / (2 * (e + 2)))
    assert result.ensemble.metrics.nll == pytest.approx(-np.log(expected).mean(), rel=1e-6)
    assert result.ensemble.metrics.top2 == pytest.approx(1 - share_of(toys.test, 2))
    assert result.ensemble.perturbed.n == result.n


def test_mnist_is_also_measured_without_its_label_errors(monkeypatch, tmp_path):
    images = bars(300, 10, seed=2)
    # Every image of a known label error, with a label that the constant model gets wrong.
    labels = np.repeat(np.array([1, 0], dtype=np.int64), [15, 285])
    test = LabelledImages(images.images, labels, np.concatenate([LABEL_ERRORS, np.arange(285)]))
    digits = tuple("0123456789")
    mnist = register(monkeypatch, replace(toy_dataset("mnist", digits), test=test))
    row = evaluate(config(save_constant(tmp_path / "zero.safetensors", mnist, 0))).models[0]
    assert (row.metrics.n, row.metrics.errors) == (300, 15)
    assert (row.without_label_errors.n, row.without_label_errors.errors) == (285, 0)
    other_split = evaluate(config(row.checkpoint.path, split="val")).models[0]
    assert other_split.without_label_errors is None


def test_two_classes(monkeypatch, tmp_path):
    pair = register(monkeypatch, toy_dataset("pair", ("no", "yes")))
    row = evaluate(config(save_constant(tmp_path / "no.safetensors", pair, 0))).models[0]
    assert row.metrics.top2 == 1.0
    assert row.metrics.top1 == pytest.approx(share_of(pair.test, 0))


def test_the_json_form_is_plain_and_names_files_in_the_tests(constants):
    document = json.loads(json.dumps(evaluate(config(*constants[:2], ensemble=True)).to_json()))
    assert [model["checkpoint"]["path"] for model in document["models"]] == constants[:2]
    assert [(pair["a"], pair["b"]) for pair in document["mcnemar"]] == [
        (constants[0], constants[1]),
        (constants[0], "ensemble"),
        (constants[1], "ensemble"),
    ]
    assert document["ensemble"]["checkpoint"] is None
    assert set(document["models"][0]["metrics"]) == {"n", "errors", "top1", "top2", "interval", "nll", "ece"}


def test_a_run_goes_by_its_folder(toys, tmp_path):
    save_constant(tmp_path / "my-run" / "model.safetensors", toys, 0)
    assert evaluate(config(tmp_path / "my-run")).models[0].name == "my-run"


def test_says_what_it_does(constants):
    lines = []
    evaluate(config(constants[0]), announce=lines.append)
    assert lines == ["evaluating always-0 on 120 images"]


@pytest.mark.parametrize(
    "changes, error, message",
    [
        ({"split": "tset"}, UsageError, "unknown split 'tset'; did you mean 'test'?"),
        ({"dataset": "toyz"}, UsageError, "did you mean 'toys'?"),
        ({"batch_size": 0}, UsageError, "at least 1, not 0"),
        ({"ensemble": True}, UsageError, "at least two checkpoints"),
        ({"device": "cuda:99"}, DeviceError, "'cuda:99' is not present"),
        ({"precision": "fp8"}, DeviceError, "unknown precision 'fp8'"),
    ],
)
def test_refuses_what_makes_no_sense(constants, changes, error, message):
    with pytest.raises(error, match=message.replace("?", r"\?")):
        evaluate(replace(config(constants[0]), **changes))


def test_refuses_the_same_checkpoint_twice(constants, tmp_path):
    with pytest.raises(UsageError, match="given more than once"):
        evaluate(config(constants[0], tmp_path / "." / ".." / tmp_path.name / "always-0.safetensors"))


def test_refuses_checkpoints_of_different_classes(constants, monkeypatch, tmp_path):
    other = toy_dataset("others", ("left", "middle", "top"))
    path = save_constant(tmp_path / "other.safetensors", other, 0)
    with pytest.raises(CheckpointError, match="left, middle, right; left, middle, top") as caught:
        evaluate(config(constants[0], path))
    assert "always-0" in caught.value.message and "other.safetensors" in caught.value.message


def test_refuses_a_dataset_of_other_classes(constants, monkeypatch):
    register(monkeypatch, toy_dataset("many", [f"c{i}" for i in range(14)]))
    with pytest.raises(CheckpointError, match=r"left, middle, right, .* c0, c1, c2 \.\.\. c13, 14 in all"):
        evaluate(config(constants[0], dataset="many"))


def test_checkpoints_of_different_datasets_need_one_to_be_named(toys, constants, monkeypatch, tmp_path):
    twin = register(monkeypatch, replace(toys, name="twin"))
    path = save_constant(tmp_path / "twin.safetensors", twin, 0)
    with pytest.raises(UsageError, match="different datasets: toys, twin"):
        evaluate(config(constants[0], path))
    assert evaluate(config(constants[0], path, dataset="twin")).dataset == "twin"


def test_a_dataset_that_is_gone_is_no_typing_mistake(toys, tmp_path):
    path = save_constant(tmp_path / "gone.safetensors", replace(toys, name="./my-pictures"), 0)
    with pytest.raises(DataError, match=r"'\./my-pictures', is not here") as caught:
        evaluate(config(path))
    assert "--dataset" in caught.value.hint and caught.value.exit_code == 1


def test_an_empty_split(toys, constants, monkeypatch):
    register(monkeypatch, replace(toys, test=toys.test.take(np.arange(0))))
    with pytest.raises(DataError, match="no images in its test split"):
        evaluate(config(constants[0]))


def test_outputs_that_are_no_numbers_are_not_counted_as_zeros(toys, tmp_path):

    weights = {
        name: torch.full_like(value, torch.nan) for name, value in build_model("lenet5", 3).state_dict().items()
    }
    save_checkpoint(tmp_path / "nan.safetensors", weights, info_for(toys))
    with pytest.raises(CheckpointError, match="not finite"):
        evaluate(config(tmp_path / "nan.safetensors"))


class TestThreshold:
    def test_any_checkpoint_below_fails_and_is_named(self, constants):
        result = evaluate(config(*constants))
        lowest = min(result.models, key=lambda row: row.metrics.top1)
        with pytest.raises(ThresholdNotMetError, match=lowest.name) as caught:
            require_accuracy(result, 100 * lowest.metrics.top1 + 0.1)
        assert caught.value.exit_code == 3

    def test_exactly_met_is_met(self, constants, toys, monkeypatch):
        labels = np.array([0] * 9962 + [1] * 38)
        test = LabelledImages(np.zeros((10000, 28, 28), np.uint8), labels, np.arange(10000))
        register(monkeypatch, replace(toys, test=test))
        result = evaluate(config(constants[0], batch_size=1000))
        require_accuracy(result, 99.62)
        with pytest.raises(ThresholdNotMetError, match=r"below 99.621 %: always-0 99.62 %"):
            require_accuracy(result, 99.621)

    def test_of_an_ensemble_only_the_ensemble_counts(self, constants):
        result = evaluate(config(*constants, ensemble=True))
        worst = min(row.metrics.top1 for row in result.models)
        assert worst < result.ensemble.metrics.top1
        require_accuracy(result, 100 * result.ensemble.metrics.top1)

    @pytest.mark.parametrize("percent", [-0.1, 100.1, float("nan"), float("inf")])
    def test_must_be_a_percentage(self, percent):
        with pytest.raises(UsageError, match="from 0 to 100"):
            check_threshold(percent)

    @pytest.mark.parametrize("percent", [0, 99.0, 100])
    def test_percentages_pass(self, percent):
        assert check_threshold(percent) == percent
