"""The list of runs: what each file of a run adds to it, and that no damage or other folder breaks it."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mnistkit.exceptions import UsageError
from mnistkit.recipe import Recipe
from mnistkit.run_lock import Holder
from mnistkit.runs import RunFolder
from mnistkit.training.events import EpochRecord
from mnistkit.workflows import run_files
from mnistkit.workflows.runs import RunEntry, list_runs


def run_of(name: str, *val_losses: float, when: int = 0, finished: bool = False, **recipe: Any) -> RunFolder:
    """Make a run with an epoch for each validation loss, whose validation accuracy is 1 minus that."""
    run = RunFolder(Path("runs") / name)
    facts = {"architecture": "lenet5", "dataset": "usps", "full": False}
    run_files.write_recipe(run, Recipe(**recipe), facts)
    records = [
        EpochRecord(epoch, 0.5, 0.5, loss, 1 - loss, 1e-3, 1.0, 1.0) for epoch, loss in enumerate(val_losses, 1)
    ]
    if records:
        run_files.write_history(run, records)
        run.model.touch()
    if finished:
        figures = {"epochs": len(records), "validation": {"val_accuracy": 0.75}, "test": {"top1": 0.625}}
        run_files.write_metrics(run, {"schema": "mnistkit/metrics/1", **figures})
    for path in (*run.path.iterdir(), run.path):
        os.utime(path, (when, when))
    return run


def only(folder: Path | None = None) -> RunEntry:
    (entry,) = list_runs(folder).runs
    return entry


def test_a_finished_run_tells_its_final_figures() -> None:
    run = run_of("a", 0.5, 0.25, finished=True, epochs=7, seed=3)
    entry = only()
    assert (entry.name, entry.path, entry.state) == ("a", str(run.path), "finished")
    assert (entry.architecture, entry.dataset, entry.seed, entry.full) == ("lenet5", "usps", 3, False)
    assert (entry.epochs, entry.planned_epochs) == (2, 7)
    assert (entry.val_accuracy, entry.test_accuracy) == (0.75, 0.625)
    assert entry.holder is entry.problem is None


@pytest.mark.parametrize(("selection", "accuracy"), [("best", 0.75), ("last", 0.5)])
def test_an_unfinished_run_tells_that_of_the_weights_kept_so_far(selection: str, accuracy: float) -> None:
    run_of("a", 0.75, 0.25, 0.5, selection=selection)
    entry = only()
    assert (entry.state, entry.epochs, entry.planned_epochs) == ("unfinished", 3, 10)
    assert (entry.val_accuracy, entry.test_accuracy) == (accuracy, None)


def test_a_run_before_its_first_epoch() -> None:
    run_of("a")
    assert (only().state, only().epochs, only().val_accuracy) == ("unfinished", 0, None)


@pytest.mark.parametrize(
    "make", [lambda: run_of("a", 0.5), lambda: run_of("a"), lambda: RunFolder(Path("runs/a"))]
)
def test_a_run_that_goes_on_is_running_by_whom(make: Callable[[], RunFolder]) -> None:
    with make().in_use():
        entry = only()
        assert (entry.name, entry.state) == ("a", "running")
        assert isinstance(entry.holder, Holder) and entry.holder.pid == os.getpid()


def test_the_last_one_comes_first_and_runs_in_folders_below_are_found() -> None:
    run_of("old", 0.5, when=100, finished=True)
    run_of("seeds/seed1", 0.5, when=300)
    run_of("seeds/seed0", 0.5, when=300)
    run_of("middle", 0.5, when=200)
    assert [entry.name for entry in list_runs().runs] == ["seeds/seed0", "seeds/seed1", "middle", "old"]
    assert [entry.name for entry in list_runs(Path("runs/seeds")).runs] == ["seed0", "seed1"]
    assert only(Path("runs/old")).name == "old"
    assert only(Path("runs/old")).changed.startswith(("1970-01-01", "1969-12-31"))


def test_what_is_no_run_is_not_listed() -> None:
    assert list_runs().runs == ()
    for name in ("empty", "mine", ".hidden"):
        Path("runs", name).mkdir(parents=True)
    Path("runs/mine/metrics.json").write_text("{}")
    Path("runs/.hidden/recipe.toml").write_text("[run]")
    Path("runs/notes.txt").touch()
    assert list_runs().runs == ()


@pytest.mark.parametrize(
    ("damage", "problem"),
    [
        (lambda run: run.model.unlink(), "model.safetensors is missing"),
        (lambda run: run.metrics.write_text("{"), "metrics.json cannot be read"),
        (lambda run: run.metrics.write_text("5"), "metrics.json cannot be read"),
        (lambda run: run.metrics.write_text('{"epochs": 2}'), "metrics.json cannot be read"),
        (lambda run: run.history.write_text("epoch\nx\n"), "history.csv cannot be read"),
        (lambda run: run.history.write_bytes(b"\xff\xfe"), "history.csv cannot be read"),
        (lambda run: run.recipe.write_text("[run"), "is no valid TOML"),
        (lambda run: run.recipe.unlink(), "cannot read recipe"),
        (lambda run: run.recipe.write_text("[run]\n[augmentation]\nrotation = 'x'"), "rotation must be a number"),
    ],
)
def test_a_damaged_run_says_what_is_wrong_and_spares_the_others(
    damage: Callable[[RunFolder], object], problem: str
) -> None:
    run_of("good", 0.5, finished=True)
    run = run_of("bad", 0.5, finished=True)
    damage(run)
    found = {entry.name: entry for entry in list_runs().runs}
    assert found["good"].state == "finished"
    assert found["bad"].state == "damaged"
    assert problem in str(found["bad"].problem)


@pytest.mark.parametrize(("name", "message"), [("gone", "gone does not exist"), ("file", "file is a file")])
def test_a_folder_that_is_none_is_wrong_usage(name: str, message: str) -> None:
    Path("file").touch()
    with pytest.raises(UsageError, match=message):
        list_runs(Path(name))
