"""Trainings that start from trained weights, on small folders and divided as asked for."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from mnistkit.checkpoint import load_tensors, read_info, save_checkpoint
from mnistkit.data import load_dataset
from mnistkit.data.base import LoadOptions, SplitShares
from mnistkit.exceptions import (
    CheckpointError,
    DataError,
    InterruptedRunError,
    OutputError,
    RecipeError,
    UsageError,
)
from mnistkit.preparation import Preparation
from mnistkit.recipe_sources import read_toml
from mnistkit.runs import RunFolder
from mnistkit.training.events import RunStart, TrainingEvents
from mnistkit.workflows.evaluate import EvaluateConfig, evaluate
from mnistkit.workflows.recorded_run import follow_recorded_run
from mnistkit.workflows.train import TrainResult, train
from mnistkit.workflows.train_config import TrainConfig
from mnistkit.workflows.trained_weights import TrainedWeights, follow_trained
from tests.support.checkpoints import description
from tests.support.dataset_folders import make_classes

NAMES = ("eight", "three", "two", "zero")


class Noting(TrainingEvents):
    def __init__(self) -> None:
        self.starts: list[RunStart] = []

    def run_started(self, start: RunStart) -> None:
        self.starts.append(start)


@pytest.fixture(scope="module")
def words(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of MNIST's twos, threes, eights and zeros, 8 for training and 25 for the test, with other names."""
    folder, mnist = tmp_path_factory.mktemp("data") / "words", load_dataset("mnist")
    for split, data, count in (("train", mnist.train, 8), ("test", mnist.test, 25)):
        for name, digit in zip(NAMES, (8, 3, 2, 0), strict=True):
            (folder / split / name).mkdir(parents=True)
            for place in np.flatnonzero(data.labels == digit)[:count]:
                Image.fromarray(data.images[place]).save(folder / split / name / f"{place}.png")
    return folder


def config(folder: Path, out: str, checkpoint: Path | None = None, **settings: Any) -> TrainConfig:
    changes = (("a test", settings),) if settings else ()
    init = None if checkpoint is None else str(checkpoint)
    return TrainConfig("lenet5", str(folder), changes, device="cpu", out=Path(out), init=init)


def test_trained_weights_beat_new_ones_with_few_pictures(words: Path, checkpoint: Path) -> None:
    def errors(out: str, init: Path | None) -> int:
        result = train(replace(config(words, out, init, epochs=5, repeats=10), recipe_name="quick"))
        return int(result.metrics["test"]["errors"])

    assert errors("trained", checkpoint) < errors("new", None) / 2


def test_few_pictures_get_a_recipe_that_suits_them_and_it_is_recorded(words: Path, checkpoint: Path) -> None:
    noting = Noting()
    result = train(config(words, "run", checkpoint, epochs=2), noting)
    (start,) = noting.starts
    assert start.fitted.startswith("only 28 training images: batches of 16 instead of 128")
    assert (start.train_size, start.val_size, start.test_size) == (28, 4, 100)
    assert result.metrics["images"] == {"train": 28, "val": 4, "test": 100}
    recorded = read_toml(result.folder.recipe)
    assert (recorded["batch_size"], recorded["epochs"], recorded["repeats"]) == (16, 2, 1)
    assert recorded["augmentation"]["elastic"] == 1.0


def test_the_run_and_its_checkpoint_record_where_the_weights_came_from(words: Path, checkpoint: Path) -> None:
    result = train(config(words, "run", checkpoint, epochs=1))
    source = read_info(checkpoint)
    found = read_info(result.checkpoint)
    assert (found.mean, found.std) == (source.mean, source.std)
    assert found.classes == NAMES
    assert found.init == result.metrics["init"] == read_toml(result.folder.recipe)["run"]["init"]
    assert found.init == {
        "checkpoint": str(checkpoint),
        "name": checkpoint.parent.name,
        "sha256": hashlib.sha256(checkpoint.read_bytes()).hexdigest(),
        "mean": source.mean,
        "std": source.std,
    }
    again = follow_recorded_run(TrainConfig(), {"recipe"}, result.folder.recipe)
    assert (again.init, again.dataset, again.architecture) == (str(checkpoint), str(words), "lenet5")


