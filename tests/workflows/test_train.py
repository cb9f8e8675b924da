from __future__ import annotations

import csv
import errno
import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import tomli_w
from torch import nn

from mnistkit import files
from mnistkit.checkpoint import read_info
from mnistkit.exceptions import (
    CheckpointError,
    InterruptedRunError,
    MnistkitError,
    OutputError,
    RecipeError,
    UsageError,
)
from mnistkit.export.lower import lower_architecture
from mnistkit.models import build_model
from mnistkit.recipe_sources import read_toml, recipe_changes
from mnistkit.runs import RunFolder
from mnistkit.training.events import RunEnd, RunStart, TrainingEvents
from mnistkit.workflows.train import TrainResult, train, train_seeds
from mnistkit.workflows.train_config import TrainConfig
from mnistkit.workflows.train_request import resolve_recipe
from tests.support.teacher import Taught

QUICK = {"epochs": 2, "learning_rate": 2e-3, "batch_size": 64, "ema_decay": 0.9}


@pytest.fixture
def config(digits_folder: Path, tmp_path: Path) -> TrainConfig:
    return TrainConfig("lenet5", str(digits_folder), (("test", QUICK),), device="cpu", out=tmp_path / "run")


class Notes(TrainingEvents):
    def __init__(self) -> None:
        self.lines: list[str] = []

    def note(self, message: str) -> None:
        self.lines.append(message)


def digest(result: TrainResult) -> str:
    return hashlib.sha256(result.checkpoint.read_bytes()).hexdigest()


def with_settings(config: TrainConfig, **settings: object) -> TrainConfig:
    return replace(config, changes=(*config.changes, ("test", settings)))


def stop_after(steps: int) -> Callable[[], bool]:
    """Return a ``should_stop`` that says yes when asked for the n-th time."""
    asked = iter(range(1, 10**6))
    return lambda: next(asked) >= steps


def interrupt(config: TrainConfig, steps: int, **more: Any) -> None:
    with pytest.raises(InterruptedRunError, match=f"stopped after step {steps}"):
        train(config, should_stop=stop_after(steps), **more)


# Without batch norm, with it and an average, and one of tokens; tests/models goes through all of them.
@pytest.mark.parametrize("name", ["lenet5", "micro-2k", "vit"])
def test_a_run_leaves_every_file_and_they_agree(config: TrainConfig, name: str) -> None:
    result = train(replace(config, architecture=name))
    folder = result.folder
    assert folder.status() == "finished"
    assert {path.name for path in folder.path.iterdir()} == {
        "model.safetensors", "state.safetensors", "recipe.toml", "history.csv", "metrics.json",
    }  # fmt: skip
    metrics = json.loads(folder.metrics.read_text())
    assert metrics == result.metrics
    info = read_info(folder.model)
    assert info.architecture == metrics["architecture"] == name
    assert info.metrics["test_accuracy"] == metrics["test"]["top1"]
    assert metrics["test"]["n"] == 200
    assert info.epoch == metrics["kept_epoch"]
    with folder.history.open() as file:
        rows = list(csv.DictReader(file))
    best = min(rows, key=lambda row: float(row["val_loss"]))
    assert int(best["epoch"]) == info.epoch
    assert float(best["val_loss"]) == info.metrics["val_loss"]
    assert info.objective == metrics["objective"] == {"name": "cross-entropy"}
    assert info.program == lower_architecture(name, 10).to_dict()


class Watching(TrainingEvents):
    """Notes what is measured, and what is in the run folder at that time."""

    def __init__(self) -> None:
        self.ends: list[RunEnd] = []
        self.states: list[str] = []

    def run_measured(self, end: RunEnd) -> None:
        self.ends.append(end)
        self.states.append(end.folder.status())
        if len(self.ends) == 1:
            raise OutputError("the disk is full")


def test_a_run_is_finished_after_those_who_watch_it(config: TrainConfig) -> None:
    watching = Watching()
    with pytest.raises(OutputError, match="the disk is full"):
        train(config, watching)
    result = train(replace(config, resume=True), watching)
    assert watching.states == ["unfinished", "unfinished"]
    first, second = watching.ends
    assert first == second
    assert (second.folder, second.architecture, second.seed) == (result.folder, "lenet5", 0)
    assert second.test_accuracy == result.metrics["test"]["top1"]
    assert [record.epoch for record in second.history] == [1, 2]
    assert second.chosen_epoch == result.metrics["kept_epoch"]


def test_it_learns(config: TrainConfig) -> None:
    result = train(with_settings(config, epochs=4))
    assert result.metrics["test"]["top1"] > 0.7


