"""What options that several commands share do in each of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mnistkit.cli.options import DEVICES, SPLIT_NAMES, check_seed, complete_checkpoint
from mnistkit.data.base import Dataset
from mnistkit.exceptions import DeviceError, UsageError
from mnistkit.reporting.confusion.files import FORMATS as CONFUSION
from mnistkit.reporting.errors.files import FORMATS as ERRORS
from mnistkit.threads import VARIABLE
from tests.support.cli import RunCli
from tests.support.files import check_file
from tests.support.runs import finished_run
from tests.support.toys import register, save_constant, toy_dataset

ON_SPLITS = pytest.mark.parametrize("command", ["evaluate", "confusion", "errors"])
WITH_FILES = pytest.mark.parametrize("command", ["confusion", "errors"])


@pytest.mark.parametrize("command", ["train", "evaluate", "confusion", "errors", "predict"])
def test_no_threads_is_a_usage_error(
    command: str, run_cli: RunCli, monkeypatch: pytest.MonkeyPatch, constants: Sequence[str]
) -> None:
    line = {"train": ["--epochs", "1"], "predict": ["x.png"]}.get(command, [constants[0]])
    result = run_cli(command, *line, "--threads", "0")
    assert (result.code, result.out) == (2, "")
    assert "--threads must be at least 1, not 0" in result.err
    monkeypatch.setenv(VARIABLE, "many")
    assert run_cli(command, *line).code == 2
    monkeypatch.setenv(VARIABLE, "0")
    assert f"error: {VARIABLE} must be at least 1, not 0" in run_cli(command, *line).err


@ON_SPLITS
def test_a_dataset_of_other_classes_is_one_line(
    command: str, run_cli: RunCli, constants: Sequence[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    register(monkeypatch, toy_dataset("others", ("a", "b")))
    result = run_cli(command, constants[0], "--dataset", "others", "--device", "cpu")
    assert (result.code, result.out) == (1, "")
    (line,) = (line for line in result.err.splitlines() if line.startswith("error:"))
    assert "cannot be used on others" in line


FORMATS = {"confusion": CONFUSION, "errors": ERRORS}
MORE = {"confusion": [], "errors": ["--explain", "--limit", "6"]}


@WITH_FILES
def test_every_format_is_written_at_once(command: str, run_cli: RunCli, constants: Sequence[str]) -> None:
    outs = [Path(f"new/result{suffix}") for suffix in FORMATS[command].suffixes]
    result = run_cli(command, constants[0], "--device", "cpu", *MORE[command], *(f"--out={path}" for path in outs))
    assert result.code == 0
    for path in outs:
        check_file(path)
    assert [line for line in result.err.splitlines() if line.startswith("wrote")] == [f"wrote {o}" for o in outs]
    # Nothing temporary is left behind.
    assert set(Path("new").iterdir()) == set(outs)


@WITH_FILES
def test_no_errors_at_all_is_said_and_files_are_written(
    command: str, run_cli: RunCli, toys: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    test = toys.test.take(np.flatnonzero(toys.test.labels == 0))
    sure = register(monkeypatch, replace(toys, name="sure", test=test))
    path = save_constant(Path("right.safetensors"), sure, 0)
    outs = [Path(f"result{suffix}") for suffix in FORMATS[command].suffixes]
    result = run_cli(command, path, "--device", "cpu", *MORE[command], *(f"--out={out}" for out in outs))
    assert result.code == 0
    # On a pipe there are rows alone on standard output, and of errors there are none.
    said = {"confusion": result.out, "errors": result.err}[command]
    assert f"No errors at all: it classifies all {len(test)} images correctly." in said
    for out in outs:
        check_file(out)
    assert "No errors at all" in Path("result.html").read_text(encoding="utf-8")


@WITH_FILES
@pytest.mark.parametrize("suffix", [".csv", ".html", ".png"])
def test_a_file_that_cannot_be_written_keeps_the_old_one(
    command: str, suffix: str, run_cli: RunCli, constants: Sequence[str]
) -> None:
    Path("file").write_text("old")
    result = run_cli(command, constants[0], "--device", "cpu", "-o", Path("file", f"x{suffix}"))
    assert result.code == 1
    assert "cannot write" in result.err
    assert Path("file").read_text() == "old"


@pytest.mark.parametrize("seed", [None, 0, 2**32 - 1])
def test_seeds_that_a_run_can_have(seed: int | None) -> None:
    assert check_seed(seed) == seed


@pytest.mark.parametrize("seed", [-1, 2**32])
def test_seeds_that_none_can_have(seed: int) -> None:
    with pytest.raises(UsageError, match=f"from 0 to 4294967295, not {seed}"):
        check_seed(seed)


def test_a_name_is_passed_on_completed_or_answered_by_the_closest() -> None:
    assert (SPLIT_NAMES.callback("val"), SPLIT_NAMES.callback(None)) == ("val", None)
    assert (SPLIT_NAMES.complete("t"), SPLIT_NAMES.complete("x")) == (["train", "test"], [])
    with pytest.raises(UsageError, match="unknown split 'vla'; did you mean 'val'"):
        SPLIT_NAMES.callback("vla")
    assert DEVICES.callback("cuda:3") == "cuda:3"
    with pytest.raises(DeviceError, match="unknown device 'tpu'"):
        DEVICES.callback("tpu")


@pytest.mark.usefixtures("nothing_bundled")
def test_runs_with_weights_are_offered_and_nothing_beside_them() -> None:
    for name in ("b", "a", "three/seed0"):
        finished_run(name, 1)
    Path("runs/notes.txt").touch()
    Path("runs/empty").mkdir()
    assert complete_checkpoint("") == ["latest", "runs/a", "runs/b", "runs/three/seed0"]
    assert complete_checkpoint("runs/b") == ["runs/b"]
