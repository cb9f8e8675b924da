"""What a training would be, without one."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from mnistkit.data.base import LoadOptions
from mnistkit.exceptions import InterruptedRunError, OutputError, RecipeError, UnknownNameError, UsageError
from mnistkit.recipe_sources import read_toml
from mnistkit.runs import RunFolder
from mnistkit.workflows.recorded_run import follow_recorded_run
from mnistkit.workflows.train import train
from mnistkit.workflows.train_config import TrainConfig
from mnistkit.workflows.train_plan import plan_training
from tests.support.dataset_folders import make_classes


@pytest.fixture
def config(tmp_path: Path) -> TrainConfig:
    """A training on a folder of 40 pictures."""
    folder = make_classes(tmp_path / "own", {"a": 20, "b": 20})
    return TrainConfig("lenet5", str(folder), device="cpu", load=LoadOptions(preparation="tile"))


def files() -> list[Path]:
    return sorted(path for path in Path().rglob("*") if path.suffix != ".png" and path.is_file())


def test_the_plan_is_what_the_training_does(config: TrainConfig) -> None:
    config = replace(config, changes=(("a test", {"epochs": 2, "seed": 3}),))
    plan = plan_training(config)
    assert files() == [] and not Path("runs").exists()
    result = train(config)
    assert plan.folder == str(result.folder.path)
    assert plan.images == result.metrics["images"] == {"train": 31, "val": 3, "test": 6}
    recorded = read_toml(result.folder.recipe)
    del recorded["run"]
    assert plan.recipe.to_dict() == recorded
    assert plan.fitted.startswith("only 31 training images")
    assert plan.steps == 2 * (31 // 16)


def test_nothing_is_read_of_a_registered_dataset_that_is_not_here() -> None:
    plan = plan_training(TrainConfig("lenet5", "kmnist"))
    assert plan.images == {"train": 55_000, "val": 5_000, "test": 10_000}
    assert (plan.steps, plan.fitted, plan.state) == (plan.recipe.epochs * 429, "", "new")
    assert plan_training(TrainConfig("lenet5", "kmnist", full=True)).images["train"] == 60_000


def test_a_named_recipe_is_taken_and_sets_the_run_apart() -> None:
    plan = plan_training(TrainConfig("compact-7k", recipe_name="authors", changes=(("a test", {"epochs": 3}),)))
    assert (plan.recipe_name, plan.recipe.optimizer, plan.recipe.epochs) == ("authors", "sgd", 3)
    assert plan.folder == "runs/compact-7k-mnist-seed0-authors"
    with pytest.raises(UnknownNameError, match="unknown recipe of lenet5 'authors'"):
        plan_training(TrainConfig("lenet5", recipe_name="authors"))


def test_a_run_with_a_named_recipe_is_resumed_with_it_only(config: TrainConfig) -> None:
    settings = (("a test", {"epochs": 1}),)
    begun = replace(config, architecture="mlp", recipe_name="authors", out=Path("run"), changes=settings)
    with pytest.raises(InterruptedRunError):
        train(begun, should_stop=lambda: True)
    other = replace(begun, resume=True, recipe_name="default")
    with pytest.raises(OutputError, match="holds a run with recipe authors, not default"):
        train(other)
    assert follow_recorded_run(other, {"resume", "out"}).recipe_name == "authors"
    assert train(replace(begun, resume=True)).trained


def test_the_state_of_the_folder_and_what_would_become_of_it(config: TrainConfig) -> None:
    config = replace(config, out=Path("run"), changes=(("a test", {"epochs": 1}),))
    assert (plan_training(config).state, plan_training(config).outcome) == ("new", "new")
    with pytest.raises(InterruptedRunError):
        train(config, should_stop=lambda: True)
    before = {path: path.read_bytes() for path in files()}
    plan = plan_training(config)
    assert plan.state == "unfinished" and "--resume would go on with it" in plan.outcome
    assert plan_training(replace(config, resume=True)).outcome == "holds an unfinished run, which would go on"
    assert plan_training(replace(config, overwrite=True)).outcome == "holds an unfinished run, which would go"
    with RunFolder(Path("run")).in_use():
        plan = plan_training(config)
        assert plan.state == "in use" and "nothing would be trained" in plan.outcome
    assert {path: path.read_bytes() for path in files()} == before
    train(replace(config, resume=True))
    plan = plan_training(config)
    assert plan.state == "finished" and "--overwrite would train it again" in plan.outcome


def test_a_resumed_run_keeps_its_recipe(config: TrainConfig) -> None:
    begun = replace(config, out=Path("run"), changes=(("a test", {"batch_size": 20, "epochs": 3}),))
    with pytest.raises(InterruptedRunError):
        train(begun, should_stop=lambda: True)
    plan = plan_training(replace(begun, resume=True, changes=()))
    assert (plan.recipe.batch_size, plan.recipe.epochs, plan.fitted) == (20, 3, "")
    with pytest.raises(RecipeError, match="was started with epochs=3, not 4"):
        plan_training(replace(begun, resume=True, changes=(("a test", {"epochs": 4}),)))


def test_what_would_stop_the_training_stops_the_plan(config: TrainConfig) -> None:
    with pytest.raises(UsageError, match="a convnext: its weights do not fit a lenet5"):
        plan_training(replace(config, init="pictures"))
    Path("foreign").mkdir()
    Path("foreign/diary.txt").write_text("mine")
    with pytest.raises(OutputError, match="holds no run"):
        plan_training(replace(config, out=Path("foreign")))


def test_the_command_prints_the_plan_as_a_recipe_file_and_as_json(run_cli, config: TrainConfig) -> None:
    import json

    asked = ("train", "--arch", "lenet5", "--dataset", config.dataset, "--preparation", "tile", "--dry-run")
    result = run_cli(*asked)
    assert result.code == 0
    head, _, recipe = result.out.partition("\n\n")
    assert "lenet5 on " in head and "31 training, 3 validation and 6 test images" in head
    assert "run folder: runs/lenet5-own-seed0 (new)" in head
    Path("copied.toml").write_text(recipe)
    document = json.loads(run_cli(*asked, "--json").out)
    assert document["schema"] == "mnistkit/train-plan/1"
    assert read_toml(Path("copied.toml")) == document["recipe"]
    assert document["folder"] == "runs/lenet5-own-seed0" and document["preparation"]["kind"] == "tile"
    refused = run_cli(*asked, "--seeds", "2")
    assert refused.code == 2 and "--dry-run shows one run" in refused.err
    assert not Path("runs").exists()
