"""Several trainings on the screen and on a pipe."""

from __future__ import annotations

import pytest

from mnistkit.exceptions import OutputError
from mnistkit.reporting.training.jobs import JobsDisplay
from mnistkit.training.events import EpochRecord, RunStart, StepReport
from mnistkit.workflows.train_config import TrainConfig
from mnistkit.workflows.train_jobs import Job
from tests.reporting.training.test_terminal import START
from tests.support.console import console_of, text_on

JOBS = [Job(f"lenet5 seed {seed}", TrainConfig()) for seed in range(3)]
RECORD = EpochRecord(1, 0.5, 0.9, 0.25, 0.95, 1e-3, 12.0, 5000.0)


def told(display: JobsDisplay, start: RunStart = START) -> None:
    display.begun(JOBS, 2)
    for job in JOBS[:2]:
        events = display.of(job)
        events.run_started(start)
        events.step_done(StepReport(1, 10, 0.51, 0.9, 5000.0))
        events.epoch_ended(RECORD, True)


def test_on_a_pipe_every_line_says_of_which_training_it_is() -> None:
    console = console_of(width=10_000, terminal=False)
    told(JobsDisplay(console))
    first, *lines = text_on(console).splitlines()
    assert first == "3 trainings, 2 at a time: lenet5 seed 0, lenet5 seed 1, lenet5 seed 2"
    assert len(lines) == 4
    for seed in range(2):
        start, epoch = lines[2 * seed : 2 * seed + 2]
        assert start.startswith(f"lenet5 seed {seed}: ") and start.endswith(START.folder)
        assert epoch.startswith(f"lenet5 seed {seed}: epoch 1/{START.epochs}  train loss 0.5000")


@pytest.mark.parametrize(("width", "has_loss"), [(40, False), (60, False), (80, True), (120, True)])
def test_on_a_terminal_there_is_a_bar_for_each_that_runs(width: int, has_loss: bool) -> None:
    console = console_of(width=width)
    display = JobsDisplay(console)
    told(display)
    display.close()
    text = text_on(console)
    for seed in range(2):
        assert f"lenet5 seed {seed}" in text
    assert f"1/{START.epochs}" in text and ("loss 0.5100" in text) is has_loss
    assert "epoch 1" not in text


def test_an_error_is_named_after_its_training(capsys: pytest.CaptureFixture[str]) -> None:
    display = JobsDisplay(console_of())
    told(display)
    display.failed(JOBS[1], OutputError("the disk is full", hint="make room"))
    assert capsys.readouterr().err == "error: lenet5 seed 1: the disk is full\nhint: make room\n"
