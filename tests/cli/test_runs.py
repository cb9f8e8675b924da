"""``mnistkit runs``."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

from mnistkit.reporting.runs import print_runs
from mnistkit.run_lock import Holder
from mnistkit.runs import RunFolder
from mnistkit.workflows.runs import RunEntry, RunList
from tests.support.cli import CliResult, RunCli, run_and_see_what_is_loaded
from tests.support.console import console_of, text_on

DONE = RunEntry(
    name="lenet5-usps-seed3",
    path="runs/lenet5-usps-seed3",
    state="finished",
    changed="2026-11-25T20:50:10+01:00",
    architecture="lenet5",
    dataset="usps",
    seed=3,
    epochs=9,
    planned_epochs=10,
    val_accuracy=0.9876,
    test_accuracy=0.99999,
)
CUSTOM = replace(DONE, name="mine", state="unfinished", full=True, epochs=0, val_accuracy=None, test_accuracy=None)
HELD = replace(CUSTOM, state="running", architecture=None, holder=Holder(47, "ada", "2026-11-25T20:50:10+01:00"))
RESULT = RunList("runs", (DONE, CUSTOM, HELD))


def test_on_a_pipe_each_run_is_a_row() -> None:
    console = console_of(width=10_000, terminal=False)
    print_runs(console, RESULT)
    rows = [re.split(r"  +", line) for line in text_on(console).splitlines()[2:]]
    assert rows == [
        ["lenet5-usps-seed3", "finished", "9/10", "98.76", "99.99", "2026-11-25 20:50", "lenet5 on usps, seed 3"],
        ["mine", "unfinished", "0/10", "2026-11-25 20:50", "lenet5 on usps, seed 3, full"],
        ["mine", "running", "0/10", "2026-11-25 20:50", "process 47 on ada since 2026-11-25 20:50"],
    ]


def test_in_80_columns_what_the_name_says_is_not_said_again() -> None:
    console = console_of(width=80)
    print_runs(console, RESULT)
    lines = text_on(console).splitlines()
    rows = lines[next(place for place, line in enumerate(lines) if line.startswith("lenet5")) :]
    assert [row.split()[0] for row in rows] == ["lenet5-usps-seed3", "mine", "lenet5", "mine", "process"]
    assert max(map(len, lines)) <= 80


def test_it_tells_how_to_go_on(run_cli: RunCli) -> None:
    run = RunFolder(Path("runs/a"))
    run.path.mkdir(parents=True)
    run.recipe.write_text("seed = 4\n[run]\narchitecture = 'lenet5'\ndataset = 'mnist'\n")
    result = run_cli("runs")
    assert (result.code, result.err) == (0, "to go on: mnistkit train --resume --out runs/a\n")
    document = json.loads(run_cli("runs", "--json").out)
    assert (document["schema"], document["folder"]) == ("mnistkit/runs/1", "runs")
    assert [(entry["name"], entry["state"], entry["seed"]) for entry in document["runs"]] == [
        ("a", "unfinished", 4)
    ]


def test_without_runs_it_tells_how_to_make_one(run_cli: RunCli) -> None:
    assert run_cli("runs") == CliResult(0, "", "no runs in runs; 'mnistkit train' makes one\n")
    assert json.loads(run_cli("runs", "--json").out)["runs"] == []


def test_a_folder_that_is_not_there_is_wrong_usage(run_cli: RunCli) -> None:
    result = run_cli("runs", "gone")
    assert (result.code, result.out) == (2, "")
    assert result.err.startswith("error: gone does not exist; a folder of runs is wanted\n")


def test_nothing_heavy_is_loaded() -> None:
    Path("runs/a").mkdir(parents=True)
    Path("runs/a/recipe.toml").write_text("[run]")
    assert run_and_see_what_is_loaded(["runs", "runs --json"]) == {"runs": (0, []), "runs --json": (0, [])}
