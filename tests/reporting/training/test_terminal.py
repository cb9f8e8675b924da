from __future__ import annotations

import io
import re
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from mnistkit.preparation import INK
from mnistkit.reporting.training.terminal import (
    TrainingDisplay,
    clock,
    over_seeds,
    print_result,
    print_seeds,
    sparkline,
)
from mnistkit.runs import RunFolder
from mnistkit.training.events import EpochRecord, RunEnd, RunStart, StepReport
from mnistkit.workflows.train import SeedsResult, TrainResult
from tests.support.console import console_of, text_on

START = RunStart(
    architecture="lenet5",
    parameters=61_706,
    dataset="mnist",
    preparation=INK,
    preparation_reason="",
    train_size=55_000,
    val_size=5_000,
    test_size=10_000,
    device="cpu (2 threads)",
    precision="fp32",
    precision_reason="a test",
    epochs=10,
    steps_per_epoch=429,
    seed=0,
    folder="runs/x",
    resumed_at_step=0,
)
RECORD = EpochRecord(10, 1.2345, 0.98765, 0.0123, 1.0, 6e-3, 3599.0, 12_345.0)


def show(console: Console, start: RunStart = START) -> str:
    display = TrainingDisplay(console)
    display.run_started(start)
    display.epoch_started(10)
    display.step_done(StepReport(10, 100, 1.5, 0.5, 12_345))
    display.epoch_ended(RECORD, is_best=True)
    display.close()
    file = console.file
    assert isinstance(file, io.StringIO)
    return file.getvalue()


def test_on_a_pipe_there_is_one_plain_line_per_epoch() -> None:
    text = show(Console(file=io.StringIO(), width=10_000))
    lines = [line for line in text.splitlines() if line.startswith("epoch ")]
    assert lines == [
        "epoch 10/10  train loss 1.2345  acc 98.77 %  val loss 0.0123  acc 100.00 %  lr 6.0e-03  "
        "img/s 12,345  time 59:59  best"
    ]
    assert "\x1b" not in text


def test_a_training_goes_on_from_its_start_until_it_is_measured(tmp_path: Path) -> None:
    display = TrainingDisplay(Console(file=io.StringIO(), width=80))
    for _ in range(2):
        assert not display.is_training()
        display.run_started(START)
        assert display.is_training()
        display.run_measured(RunEnd(RunFolder(tmp_path), "lenet5", "mnist", 0, (RECORD,), 1, 0.99))
    assert not display.is_training()


@pytest.mark.parametrize("width", [80, 120])
def test_the_table_fits_the_terminal(width: int) -> None:
    console = Console(file=io.StringIO(), width=width, force_terminal=True, color_system=None)
    lines = re.sub(r"\x1b\[[?\d;]*[A-Za-z]|\r", "", show(console)).splitlines()
    rows = [line for line in lines if line.rstrip().endswith(("best", "time"))]
    assert len(rows) == 2
    assert all(len(row.rstrip()) <= 79 for row in rows)


def test_without_room_for_the_table_every_figure_is_named_and_whole() -> None:
    console = Console(file=io.StringIO(), width=40, force_terminal=True, color_system=None)
    # The bar is drawn again and again over itself.
    lines = re.sub(r"\x1b\[[?\d;]*[A-Za-z]", "", show(console)).replace("\r", "\n").splitlines()
    assert max(len(line.rstrip()) for line in lines) <= 40
    text = "\n".join(lines)
    assert "loss 1.5000  acc 50.00 %" in text, "the bar's figures are not whole"
    figures = ("epoch 10/10", "train loss 1.2345", "acc 98.77 %", "val loss 0.0123", "lr 6.0e-03", "time 59:59")
    assert all(figure in text for figure in figures)


def test_a_resumed_run_says_where_it_is() -> None:
    text = show(Console(file=io.StringIO(), width=200), replace(START, resumed_at_step=430))
    assert "resuming in epoch 2 after step 1 of 429" in text


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.04, "0.0 s"), (9.94, "9.9 s"), (65, "1:05"), (3600, "1:00:00"), (59.6, "1:00")]
)
def test_clock(seconds: float, text: str) -> None:
    assert clock(seconds) == text


def test_a_share_over_seeds() -> None:
    assert over_seeds({"mean": 0.99612, "std": 0.000412}) == "99.61 ± 0.04 %"
    assert over_seeds({"mean": 0.99612, "std": None}) == "99.61 %"


def test_sparkline() -> None:
    assert sparkline([3.0, 2.0, 1.0]) == "█▅▁"
    assert sparkline([1.0, 1.0]) == "▁▁"


METRICS = {
    "seed": 0,
    "kept_epoch": 9,
    "epochs": 10,
    "train_seconds": 3599.0,
    "device": "cpu (2 threads)",
    "split": "trained on 55000 images; epoch chosen by the loss on 5000 validation images",
    "test": {"top1": 0.9904, "errors": 96, "n": 10_000, "interval": [0.9883, 0.9921]},
}
FIGURES = ("99.04 %", "98.83 %", "99.21 %", "96 errors")


@pytest.mark.parametrize("width", [40, 80, 120])
def test_results_fit_the_screen_and_no_figure_is_broken(width: int, tmp_path: Path) -> None:
    result = TrainResult(RunFolder(tmp_path), METRICS, True)
    summary = {
        "top1": {"mean": 0.9904, "std": 0.0001},
        "top2": {"mean": 0.9985, "std": 0.0002},
        "interval": [0.9883, 0.9921],
    }
    for show_result, figures in (
        (lambda console: print_result(console, result), ("epoch 9 of 10", "59:59")),
        (
            lambda console: print_seeds(console, SeedsResult((result, result), summary)),
            ("99.04 ± 0.01 %", "99.85 ± 0.02 %"),
        ),
    ):
        console = console_of(width=width)
        show_result(console)
        # A path is left whole, so that it can be copied.
        lines = [line for line in text_on(console).splitlines() if str(tmp_path) not in line]
        assert max(map(len, lines)) <= width
        text = " ".join(line.strip() for line in lines)
        assert all(figure in text for figure in (*FIGURES, *figures))
        assert not any(line.strip().startswith("%") for line in lines)


def test_runs_of_several_seeds_stand_apart() -> None:
    console = Console(file=io.StringIO(), width=10_000)
    display = TrainingDisplay(console)
    for seed in (0, 1):
        display.run_started(replace(START, seed=seed))
    assert isinstance(console.file, io.StringIO)
    lines = console.file.getvalue().splitlines()
    starts = [place for place, line in enumerate(lines) if line.startswith("lenet5 ")]
    assert starts[0] == 0 and lines[starts[1] - 1] == "" and lines.count("") == 1
