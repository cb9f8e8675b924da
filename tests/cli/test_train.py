from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from contextlib import ExitStack
from pathlib import Path
from random import Random

import pytest

from mnistkit.numbers import counted
from mnistkit.threads import VARIABLE
from tests.support.dataset_folders import make_classes
from tests.support.files import check_file


def arguments(digits: Path, *more: str) -> list[str]:
    return ["train", "--arch", "lenet5", "--dataset", str(digits), "--device", "cpu", "--epochs", "2", *more]


def test_it_trains_and_reports(run_cli, digits_folder: Path) -> None:
    result = run_cli(*arguments(digits_folder))
    assert result.code == 0
    assert "test accuracy" in result.out
    assert "checkpoint: runs/lenet5-digits-seed0/model.safetensors" in result.out
    lines = [line for line in result.err.splitlines() if line.startswith("epoch ")]
    assert [line.split()[1] for line in lines] == ["1/2", "2/2"]
    assert "\x1b" not in result.out + result.err
    check_file(Path("runs/lenet5-digits-seed0/curves.png"))


def test_json_is_one_document(run_cli, digits_folder: Path) -> None:
    result = run_cli(*arguments(digits_folder, "--json", "--seed", "7"))
    document = json.loads(result.out)
    assert document["schema"] == "mnistkit/train/1"
    assert document["seed"] == 7
    assert document["test"]["n"] == 200
    again = json.loads(run_cli(*arguments(digits_folder, "--json", "--seed", "7")).out)
    assert not again["trained"]
    assert again["test"] == document["test"]


def test_seeds_report_mean_and_deviation(run_cli, digits_folder: Path) -> None:
    result = run_cli(*arguments(digits_folder, "--seeds", "2", "--epochs", "1"))
    assert result.code == 0
    assert "mean over 2 seeds" in result.out
    assert " ± " in result.out
    document = json.loads(run_cli(*arguments(digits_folder, "--seeds", "2", "--epochs", "1", "--json")).out)
    assert document["schema"] == "mnistkit/train-seeds/1"
    assert [run["seed"] for run in document["runs"]] == [0, 1]


@pytest.mark.parametrize(
    ("options", "code", "words"),
    [
        (["--arch", "convnxt"], 2, "did you mean 'convnext'"),
        (["--dataset", "mnits"], 2, "did you mean 'mnist'"),
        (["--device", "cdua"], 2, "did you mean 'cuda'"),
        (["--device", "cuda:9"], 2, "not present"),
        (["--epochs", "0"], 2, "at least 1"),
        (["--epochs", "-3"], 2, "at least 1"),
        (["--epochs", "many"], 2, "many"),
        (["--lr", "-1"], 2, "more than 0"),
        (["--batch-size", "0"], 2, "at least 1"),
        (["--seed", "-1"], 2, "--seed"),
        (["--seeds", "0"], 2, "--seeds"),
        (["--set", "label_smothing=0.1"], 2, "did you mean 'label_smoothing'"),
        (["--set", "optimizer=adamx"], 2, "unknown optimizer"),
        (["--recipe", "none.toml"], 2, "none.toml"),
        (["--epoch", "3"], 2, "--epochs"),
        (["--set", "optimizer=sgd", "--set", "gradient_clip=0", "--lr", "1e25"], 1, "at step"),
    ],
)
def test_bad_input_is_one_clear_line(
    run_cli, digits_folder: Path, options: list[str], code: int, words: str
) -> None:
    result = run_cli(*arguments(digits_folder, *options))
    assert result.code == code
    errors = [line for line in result.err.splitlines() if line.startswith("error: ")]
    assert len(errors) == 1
    assert words in errors[0]
    assert "Traceback" not in result.err
    assert result.out == ""


RUN_IN_FORKS = """
import json, os, signal, sys
from collections.abc import Sequence
from pathlib import Path
from random import Random
import torch  # here, so that not every child has to load it
from mnistkit.cli import main
from mnistkit.training.optimizers import Optimizer

PLACES = {"step": (Optimizer, "step"), "file": (Path, "replace")}

def die_instead_of(kind, number):
    owner, name = PLACES[kind]
    original, before = getattr(owner, name), iter(range(number - 1))
    def dying(*arguments):
        if next(before, None) is None:
            os.kill(os.getpid(), signal.SIGKILL)
        return original(*arguments)
    setattr(owner, name, dying)

codes = []
for arguments, death in json.loads(sys.argv[1]):
    child = os.fork()
    if not child:
        if death:
            die_instead_of(*death)
        os._exit(main(arguments))
    codes.append(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
print(json.dumps(codes), file=sys.stderr)
"""