def test_the_head_is_new_only_where_the_classes_differ(checkpoint: Path) -> None:
    weights, own = TrainedWeights.find(str(checkpoint), "lenet5"), load_tensors(checkpoint)
    assert weights.tensors(read_info(checkpoint).classes).keys() == own.keys()
    for classes in (NAMES, tuple("9876543210")):
        taken = weights.tensors(classes)
        assert own.keys() - taken.keys() == {"classifier.5.weight", "classifier.5.bias"}
        assert all(torch.equal(taken[name], own[name]) for name in taken)


def test_the_architecture_is_that_of_the_weights_unless_the_user_names_one() -> None:
    asked = TrainConfig(architecture="lenet5", init="pictures")
    assert follow_trained(asked, {"init"}).architecture == "convnext"
    assert follow_trained(asked, {"init", "architecture"}) == asked
    assert follow_trained(replace(asked, init=None), set()).architecture == "lenet5"


def test_weights_that_do_not_fit_are_one_clear_line(words: Path, tmp_path: Path, checkpoint: Path) -> None:
    with pytest.raises(UsageError, match="pictures is a convnext: its weights do not fit a lenet5"):
        train(replace(config(words, "run"), init="pictures"))
    with pytest.raises(CheckpointError, match="does not exist"):
        train(replace(config(words, "run"), init="nothing.safetensors"))
    wide = tmp_path / "wide.safetensors"
    save_checkpoint(wide, load_tensors(checkpoint), description(input_size=(32, 32)))
    with pytest.raises(CheckpointError, match="wide takes pictures of 32x32 pixels, not 28x28"):
        train(config(words, "run", wide))
    assert not Path("run").exists()


def test_a_preparation_other_than_that_of_the_weights(words: Path, tmp_path: Path, checkpoint: Path) -> None:
    asked = config(words, "run", checkpoint, epochs=1)
    with pytest.raises(UsageError, match="learnt from pictures prepared as 'ink', not 'whole'"):
        train(replace(asked, load=LoadOptions(preparation="whole")))
    squares = make_classes(tmp_path / "squares", {"a": 6, "b": 6}, paper=90)
    with pytest.raises(
        UsageError, match="learnt from pictures prepared as 'ink', but these suit 'tile'"
    ) as caught:
        train(config(squares, "run", checkpoint, epochs=1))
    assert str(caught.value.hint).startswith("--preparation ink")
    assert not Path("run").exists()
    forced = replace(config(squares, "run", checkpoint, epochs=1), load=LoadOptions(preparation="ink"))
    assert read_info(train(forced).checkpoint).preparation == Preparation("ink")


def test_whole_pictures_are_prepared_as_the_weights_learnt_them(
    words: Path, tmp_path: Path, checkpoint: Path
) -> None:
    whole = tmp_path / "whole.safetensors"
    info = replace(read_info(checkpoint), preparation=Preparation("whole", inverted=True))
    save_checkpoint(whole, load_tensors(checkpoint), info)
    found = read_info(train(config(words, "run", whole, epochs=1)).checkpoint)
    # These pictures are light on dark already.
    assert found.preparation == Preparation("whole")


def stop_after(steps: int) -> Any:
    asked = iter(range(1, 10**6))
    return lambda: next(asked) >= steps


@pytest.mark.parametrize("given_again", [True, False])
def test_a_run_from_trained_weights_is_resumed_exactly(words: Path, checkpoint: Path, given_again: bool) -> None:
    asked = config(words, "whole", checkpoint, epochs=3)
    whole = train(asked)
    begun = replace(asked, out=Path("begun"))
    with pytest.raises(InterruptedRunError):
        train(begun, should_stop=stop_after(2))
    result = train(replace(begun, resume=True, init=begun.init if given_again else None))
    assert result.checkpoint.read_bytes() == whole.checkpoint.read_bytes()
    assert result.metrics["init"] == whole.metrics["init"]


