"""Checkpoints with their models: found, compared, loaded, or refused in one line."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from mnistkit.checkpoint import save_checkpoint
from mnistkit.exceptions import CheckpointError, UsageError
from mnistkit.inference.checkpoints import FoundCheckpoint, brief, find_checkpoints, load_model
from mnistkit.models import build_model, model_names
from mnistkit.recipe import Recipe
from mnistkit.runs import RunFolder
from tests.support.checkpoints import description

PATH = Path("model.safetensors")


def weights(classes: int = 10) -> dict[str, torch.Tensor]:
    torch.manual_seed(0)
    return build_model("lenet5", classes).state_dict()


def refused(path: Path = PATH) -> str:
    """Return the message for a checkpoint whose model cannot be loaded."""
    with pytest.raises(CheckpointError) as caught:
        load_model(FoundCheckpoint.read(path))
    assert "\n" not in caught.value.message
    return caught.value.message


@pytest.mark.parametrize("name", model_names())
def test_every_architecture_survives_the_round_trip(name: str) -> None:
    model = build_model(name, 7).eval()
    info = description(architecture=name, classes=tuple("abcdefg"))
    save_checkpoint(PATH, model.state_dict(), info)
    found = FoundCheckpoint.read(PATH)
    assert (found.path, found.info) == (PATH, info)
    loaded = load_model(found)
    assert not loaded.training
    images = torch.rand(3, 1, 28, 28)
    with torch.no_grad():
        assert torch.equal(loaded(images), model(images))


def test_weights_of_16_bits_are_loaded_into_32() -> None:
    halved = {name: value.half() for name, value in weights().items()}
    save_checkpoint(PATH, halved, description())
    for name, value in load_model(FoundCheckpoint.read(PATH)).state_dict().items():
        assert value.dtype == torch.float32
        assert torch.equal(value, halved[name].float())


def test_an_unknown_architecture_gets_the_close_match() -> None:
    save_checkpoint(PATH, weights(), description(architecture="lenet"))
    near = "'lenet5' or 'lenet5-modified'"
    assert refused() == f"model.safetensors: unknown architecture 'lenet'; did you mean {near}?"


@pytest.mark.parametrize("case", ["other classes", "missing", "extra", "shape"])
def test_tensors_that_do_not_fit(case: str) -> None:
    tensors = weights(7 if case == "other classes" else 10)
    if case == "missing":
        tensors.pop("classifier.5.bias")
    if case == "extra":
        tensors["extra"] = torch.zeros(1)
    if case == "shape":
        tensors["features.0.weight"] = torch.zeros(6, 1, 3, 3)
    save_checkpoint(PATH, tensors, description())
    assert refused() == "model.safetensors: its tensors do not fit the architecture 'lenet5'"


def saved(path: str, **changes: object) -> str:
    save_checkpoint(Path(path), {"x": torch.zeros(1)}, description(**changes))
    return path


@pytest.mark.parametrize(
    ("path", "name"),
    [("runs/a/model.safetensors", "a"), ("some/weights.safetensors", "weights"), ("model.safetensors", "model")],
)
def test_a_checkpoint_goes_by_its_run_or_its_file(path: str, name: str) -> None:
    assert FoundCheckpoint(Path(path), description()).name == name


def test_the_batch_size_is_that_of_the_recipe() -> None:
    assert FoundCheckpoint(PATH, description(recipe={"eval_batch_size": 64})).batch_size == 64
    assert FoundCheckpoint(PATH, description(recipe={})).batch_size == Recipe().eval_batch_size


def test_several_are_found_in_the_order_given() -> None:
    paths = [saved("b.safetensors"), saved("a.safetensors", seed=7)]
    found = find_checkpoints(paths)
    assert [(str(each.path), each.info.seed) for each in found] == [("b.safetensors", 0), ("a.safetensors", 7)]


@pytest.mark.usefixtures("nothing_bundled")
def test_without_any_the_default_is_found_and_announced() -> None:
    saved("runs/a/model.safetensors")
    Path("runs/a/metrics.json").write_text("{}")
    lines: list[str] = []
    (found,) = find_checkpoints([], lines.append)
    assert (found.name, lines) == ("a", [f"checkpoint: {found.path}"])


def test_the_same_one_twice_is_wrong_usage() -> None:
    Path("deeper").mkdir()
    with pytest.raises(UsageError, match="is given more than once"):
        find_checkpoints([saved("a.safetensors"), "deeper/../a.safetensors"])


def test_other_classes_cannot_be_compared() -> None:
    paths = [saved("a.safetensors"), saved("b.safetensors", classes=("x", "y"))]
    with pytest.raises(CheckpointError, match=r"their classes differ \(0, 1, .*, 9; x, y\)"):
        find_checkpoints(paths)


def test_many_classes_are_named_in_brief() -> None:
    assert brief(["a", "b"]) == "a, b"
    assert brief([str(number) for number in range(12)]).endswith("10, 11")
    assert brief([str(number) for number in range(13)]) == "0, 1, 2 ... 12, 13 in all"


def test_an_unfinished_run_says_so_wherever_it_is_used() -> None:
    run = RunFolder(Path("runs/x"))
    save_checkpoint(run.model, weights(), description(epoch=3, recipe={"epochs": 20}))
    lines: list[str] = []
    find_checkpoints([str(run.model)], lines.append)
    assert lines == []  # as far as can be seen it is no run
    run.recipe.write_text("[run]")
    for spec in (str(run.path), str(run.model)):
        find_checkpoints([spec], lines.append)
    assert lines == [
        "checkpoint: runs/x/model.safetensors",
        *["runs/x is unfinished: these are its weights after epoch 3 of 20"] * 2,
    ]
    lines.clear()
    with run.in_use():
        find_checkpoints([str(run.model)], lines.append)
        assert lines == [
            f"runs/x is still in training by {run.holder()}: these are its weights after epoch 3 of 20"
        ]
    lines.clear()
    run.metrics.write_text("{}")
    find_checkpoints([str(run.model)], lines.append)
    assert lines == []
