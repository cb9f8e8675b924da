"""What a distillation shows in windows of every width."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from mnistkit.evaluation.intervals import summarise_seeds
from mnistkit.evaluation.omitted_class import OmittedClass
from mnistkit.evaluation.paired import McNemar
from mnistkit.reporting.distill.terminal import print_distillation
from mnistkit.runs import RunFolder
from mnistkit.workflows.distill_result import DistillResult, SeedComparison, Side
from mnistkit.workflows.train import TrainResult
from tests.support.console import console_of, text_on

TEACHER = Side(
    "teacher", "convnext", "runs", 486_602, 7_032_840, 2_000_000, (), (36,), summarise_seeds([0.9964]),
    ece=summarise_seeds([0.0021]), images_per_second=839.2,
)  # fmt: skip
ALONE = Side(
    "alone", "lenet5", "runs", 61_706, 416_520, 249_800, (0, 1), (50, 61), summarise_seeds([0.995, 0.9939]),
    summarise_seeds([0.9955, 0.9945]), summarise_seeds([0.02, 0.03]), summarise_seeds([0.01, 0.02]), 6701.0,
)  # fmt: skip
ROW = replace(ALONE, source="table", agreement=None, divergence=None, ece=None, images_per_second=None)
DISTILLED = replace(ALONE, role="distilled", errors=(40, 41), top1=summarise_seeds([0.9961, 0.9959]))


def result(*sides: Side, compared: bool = False, omitted: bool = False) -> DistillResult:
    folder = RunFolder(Path("runs/lenet5-mnist-seed0-from-convnext"))
    pairs = (SeedComparison(0, McNemar(30, 20, 10, 0.0987)), SeedComparison(1, McNemar(30, 31, 1, 1e-8)))
    return DistillResult(
        dataset="mnist",
        n=10_000,
        student="lenet5",
        teachers=({"name": "convnext"},),
        device="cpu",
        runs=(TrainResult(folder, {}, True),) * 2,
        alone=(),
        sides=sides,
        comparisons=pairs if compared else (),
        omitted=(OmittedClass("3", 1010, 0.25, 3.5, 0.986, 0.9901),) * 2 if omitted else (),
        advice=("mind the gap",),
    )


def shown(found: DistillResult, width: int) -> str:
    console = console_of(width=width)
    print_distillation(console, found)
    return text_on(console)


@pytest.mark.parametrize("width", [40, 60, 80, 120])
def test_every_figure_is_shown_at_every_width(width: int) -> None:
    text = shown(result(TEACHER, ALONE, DISTILLED, compared=True, omitted=True), width)
    assert all(len(line) <= width for line in text.splitlines() if "model.safetensors" not in line)
    words = " ".join(text.split())
    for figure in (
        "486,602", "7,032,840", "2.0 MB", "99.64 %", "99.45 ± 0.08 %", "0.0250 ± 0.0071", "839", "6,701",
        "0.0987", "<0.0001", "mind the gap", "40.5",
    ):  # fmt: skip
        assert figure in words, figure
    assert "of the 1,010 test images of class 3, which it was never shown, 25.00 % are right, mean over 2" in words
    assert "with 3.50 added to the logit of 3: 98.60 %, and 99.01 % of all images" in words


def test_the_first_line_compares() -> None:
    both = shown(result(TEACHER, ALONE, DISTILLED), 200).splitlines()[0]
    assert both == ("lenet5 distilled: test accuracy 99.60 ± 0.01 %, 2 seeds; alone 99.45 ± 0.08 %, 2 seeds")
    assert shown(result(TEACHER, DISTILLED), 200).splitlines()[0].endswith("99.60 ± 0.01 %, 2 seeds")


def test_of_a_row_of_the_table_only_what_it_holds_is_shown() -> None:
    text = shown(result(TEACHER, ROW, DISTILLED), 100)
    (line,) = (line for line in text.splitlines() if line.startswith("agrees with teacher"))
    assert line.split()[3:5] == ["-", "-"]
    assert "the measured row of lenet5" in text and "McNemar" not in text