def test_a_recorded_recipe_trains_the_same_weights_again(config: TrainConfig, tmp_path: Path) -> None:
    first = train(with_settings(config, seed=3))
    changes = tuple(recipe_changes(file=first.folder.recipe, environment={}))
    second = train(replace(config, changes=changes, out=tmp_path / "again"))
    assert digest(first) == digest(second)


@pytest.mark.parametrize("steps", [1, 17, 18, 30])
def test_interrupted_and_resumed_gives_the_same_file(config: TrainConfig, tmp_path: Path, steps: int) -> None:
    whole = train(config)
    other = replace(config, out=tmp_path / "other")
    interrupt(other, steps)
    resumed = train(replace(other, resume=True))
    assert digest(whole) == digest(resumed)


def test_an_interrupted_run_keeps_its_best_epoch(config: TrainConfig) -> None:
    interrupt(config, 25)
    folder = RunFolder(config.out or Path())
    assert folder.status() == "unfinished"
    assert read_info(folder.model).epoch == 1


def test_a_finished_run_is_not_trained_again(config: TrainConfig) -> None:
    first = train(config)
    before = first.checkpoint.stat().st_mtime_ns
    notes = Notes()
    second = train(config, notes)
    assert isinstance(second, TrainResult)
    assert not second.trained
    assert second.metrics == first.metrics
    assert first.checkpoint.stat().st_mtime_ns == before
    assert "already finished" in notes.lines[0]
    assert train(replace(config, overwrite=True)).trained


def test_a_finished_run_of_something_else_is_not_mistaken(config: TrainConfig) -> None:
    train(config)
    with pytest.raises(RecipeError, match="epochs=2, not 5"):
        train(with_settings(config, epochs=5))
    with pytest.raises(OutputError, match="architecture lenet5, not convnext"):
        train(replace(config, architecture="convnext"))


def test_an_unfinished_run_asks(config: TrainConfig) -> None:
    interrupt(config, 3)
    with pytest.raises(OutputError, match="unfinished") as caught:
        train(config)
    assert "--resume" in (caught.value.hint or "")
    assert train(replace(config, overwrite=True)).trained


def test_resume_refuses_another_recipe_and_takes_an_unchanged_default(config: TrainConfig) -> None:
    interrupt(config, 3)
    with pytest.raises(RecipeError, match="seed=0, not 1"):
        train(replace(with_settings(config, seed=1), resume=True))
    assert train(replace(config, changes=(), resume=True)).metrics["epochs"] == 2


def as_recorded_before(folder: RunFolder) -> None:
    """Turn a run's ``recipe.toml`` into what the version before wrote: other keys, and no objective."""
    values = read_toml(folder.recipe)
    augmentation = values["augmentation"]
    augmentation["cooldown"], augmentation["remainder"] = (
        augmentation.pop("ramp_down"),
        augmentation.pop("final_share"),
    )
    values["pin_memory"] = False
    del values["run"]["objective"]
    folder.recipe.write_text(tomli_w.dumps(values))


@pytest.mark.parametrize("exposed", [{}, {"outliers": 0.1}], ids=["cross-entropy", "outlier exposure"])
def test_a_run_of_an_earlier_version_is_resumed_and_known_when_finished(
    config: TrainConfig, tmp_path: Path, exposed: dict[str, float]
) -> None:
    fading = with_settings(config, **exposed, **{"augmentation.ramp_down": 0.6, "augmentation.final_share": 0.3})
    whole = train(replace(fading, out=tmp_path / "whole"))
    interrupt(fading, 25)
    folder = RunFolder(config.out or Path())
    as_recorded_before(folder)
    assert digest(train(replace(fading, resume=True))) == digest(whole)
    as_recorded_before(folder)
    assert not train(fading).trained
    with pytest.raises(RecipeError, match=r"augmentation\.ramp_down=0\.6, not 0\.5"):
        train(with_settings(fading, **{"augmentation.ramp_down": 0.5}))


def test_a_key_of_an_earlier_version_is_answered_by_its_new_name(config: TrainConfig) -> None:
    with pytest.raises(RecipeError, match=r"'augmentation\.cooldown' is now called 'augmentation\.ramp_down'"):
        train(with_settings(config, **{"augmentation.cooldown": 0.5}))


@pytest.fixture(scope="module")
def teacher() -> nn.Module:
    return build_model("lenet5", 10)


