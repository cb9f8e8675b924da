"""Run folders: their names, their states, and which one is the latest."""

from __future__ import annotations

import os
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
    run.path.mkdir(parents=True)
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


def test_a_run_in_use_is_locked_and_says_by_whom() -> None:
    run = RunFolder(Path("runs/x"))
    assert run.holder() is None
    with run.in_use():
        found = run.holder()
        assert found is not None and found.pid == os.getpid()
        with pytest.raises(OutputError, match=f"runs/x is in use by process {os.getpid()} on "), run.in_use():
            pass
        run.recipe.write_text("[run]")
    assert run.holder() is None
    assert [path.name for path in run.path.iterdir()] == ["recipe.toml"]


def test_a_folder_in_which_nothing_was_written_goes_again_with_those_made_for_it() -> None:
    Path("mine").mkdir()
    with pytest.raises(ZeroDivisionError), RunFolder(Path("mine/deep/run")).in_use():
        raise ZeroDivisionError
    assert list(Path("mine").iterdir()) == []
    with RunFolder(Path("mine")).in_use():
        pass
    assert Path("mine").is_dir()


def test_a_folder_cannot_be_where_a_file_stands() -> None:
    Path("runs").write_text("a file")
    run = RunFolder(Path("runs/x"))
    with pytest.raises(OutputError, match="a file stands where a folder is needed"), run.in_use():
        pass


@pytest.mark.parametrize("names", [[], [".DS_Store", ".lock"]])
def test_a_folder_with_nothing_to_be_seen_can_be_a_run_s(names: list[str]) -> None:
    run = RunFolder(Path("runs/x"))
    run.check_ours()
    run.path.mkdir(parents=True)
    for name in names:
        (run.path / name).touch()
    run.check_ours()


@pytest.mark.parametrize("name", ["notes.txt", "metrics.json", "recipe.toml", "model.safetensors"])
def test_a_folder_of_other_files_is_refused_even_if_they_are_called_like_ours(name: str) -> None:
    run = RunFolder(Path("mine"))
    run.path.mkdir()
    (run.path / name).write_text('{"top1": 0.5}')
    (run.path / "other.txt").touch()
    with pytest.raises(OutputError, match=r"mine is not empty and holds no run: .* and 1 more") as caught:
        run.check_ours()
    assert caught.value.hint == "choose a new or an empty folder with --out"


def test_a_run_with_notes_beside_it_is_ours() -> None:
    run = finished_run("x", 1)
    (run.path / "notes.txt").write_text("mine")
    run.check_ours()
    run.recipe.unlink()
    run.check_ours()


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


def test_a_run_that_is_trained_again_is_not_the_latest() -> None:
    finished_run("a", 100)
    newer = finished_run("b", 200)
    with newer.in_use():
        latest = latest_run()
        assert latest is not None and latest.path == Path("runs/a")
    latest = latest_run()
    assert latest is not None and latest.path == newer.path
