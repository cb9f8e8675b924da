import numpy as np
import pytest
import torch

from mnistkit.checkpoint import save_checkpoint
from mnistkit.exceptions import CheckpointError, UsageError
from mnistkit.models import build_model
from mnistkit.workflows.confusion import NORMALIZE_CHOICES, ConfusionConfig, confusion
from tests.support.toys import info_for, register, save_constant, save_trained, toy_dataset


def config(*checkpoints, **changes):
    return ConfusionConfig(tuple(map(str, checkpoints)), device="cpu", precision="fp32", **changes)


@pytest.mark.parametrize("split", ["test", "val", "train"])
def test_a_constant_model_fills_one_column(toys, constants, split):
    lines = []
    result = confusion(config(constants[1], split=split), announce=lines.append)
    labels = toys.split(split).labels
    expected = np.zeros((3, 3), dtype=int)
    expected[:, 1] = np.bincount(labels, minlength=3)
    np.testing.assert_array_equal(result.values, expected)
    assert (result.dataset, result.split, result.n) == ("toys", split, len(labels))
    assert lines == [f"running always-1 on {len(labels)} images"]


@pytest.mark.parametrize("normalize", NORMALIZE_CHOICES)
def test_what_the_values_sum_to(toys, tmp_path, normalize):
    path = save_trained(tmp_path / "m.safetensors", toys, steps=10)
    values = confusion(config(path, normalize=normalize)).values
    sums = {"true": values.sum(axis=1), "pred": values.sum(axis=0), "all": values.sum(), "none": values.sum()}
    found = np.unique(np.round(np.atleast_1d(sums[normalize]), 9))
    # A class that is never predicted has an empty column.
    assert set(found.tolist()) - {0.0} == {120.0 if normalize == "none" else 1.0}


def test_two_are_subtracted(constants):
    result = confusion(config(*constants[:2]))
    assert result.is_difference and [model.checkpoint.name for model in result.models] == ["always-0", "always-1"]
    np.testing.assert_array_equal(result.values[:, 1], result.models[1].counts[:, 1])
    np.testing.assert_array_equal(result.values[:, 0], -result.models[0].counts[:, 0])


def test_more_than_two_are_wrong_usage(constants):
    with pytest.raises(UsageError, match="one checkpoint, or two to compare, not 3"):
        confusion(config(*constants))


def test_an_unknown_normalisation(constants):
    with pytest.raises(UsageError, match=r"unknown normalisation 'ture'; did you mean 'true'\?"):
        confusion(config(constants[0], normalize="ture"))


def test_classes_that_differ(constants, monkeypatch, tmp_path):
    other = register(monkeypatch, toy_dataset("others", ("left", "middle", "top")))
    path = save_constant(tmp_path / "other.safetensors", other, 0)
    with pytest.raises(CheckpointError, match="their classes differ"):
        confusion(config(constants[0], path))
    with pytest.raises(CheckpointError, match="cannot be used on others"):
        confusion(config(constants[0], dataset="others"))


def test_outputs_that_are_no_numbers_are_no_predictions(toys, tmp_path):
    weights = {name: torch.full_like(v, torch.nan) for name, v in build_model("lenet5", 3).state_dict().items()}
    save_checkpoint(tmp_path / "nan.safetensors", weights, info_for(toys))
    with pytest.raises(CheckpointError, match="not finite"):
        confusion(config(tmp_path / "nan.safetensors"))


def test_another_dataset_of_the_same_classes(toys, constants, monkeypatch):
    register(monkeypatch, toy_dataset("twin", toys.classes, test_size=30))
    assert confusion(config(constants[0], dataset="twin")).n == 30
