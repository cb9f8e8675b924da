"""Several trainings side by side, each in a process of its own."""

from __future__ import annotations

import os
import signal
import sys
from dataclasses import replace
from multiprocessing import active_children
from pathlib import Path

import pytest

from mnistkit.exceptions import InterruptedRunError, MnistkitError, SomeInputsFailedError, UsageError
from mnistkit.runs import RunFolder
from mnistkit.training.events import EpochRecord, RunEnd, TrainingEvents
from mnistkit.workflows.train import TrainResult, train
from mnistkit.workflows.train_config import TrainConfig
from mnistkit.workflows.train_jobs import FailedJob, Job, JobOptions, JobsEvents, JobsResult, plan_jobs, train_jobs

QUICK = {"epochs": 2, "learning_rate": 2e-3, "batch_size": 64, "ema_decay": 0.9}


@pytest.fixture
def config(digits_folder: Path) -> TrainConfig:
    return TrainConfig("lenet5", str(digits_folder), (("test", QUICK),), device="cpu", out=Path("out"))


class Marking(TrainingEvents):
    """Leaves a file in the folder of every run, in its own process."""

    def run_measured(self, end: RunEnd) -> None:
        (end.folder.path / "marked").write_text(str(os.getpid()))


class Watching(JobsEvents, TrainingEvents):
    """Notes what ends, and does something after the first epoch of the first training."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def of(self, job: Job) -> TrainingEvents:
        return self if job.name.endswith("seed 0") else TrainingEvents()

    def ended(self, job: Job, result: TrainResult) -> None:
        self.said.append(f"{job.name} ended")

    def failed(self, job: Job, error: MnistkitError) -> None:
        self.said.append(f"{job.name} failed: {error.message}")


class Killing(Watching):
    def epoch_ended(self, record: EpochRecord, is_best: bool) -> None:
        os.kill(active_children()[0].pid or 0, signal.SIGKILL if sys.platform != "win32" else signal.SIGTERM)


class Stopping(Watching):
    is_asked = False

    def epoch_ended(self, record: EpochRecord, is_best: bool) -> None:
        self.is_asked = True


def test_runs_side_by_side_are_those_of_one_after_the_other(config: TrainConfig) -> None:
    jobs = plan_jobs([config], seeds=2)
    result = train_jobs(jobs, JobOptions(2, observer=Marking()))
    assert [run.metrics["seed"] for run in result.runs] == [0, 1]
    assert [run.folder.path for run in result.runs] == [Path("out/seed0"), Path("out/seed1")]
    marks = {(run.folder.path / "marked").read_text() for run in result.runs}
    assert len(marks) == 2 and str(os.getpid()) not in marks
    for job, run in zip(jobs, result.runs, strict=True):
        alone = train(replace(job.config, out=Path("alone") / job.name))
        assert alone.checkpoint.read_bytes() == run.checkpoint.read_bytes()
        assert alone.folder.history.read_text().count("\n") == run.folder.history.read_text().count("\n")
    watching = Watching()
    again = train_jobs(jobs, JobOptions(2), watching)
    assert watching.said == ["lenet5 seed 0 ended", "lenet5 seed 1 ended"]
    assert not any(run.trained for run in again.runs)
    assert again.groups["lenet5"].summary["seeds"] == [0, 1]


def test_a_process_that_dies_is_named_and_the_others_go_on(config: TrainConfig) -> None:
    killing = Killing()
    result = train_jobs(plan_jobs([config], seeds=2), JobOptions(1), killing)
    assert killing.said == [
        "lenet5 seed 0 failed: its process was killed by signal 9",
        "lenet5 seed 1 ended",
    ]
    with pytest.raises(SomeInputsFailedError, match="1 of 2 trainings failed: lenet5 seed 0"):
        result.raise_failures()
    assert result.groups == {}
    assert result.to_json()["failed"][0]["name"] == "lenet5 seed 0"


def test_what_is_stopped_is_saved_and_goes_on(config: TrainConfig) -> None:
    longer = replace(config, changes=(*config.changes, ("test", {"epochs": 20})))
    stopping = Stopping()
    with pytest.raises(InterruptedRunError, match="0 of 3 trainings finished"):
        train_jobs(plan_jobs([longer], 3), JobOptions(1), stopping, lambda: stopping.is_asked)
    assert (stopping.said, active_children()) == ([], [])
    folder = RunFolder(Path("out/seed0"))
    assert folder.status() == "unfinished" and folder.state.exists() and folder.holder() is None
    assert not Path("out/seed1").exists()
    first = replace(longer, resume=True, out=folder.path)
    resumed = train_jobs(plan_jobs([first], 1), JobOptions(1))
    assert [run.metrics["epochs"] for run in resumed.runs] == [20]


def test_names_and_folders_of_several_architectures(config: TrainConfig) -> None:
    both = [config, replace(config, architecture="convnext")]
    jobs = plan_jobs(both, 2)
    assert [(job.name, str(job.config.out)) for job in jobs] == [
        ("lenet5 seed 0", "out/lenet5/seed0"),
        ("lenet5 seed 1", "out/lenet5/seed1"),
        ("convnext seed 0", "out/convnext/seed0"),
        ("convnext seed 1", "out/convnext/seed1"),
    ]
    single = [(job.name, job.config.out) for job in plan_jobs([replace(each, out=None) for each in both], 1)]
    assert single == [("lenet5", None), ("convnext", None)]
    with pytest.raises(UsageError, match="--arch names lenet5 twice"):
        plan_jobs([config, config], 1)


def test_what_is_wrong_with_the_request_is_said_before_anything_begins(config: TrainConfig) -> None:
    wrong = replace(config, changes=(("--set", {"learning_rat": 1}),))
    with pytest.raises(UsageError, match="learning_rat"):
        train_jobs([Job("one", config), Job("two", wrong)], JobOptions(2))
    with pytest.raises(UsageError, match="--jobs must be at least 1, not 0"):
        train_jobs([Job("one", config)], JobOptions(0))
    assert not Path("out").exists()


def test_where_all_have_failed_nothing_is_said_of_inputs(config: TrainConfig) -> None:
    result = JobsResult((), (FailedJob(Job("one", config), MnistkitError("no")),))
    with pytest.raises(MnistkitError, match="1 of 1 training failed: one") as caught:
        result.raise_failures()
    assert caught.value.exit_code == 1