def exit_codes(runs: Sequence[tuple[list[str], tuple[str, int] | None]]) -> list[int]:
    """Run command lines one after the other, each in a process of its own, and return their exit codes.

    Args:
        runs: Arguments, and when the process is killed: instead of the n-th training step ("step"), or of the n-th
            time that a file which is written takes its place ("file"); None for never.
    """
    # How many threads compute is part of what gives the same bits.
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-c", RUN_IN_FORKS, json.dumps(runs)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    codes: list[int] = json.loads(done.stderr.splitlines()[-1])
    return codes


def test_a_run_killed_at_random_moments_ends_in_the_same_weights(digits_folder: Path) -> None:
    options = arguments(digits_folder, "--set", "ema_decay=0.9", "--epochs", "6", "--batch-size", "50")
    killed = [*options, "--out", "killed", "--resume"]
    # An epoch has 22 steps and then writes two or three files: the first death comes before any state is saved.
    random = Random(5)
    deaths = [
        ("step", random.randint(1, 22)),
        ("file", random.randint(2, 7)),
        ("step", random.randint(23, 60)),
        ("file", random.randint(2, 7)),
    ]
    runs = [([*options, "--out", "whole"], None), *((killed, death) for death in deaths), (killed, None)]
    assert exit_codes(runs) == [0, *[-signal.SIGKILL] * len(deaths), 0]
    assert Path("whole/model.safetensors").read_bytes() == Path("killed/model.safetensors").read_bytes()


