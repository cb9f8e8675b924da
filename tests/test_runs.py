"""Run folders: their names, their states, and which one is the latest."""

from __future__ import annotations

from pathlib import Path

import pytest

from mnistkit.exceptions import OutputError
from mnistkit.runs import RunFolder, default_run_path, latest_run
from tests.support.runs import finished_run


@pytest.mark.parametrize(
    ("dataset", "expected"),
    [
        ("mnist", "lenet5-mnist-seed3"),
        ("/home/me/my digits", "lenet5-my-digits-seed3"),
        ("./digits/", "lenet5-digits-seed3"),
        (".", "lenet5-data-seed3"),
        ("/", "lenet5-data-seed3"),
    ],
)
def test_the_name_says_what_was_trained(dataset: str, expected: str) -> None:
    assert default_run_path("lenet5", dataset, 3) == Path("runs") / expected


def test_the_name_says_what_sets_a_run_apart() -> None:
    path = default_run_path("lenet5", "mnist", 3, suffix="-from-convnext", full=True)
    assert path == Path("runs/lenet5-mnist-seed3-from-convnext-full")


def test_the_states_of_a_folder() -> None:
    run = RunFolder(Path("runs/x"))
    assert run.status() == "new"
    run.clear()
    assert run.status() == "new"
    run.recipe.write_text("epochs = 1")
    assert run.status() == "unfinished"
    run.metrics.write_text("{}")
    assert run.status() == "finished"


def test_clearing_removes_the_run_and_nothing_else() -> None:
    run = finished_run("x", 1)
    (run.path / "notes.txt").write_text("mine")
    run.clear()
    assert [path.name for path in run.path.iterdir()] == ["notes.txt"]


def test_clearing_where_a_file_stands() -> None:
    Path("runs").write_text("a file")
    with pytest.raises(OutputError, match="a file stands where a folder is needed"):
        RunFolder(Path("runs/x")).clear()


def test_space_is_checked_before_the_folder_exists() -> None:
    run = RunFolder(Path("runs/not/there"))
    run.check_space(1)
    with pytest.raises(OutputError, match="a run needs 1000000000000 MB"):
        run.check_space(10**18)


def test_the_latest_run_is_the_one_finished_last() -> None:
    assert latest_run() is None
    finished_run("b", 200)
    finished_run("a", 300)
    finished_run("deeper/c", 100)
    unfinished = RunFolder(Path("runs/d"))
    unfinished.path.mkdir()
    unfinished.recipe.write_text("x")
    latest = latest_run()
    assert latest is not None and latest.path == Path("runs/a")


def test_a_finished_run_that_lost_its_weights_is_not_the_latest() -> None:
    finished_run("a", 100)
    finished_run("b", 200).model.unlink()
    latest = latest_run()
    assert latest is not None and latest.path == Path("runs/a")
