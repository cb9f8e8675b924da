"""Which run is meant by a recipe.toml and by --resume, and that what the user says counts more."""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest

from mnistkit.exceptions import OutputError, RecipeError, UsageError
from mnistkit.preparation import Preparation
from mnistkit.recipe import Recipe
from mnistkit.runs import RunFolder
from mnistkit.workflows import run_files
from mnistkit.workflows.recorded_run import follow_recorded_run
from mnistkit.workflows.train_config import TrainConfig
from tests.support.runs import finished_run

CONFIG = TrainConfig()
TILE = Preparation("tile", inverted=True)


def begun(name: str, **facts: Any) -> RunFolder:
    """Make an unfinished run in ``runs``, of a lenet5 on USPS unless ``facts`` say otherwise."""
    folder = RunFolder(Path("runs") / name)
    run_files.write_recipe(folder, Recipe(), {"architecture": "lenet5", "dataset": "usps", "full": False, **facts})
    return folder


@pytest.fixture
def pictures() -> str:
    Path("pictures").mkdir()
    return "pictures"


def test_a_run_s_recipe_brings_what_it_trained_and_says_so(pictures: str) -> None:
    source = begun("a", dataset=pictures, full=True, preparation=asdict(TILE)).recipe
    lines: list[str] = []
    config = follow_recorded_run(CONFIG, {"recipe"}, source, lines.append)
    load = replace(CONFIG.load, preparation=TILE)
    assert config == replace(CONFIG, architecture="lenet5", dataset=pictures, full=True, load=load)
    assert lines == [f"from {source}: architecture lenet5, dataset {pictures}, full, preparation tile, inverted"]


def test_what_the_user_says_counts_more(pictures: str) -> None:
    source = begun("a", dataset=pictures, preparation=asdict(TILE)).recipe
    given = replace(CONFIG, architecture="mlp")
    config = follow_recorded_run(given, {"recipe", "architecture"}, source)
    assert (config.architecture, config.dataset, config.load.preparation) == ("mlp", pictures, TILE)
    given = replace(CONFIG, dataset="kmnist")
    # Other pictures may need another preparation.
    assert follow_recorded_run(given, {"dataset"}, source) == replace(given, architecture="lenet5")
    everything = {"architecture", "dataset", "full", "preparation"}
    lines: list[str] = []
    assert follow_recorded_run(CONFIG, everything, source, lines.append) == CONFIG
    assert lines == []


def test_a_recipe_that_describes_no_run_brings_nothing() -> None:
    Path("mine.toml").write_text("epochs = 3")
    assert follow_recorded_run(CONFIG, {"recipe"}, Path("mine.toml")) == CONFIG


@pytest.mark.parametrize(
    ("facts", "message"),
    [
        ({"architecture": "lenet"}, "unknown architecture 'lenet'; did you mean 'lenet5'"),
        ({"dataset": "gone"}, "unknown dataset 'gone'"),
        ({"dataset": 5}, "unknown dataset '5'"),
        ({"dataset": "pictures", "preparation": {"kind": "glue"}}, "its preparation is damaged"),
    ],
)
def test_what_is_not_here_or_damaged_is_one_line(facts: dict[str, Any], message: str, pictures: str) -> None:
    with pytest.raises(RecipeError, match=f"runs/a/recipe.toml: {message}"):
        follow_recorded_run(CONFIG, {"recipe"}, begun("a", **facts).recipe)


def test_a_run_table_that_is_none_is_one_line() -> None:
    Path("mine.toml").write_text("run = 5")
    with pytest.raises(RecipeError, match="'run' must be a table"):
        follow_recorded_run(CONFIG, {"recipe"}, Path("mine.toml"))


RESUME = replace(CONFIG, resume=True)


@pytest.mark.parametrize("given", [{"resume"}, {"resume", "device", "as_json", "quiet", "skip_bad"}], ids=len)
def test_resume_alone_means_the_only_unfinished_run(given: set[str]) -> None:
    finished_run("b", 1)
    run = begun("deeper/a")
    lines: list[str] = []
    config = follow_recorded_run(RESUME, given, announce=lines.append)
    assert config == replace(RESUME, architecture="lenet5", dataset="usps", out=run.path)
    assert lines == ["going on with runs/deeper/a", f"from {run.recipe}: architecture lenet5, dataset usps"]


def test_resume_alone_with_nothing_unfinished_starts_nothing() -> None:
    finished_run("b", 1)
    with pytest.raises(OutputError, match="no run in runs/ is unfinished"):
        follow_recorded_run(RESUME, {"resume"})
    assert follow_recorded_run(RESUME, {"resume", "architecture"}) == RESUME


def test_resume_alone_lists_what_it_could_mean() -> None:
    runs = [begun("a"), begun("b")]
    with pytest.raises(UsageError, match="2 runs are unfinished: runs/a, runs/b") as caught:
        follow_recorded_run(RESUME, {"resume"})
    assert caught.value.hint == "say which: mnistkit train --resume --out runs/a"
    with runs[0].in_use():
        assert follow_recorded_run(RESUME, {"resume"}).out == runs[1].path
        with runs[1].in_use(), pytest.raises(OutputError, match="runs/a is in use by process "):
            follow_recorded_run(RESUME, {"resume"})


@pytest.mark.parametrize("given", [{"architecture"}, {"seed"}, {"epochs"}, {"settings"}, {"seeds"}], ids=str)
def test_who_says_more_than_resume_means_the_run_of_that(given: set[str]) -> None:
    begun("a")
    assert follow_recorded_run(RESUME, {"resume", *given}) == RESUME


def test_a_folder_to_resume_in_says_what_was_trained_there(pictures: str) -> None:
    run = begun("a", dataset=pictures, preparation=asdict(TILE))
    config = replace(RESUME, out=run.path)
    followed = follow_recorded_run(config, {"resume", "out"})
    # How its pictures are prepared is looked up when they are read.
    assert followed == replace(config, architecture="lenet5", dataset=pictures)
    assert follow_recorded_run(replace(config, resume=False), {"out"}) == replace(config, resume=False)
    new = replace(RESUME, out=Path("runs/new"))
    assert follow_recorded_run(new, {"resume", "out"}) == new