def test_a_run_is_named_recorded_and_resumed_by_its_objective(config: TrainConfig, teacher: nn.Module) -> None:
    def taught_by(name: str) -> dict[str, Any]:
        return {"objective": lambda recipe: Taught(teacher, name)}

    config = replace(config, out=None)
    whole = train(config, **taught_by("convnext"))
    assert whole.folder.path == Path("runs/lenet5-digits-seed0-from-convnext")
    recorded = {"name": "taught", "teacher": "convnext", "temperature": 2.0}
    assert whole.metrics["objective"] == read_info(whole.checkpoint).objective == recorded
    assert read_toml(whole.folder.recipe)["run"]["objective"] == recorded

    other = replace(config, out=Path("other"))
    interrupt(other, 20, **taught_by("convnext"))
    with pytest.raises(OutputError, match=r"objective\.teacher convnext, not mlp"):
        train(replace(other, resume=True), **taught_by("mlp"))
    with pytest.raises(OutputError, match=r"objective\.name taught, not cross-entropy"):
        train(replace(other, resume=True))
    assert digest(train(replace(other, resume=True), **taught_by("convnext"))) == digest(whole)


def test_resuming_and_overwriting_at_once_is_refused_and_costs_nothing(config: TrainConfig) -> None:
    kept = train(config).checkpoint.read_bytes()
    with pytest.raises(UsageError, match="--resume and --overwrite cannot go together"):
        train(replace(config, resume=True, overwrite=True))
    assert RunFolder(config.out or Path()).model.read_bytes() == kept


class SecondStart(TrainingEvents):
    """Starts a second training in the folder of one that goes on, and keeps what comes of it."""

    def __init__(self, config: TrainConfig) -> None:
        self.config = config
        self.message = ""

    def run_started(self, start: RunStart) -> None:
        with pytest.raises(OutputError) as caught:
            train(self.config)
        self.message = caught.value.message


@pytest.mark.parametrize("how", [{}, {"overwrite": True}, {"resume": True}], ids=str)
def test_a_run_that_goes_on_is_left_alone(config: TrainConfig, tmp_path: Path, how: dict[str, bool]) -> None:
    whole = train(replace(config, out=tmp_path / "whole"))
    second = SecondStart(replace(with_settings(config, seed=9), **how))
    result = train(config, second)
    assert second.message.startswith(f"{result.folder.path} is in use by process {os.getpid()} on ")
    assert digest(result) == digest(whole)