def test_as_many_threads_compute_as_asked_for_and_the_weights_stay_the_same(
    run_cli, digits_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, line in (("one", ["--threads", "1"]), ("three", ["--threads", "3", "--set", "shards=2"])):
        result = run_cli(*arguments(digits_folder, "--out", name, *line))
        assert f"cpu ({counted(int(line[1]), 'thread')})" in result.err
    assert Path("one/model.safetensors").read_bytes() == Path("three/model.safetensors").read_bytes()
    monkeypatch.setenv(VARIABLE, "2")
    assert "cpu (2 threads)" in run_cli(*arguments(digits_folder, "--out", "environment")).err


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_stops_cleanly_and_says_how_to_go_on(
    digits_folder: Path, tmp_path: Path, sent: signal.Signals
) -> None:
    out = tmp_path / "run"
    line = arguments(digits_folder, "--epochs", "500", "--out", str(out))
    command = [sys.executable, "-m", "mnistkit", *line]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None and process.stderr is not None
        assert any(said.startswith("epoch 1/500") for said in process.stderr), "it never came to its first epoch"
        process.send_signal(sent)
        stdout, stderr = process.communicate()
    assert process.returncode == 130
    assert stdout == ""
    assert "--resume" in stderr
    assert "Traceback" not in stderr
    assert (out / "model.safetensors").exists() and (out / "state.safetensors").exists()
    assert not list(out.glob(".*"))


def test_ctrl_c_while_images_are_read_stops_at_once_and_leaves_nothing(
    run_cli, digits_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object) -> None:
        signal.raise_signal(signal.SIGINT)
        pytest.fail("it went on")

    monkeypatch.setattr("mnistkit.workflows.training_run.load_dataset", interrupted)
    result = run_cli(*arguments(digits_folder))
    assert (result.code, result.out, result.err) == (130, "", "error: interrupted\n")
    assert not Path("runs").exists()


def test_of_two_that_start_at_once_one_trains_and_the_other_is_told(digits_folder: Path) -> None:
    command = [sys.executable, "-m", "mnistkit", *arguments(digits_folder, "--epochs", "500", "--overwrite")]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with ThreadPoolExecutor(2) as pool, ExitStack() as ending:
        both = [ending.enter_context(subprocess.Popen(command, text=True, **pipes)) for _ in range(2)]
        said = {pool.submit(process.communicate): process for process in both}
        (first,), (second,) = wait(said, return_when=FIRST_COMPLETED)
        said[second].send_signal(signal.SIGINT)
        assert said[first].returncode == 1
        assert f"runs/lenet5-digits-seed0 is in use by process {said[second].pid} on " in first.result()[1]
        second.result()
    assert said[second].returncode == 130


def test_a_recorded_recipe_trains_what_it_did_and_resume_alone_finds_it(run_cli, digits_folder: Path) -> None:
    run_cli(*arguments(digits_folder, "--out", "first", "--json"))
    again = run_cli("train", "--recipe", "first/recipe.toml", "--seed", "1", "--epochs", "1", "--json")
    assert f"from first/recipe.toml: architecture lenet5, dataset {digits_folder}" in again.err
    folder = Path("runs/lenet5-digits-seed1")
    assert json.loads(again.out)["folder"] == str(folder)
    (folder / "metrics.json").unlink()
    resumed = run_cli("train", "--resume", "--device", "cpu", "--json")
    assert f"going on with {folder}" in resumed.err
    assert {**json.loads(resumed.out), "train_seconds": 0, "command": ""} == {
        **json.loads(again.out),
        "train_seconds": 0,
        "command": "",
    }


def test_resume_and_overwrite_are_wrong_usage(run_cli) -> None:
    result = run_cli("train", "--resume", "--overwrite")
    assert (result.code, result.out) == (2, "")
    assert result.err.startswith("error: --resume and --overwrite cannot go together")


def test_outliers_are_for_digits_only(run_cli, tmp_path: Path) -> None:
    folder = make_classes(tmp_path / "pets", {"cat": 12, "dog": 12})
    result = run_cli("train", "--arch", "lenet5", "--dataset", str(folder), "--set", "outliers=0.1")
    assert result.code == 2
    assert "outliers are letters and scribbles: for digits only" in result.err
    assert "hint: leave the recipe's outliers at 0" in result.err


def test_seeds_side_by_side_leave_the_same_files(run_cli, digits_folder: Path) -> None:
    line = arguments(digits_folder, "--seeds", "2")
    run_cli(*line, "--out", "serial")
    result = run_cli(*line, "--out", "beside", "--jobs", "2", "--json")
    assert result.code == 0
    document = json.loads(result.out)
    assert (document["schema"], document["failed"]) == ("mnistkit/train-jobs/1", [])
    assert [run["seed"] for run in document["runs"]] == document["summaries"]["lenet5"]["seeds"] == [0, 1]
    for seed in range(2):
        for name in ("model.safetensors", "curves.png", "recipe.toml"):
            one, other = (Path(out) / f"seed{seed}" / name for out in ("serial", "beside"))
            assert one.read_bytes() == other.read_bytes()
        assert f"lenet5 seed {seed}: epoch 2/2  train loss " in result.err


def test_a_training_that_fails_is_named_and_the_others_go_on(run_cli, digits_folder: Path) -> None:
    run_cli(*arguments(digits_folder))
    (Path("runs") / "lenet5-digits-seed0" / "metrics.json").unlink()
    result = run_cli(*arguments(digits_folder, "--epochs", "1", "--seeds", "2", "--jobs", "2"))
    assert result.code == 3
    assert "error: lenet5 seed 0: runs/lenet5-digits-seed0 holds an unfinished run" in result.err
    assert result.err.endswith("error: 1 of 2 trainings failed: lenet5 seed 0\n")
    assert result.out.startswith("lenet5 seed 1: test accuracy ") and "mean over" not in result.out
    assert run_cli(*arguments(digits_folder, "--seeds", "1", "--jobs", "2")).code == 1


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("--arch lenet5,convnet", "unknown architecture 'convnet'; did you mean 'convnext'?"),
        ("--arch lenet5,", "unknown architecture ''"),
        ("--arch lenet5,lenet5", "--arch names lenet5 twice"),
        ("--jobs 0", "--jobs must be at least 1, not 0"),
        ("--jobs 2 --seeds 0", "--seeds must be at least 1, not 0"),
        ("--jobs 2 --dry-run", "--dry-run shows one run"),
    ],
)
def test_wrong_jobs_are_wrong_usage(line: str, message: str, run_cli) -> None:
    result = run_cli("train", *line.split())
    assert (result.code, result.out) == (2, "")
    assert result.err.startswith(f"error: {message}")
    assert not Path("runs").exists()


def test_ctrl_c_stops_all_and_resume_ends_in_the_same_weights(run_cli, digits_folder: Path) -> None:
    line = arguments(digits_folder, "--epochs", "12", "--seeds", "2")
    command = [sys.executable, "-m", "mnistkit", *line, "--jobs", "2"]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(command, text=True, start_new_session=True, **pipes) as process:
        assert process.stderr is not None
        assert any("epoch 1/12" in said for said in process.stderr), "it never came to its first epoch"
        # As a terminal does: all processes get it.
        os.killpg(process.pid, signal.SIGINT)
        stdout, stderr = process.communicate()
    assert (process.returncode, stdout) == (130, "")
    assert "error: stopped; 0 of 2 trainings finished" in stderr and "--resume" in stderr
    assert "Traceback" not in stderr
    assert run_cli(*line, "--jobs", "2", "--resume").code == 0
    assert run_cli(*line, "--out", "whole").code == 0
    for seed in range(2):
        whole, resumed = Path(f"whole/seed{seed}"), Path(f"runs/lenet5-digits-seed{seed}")
        assert (whole / "model.safetensors").read_bytes() == (resumed / "model.safetensors").read_bytes()