def test_a_run_that_was_killed_before_its_first_state_starts_from_the_same_weights(
    words: Path, checkpoint: Path
) -> None:
    asked = replace(config(words, "whole", checkpoint, epochs=2), load=LoadOptions(preparation="ink"))
    whole = train(asked)
    begun = replace(asked, out=Path("begun"))
    with pytest.raises(InterruptedRunError):
        train(begun, should_stop=stop_after(1))
    RunFolder(Path("begun")).state.unlink()
    result = train(replace(begun, resume=True, init=None))
    assert result.checkpoint.read_bytes() == whole.checkpoint.read_bytes()


def test_runs_from_other_weights_are_other_runs(words: Path, checkpoint: Path) -> None:
    train(config(words, "trained", checkpoint, epochs=1))
    name = checkpoint.parent.name
    with pytest.raises(OutputError, match=f"a run that started from {name}, not new weights"):
        train(config(words, "trained", epochs=1))
    train(config(words, "new", epochs=1))
    with pytest.raises(OutputError, match=f"a run that started from new weights, not {name}"):
        train(config(words, "new", checkpoint, epochs=1))
    default = train(replace(config(words, "", checkpoint, epochs=1), out=None))
    assert default.folder.path == Path(f"runs/lenet5-words-seed0-init-{name}")


def test_a_damaged_record_of_the_weights(words: Path, checkpoint: Path) -> None:
    asked = config(words, "run", checkpoint, epochs=1)
    with pytest.raises(InterruptedRunError):
        train(asked, should_stop=stop_after(1))
    recipe = RunFolder(Path("run")).recipe
    recipe.write_text(recipe.read_text().replace("sha256 =", "sha1 ="))
    with pytest.raises(RecipeError, match="the weights that the run started from is damaged"):
        train(replace(asked, resume=True))


@pytest.fixture
def divided(tmp_path: Path) -> TrainResult:
    """A run on a folder of 80 pictures, half of them for the test."""
    folder = make_classes(tmp_path / "own", {"a": 40, "b": 40})
    load = LoadOptions(preparation="tile", shares=SplitShares(40, 10, 50))
    return train(replace(config(folder, "run", epochs=1), load=load))


def test_a_model_is_measured_on_the_split_that_it_was_trained_with(divided: TrainResult) -> None:
    assert divided.metrics["images"] == {"train": 32, "val": 8, "test": 40}
    assert divided.metrics["shares"] == read_info(divided.checkpoint).shares == "40/10/50"
    for split, n in (("test", 40), ("val", 8), ("all", 80)):
        assert evaluate(EvaluateConfig(("run",), split=split, device="cpu")).n == n


def test_models_that_were_trained_with_different_splits_are_not_compared(divided: TrainResult) -> None:
    folder = Path(divided.metrics["dataset"])
    train(replace(config(folder, "other", epochs=1), load=LoadOptions(preparation="tile")))
    with pytest.raises(DataError, match="differently for run and other: 40/10/50 and usual shares"):
        evaluate(EvaluateConfig(("run", "other"), device="cpu"))
    assert evaluate(EvaluateConfig(("run", "other"), split="all", device="cpu")).n == 80


def test_a_resumed_run_keeps_its_split(divided: TrainResult) -> None:
    asked = replace(
        config(Path(divided.metrics["dataset"]), "begun", epochs=1),
        load=LoadOptions(preparation="tile", shares=SplitShares(40, 10, 50)),
    )
    with pytest.raises(InterruptedRunError):
        train(asked, should_stop=stop_after(1))
    result = train(replace(asked, resume=True, load=LoadOptions()))
    assert result.checkpoint.read_bytes() == divided.checkpoint.read_bytes()


def test_shares_are_for_folders() -> None:
    with pytest.raises(UsageError, match="the splits of mnist are fixed"):
        train(TrainConfig("lenet5", "mnist", load=LoadOptions(shares=SplitShares(80, 10, 10))))
