"""The files of a run folder, written and read back."""

from __future__ import annotations

import shutil
from contextlib import nullcontext
from pathlib import Path

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mnistkit.exceptions import OutputError
from mnistkit.recipe import Augmentation, Recipe
from mnistkit.recipe_sources import read_recipe_file
from mnistkit.runs import RunFolder
from mnistkit.training.events import EpochRecord
from mnistkit.training.state import TrainingState
from mnistkit.workflows import run_files


@pytest.fixture
def folder() -> RunFolder:
    return RunFolder(Path("runs/x"))


def test_a_recipe_and_its_facts_are_read_back_and_are_a_recipe_file(folder: RunFolder) -> None:
    recipe = Recipe(epochs=3, learning_rate=0.001, augmentation=Augmentation(rotation=10))
    facts = {"architecture": "lenet5", "objective": {"name": "cross-entropy"}}
    run_files.write_recipe(folder, recipe, facts)
    assert run_files.read_recipe(folder) == (recipe, facts)
    assert Recipe().merged(read_recipe_file(folder.recipe), "x") == recipe


EPOCHS = st.builds(
    EpochRecord,
    epoch=st.integers(1, 500),
    train_loss=st.floats(0, 10),
    train_accuracy=st.floats(0, 1),
    val_loss=st.none() | st.floats(0, 10),
    val_accuracy=st.none() | st.floats(0, 1),
    learning_rate=st.floats(1e-12, 10),
    seconds=st.floats(0, 1e6),
    images_per_second=st.floats(0, 1e9),
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(EPOCHS, max_size=4))
def test_the_history_is_read_back_to_the_last_digit(folder: RunFolder, history: list[EpochRecord]) -> None:
    run_files.write_history(folder, history)
    assert run_files.read_history(folder) == history


def test_a_run_without_an_epoch_has_no_history(folder: RunFolder) -> None:
    assert run_files.read_history(folder) == []


def test_figures_are_read_back(folder: RunFolder) -> None:
    metrics = {"schema": "mnistkit/run/1", "test": {"top1": 0.9934}, "validation": {}}
    run_files.write_metrics(folder, metrics)
    assert run_files.read_metrics(folder) == metrics


@pytest.mark.parametrize("content", [None, b"", b"{", b"\xff"])
def test_damaged_figures_are_one_line(content: bytes | None, folder: RunFolder) -> None:
    folder.path.mkdir(parents=True)
    if content is not None:
        folder.metrics.write_bytes(content)
    with pytest.raises(OutputError, match=r"metrics\.json cannot be read") as caught:
        run_files.read_metrics(folder)
    assert caught.value.hint == "--overwrite trains the run again"


def test_room_is_needed_for_ten_times_the_weights(folder: RunFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    state = TrainingState.fresh(torch.nn.Linear(1000, 100), Recipe(), scale_loss=False)
    needed = 10 * 4 * (1000 * 100 + 100) + 2_000_000
    usage = shutil.disk_usage(".")
    for free, fits in ((needed, True), (needed - 1, False)):
        monkeypatch.setattr(shutil, "disk_usage", lambda path, free=free: usage._replace(free=free))
        with nullcontext() if fits else pytest.raises(OutputError, match="MB free"):
            run_files.check_space(folder, state)