def test_a_run_that_another_process_finished_meanwhile_is_not_trained_again(
    config: TrainConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_use = RunFolder.in_use

    @contextmanager
    def after_another(folder: RunFolder) -> Iterator[None]:
        patch.undo()
        assert train(config).trained
        with in_use(folder):
            yield

    with monkeypatch.context() as patch:
        patch.setattr(RunFolder, "in_use", after_another)
        assert not train(config).trained


@pytest.mark.parametrize("overwrite", [False, True])
def test_a_folder_of_something_else_is_left_as_it_is(config: TrainConfig, overwrite: bool) -> None:
    Path("mine").mkdir()
    Path("mine/metrics.json").write_text("mine")
    with pytest.raises(OutputError, match="mine is not empty and holds no run"):
        train(replace(config, out=Path("mine"), overwrite=overwrite))
    assert [path.read_text() for path in Path("mine").iterdir()] == ["mine"]


@pytest.mark.parametrize("mistake", [{"device": "cuda:9"}, {"dataset": "broken"}])
def test_a_start_that_fails_leaves_no_folder(config: TrainConfig, mistake: dict[str, str]) -> None:
    Path("broken/train").mkdir(parents=True)
    with pytest.raises(MnistkitError):
        train(replace(config, out=None, **mistake))
    assert not Path("runs").exists()


def test_resume_of_nothing_starts_and_says_so(config: TrainConfig) -> None:
    notes = Notes()
    assert train(replace(config, resume=True), notes).trained
    assert "nothing to resume" in notes.lines[0]


@pytest.mark.parametrize("left", ["model.safetensors", "state.safetensors"])
@pytest.mark.parametrize("resume", [False, True])
def test_what_is_left_of_a_run_without_its_recipe_is_not_trained_over(
    config: TrainConfig, left: str, resume: bool
) -> None:
    interrupt(config, 20)
    folder = RunFolder(config.out or Path())
    for path in folder.path.iterdir():
        if path.name != left:
            path.unlink()
    with pytest.raises(OutputError, match=rf"run holds {left} of a run whose recipe\.toml is missing"):
        train(replace(config, resume=resume))
    assert [path.name for path in folder.path.iterdir()] == [left]


def test_resume_without_a_state_starts_again_and_says_so(config: TrainConfig) -> None:
    interrupt(config, 20)
    RunFolder(config.out or Path()).state.unlink()
    notes = Notes()
    train(replace(config, resume=True), notes)
    assert "run holds no state.safetensors to go on from; starting again" in notes.lines[0]


@pytest.mark.parametrize(("change", "message"), [("remove", "does not exist"), ("flip", "is damaged")])
def test_resume_does_not_go_on_without_the_best_weights_so_far(
    config: TrainConfig, change: str, message: str
) -> None:
    interrupt(config, 20)
    path = RunFolder(config.out or Path()).model
    content = path.read_bytes()
    path.unlink() if change == "remove" else path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    notes = Notes()
    with pytest.raises(CheckpointError, match=rf"model\.safetensors {message}") as caught:
        train(replace(config, resume=True), notes, should_stop=lambda: pytest.fail("a step was trained"))
    assert caught.value.hint == "--overwrite starts the run again"


@pytest.mark.parametrize("content", [b"", b"\x80pickle", b"0123456789" * 20])
def test_a_damaged_state_is_one_line(config: TrainConfig, content: bytes) -> None:
    interrupt(config, 3)
    RunFolder(config.out or Path()).state.write_bytes(content)
    with pytest.raises(CheckpointError, match=r"state\.safetensors"):
        train(replace(config, resume=True))


def test_a_state_with_a_byte_changed_is_not_gone_on_with(config: TrainConfig) -> None:
    interrupt(config, 3)
    path = RunFolder(config.out or Path()).state
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    with pytest.raises(CheckpointError, match=r"state\.safetensors is damaged"):
        train(replace(config, resume=True))
    assert path.read_bytes() == content


def test_full_trains_on_everything_and_chooses_nothing(config: TrainConfig) -> None:
    result = train(replace(config, full=True))
    assert result.metrics["validation"] == {}
    assert result.metrics["kept_epoch"] == 2
    assert "all 1200" in result.metrics["split"]


def test_full_with_early_stopping_is_refused(config: TrainConfig) -> None:
    with pytest.raises(RecipeError, match="--full"):
        resolve_recipe(replace(with_settings(config, patience=2), full=True))


def test_seeds_are_consecutive_and_summarised(config: TrainConfig) -> None:
    result = train_seeds(with_settings(config, epochs=1, seed=4), 3)
    assert [run.metrics["seed"] for run in result.runs] == [4, 5, 6]
    accuracies = [run.metrics["test"]["top1"] for run in result.runs]
    assert result.summary["top1"]["mean"] == pytest.approx(sum(accuracies) / 3)
    assert result.summary["top1"]["count"] == 3
    assert result.runs[0].folder.path.name == "seed4"
    assert not train_seeds(with_settings(config, epochs=1, seed=4), 3).runs[2].trained


def test_interrupted_seeds_are_resumed(config: TrainConfig) -> None:
    with pytest.raises(InterruptedRunError):
        train_seeds(with_settings(config, epochs=1), 2, should_stop=stop_after(20))
    result = train_seeds(replace(with_settings(config, epochs=1), resume=True), 2)
    assert [run.trained for run in result.runs] == [False, True]


def test_no_seeds_is_a_usage_error(config: TrainConfig) -> None:
    with pytest.raises(UsageError, match="--seeds"):
        train_seeds(config, 0)


def test_a_file_in_the_place_of_the_folder(config: TrainConfig, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    with pytest.raises(OutputError, match="cannot write"):
        train(replace(config, out=tmp_path / "file" / "run"))
    assert (tmp_path / "file").read_text() == "mine"


@pytest.mark.parametrize("mistake", [{"device": "cuda:9"}, {"dataset": "broken"}])
def test_a_mistake_does_not_cost_an_earlier_result(config: TrainConfig, mistake: dict[str, str]) -> None:
    result = train(config)
    Path("broken/train").mkdir(parents=True)
    kept = result.checkpoint.read_bytes()
    with pytest.raises(MnistkitError):
        train(replace(config, overwrite=True, **mistake))
    assert result.folder.status() == "finished"
    assert result.checkpoint.read_bytes() == kept


def test_too_small_a_disk_is_noticed_before_training(config: TrainConfig, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = shutil.disk_usage(".")
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage._replace(free=1000))
    with pytest.raises(OutputError, match="MB free"):
        train(config)


def test_a_disk_that_fills_up_keeps_the_last_good_state(
    config: TrainConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    interrupt(config, 20)
    before = RunFolder(config.out or Path()).state.read_bytes()

    def full(path: Path) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(files, "_flush", full)
    with pytest.raises(OutputError, match="No space left"):
        train(replace(config, resume=True))
    assert RunFolder(config.out or Path()).state.read_bytes() == before
