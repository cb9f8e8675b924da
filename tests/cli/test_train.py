from __future__ import annotations

import hashlib
import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.support.dataset_folders import make_classes, make_digits


@pytest.fixture(scope="module")
def digits(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """2,400 training and 200 test images of MNIST."""
    return make_digits(tmp_path_factory.mktemp("data") / "digits", train=2400)


def arguments(digits: Path, *more: str) -> list[str]:
    return ["train", "--arch", "lenet5", "--dataset", str(digits), "--device", "cpu", "--epochs", "2", *more]


def start(digits: Path, *more: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "mnistkit", *arguments(digits, *more)],
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def finish(process: subprocess.Popen[str]) -> None:
    _, messages = process.communicate(timeout=120)
    assert process.returncode == 0, messages


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def wait_for(path: Path, process: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + 60
    while not path.exists() and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.01)


def test_it_trains_and_reports(run_cli, digits: Path) -> None:
    result = run_cli(*arguments(digits))
    assert result.code == 0
    assert "test accuracy" in result.out
    assert "checkpoint: runs/lenet5-digits-seed0/model.safetensors" in result.out
    lines = [line for line in result.err.splitlines() if line.startswith("epoch ")]
    assert [line.split()[1] for line in lines] == ["1/2", "2/2"]
    assert "\x1b" not in result.out + result.err
    assert Path("runs/lenet5-digits-seed0/curves.png").read_bytes().startswith(b"\x89PNG")


def test_json_is_one_document(run_cli, digits: Path) -> None:
    result = run_cli(*arguments(digits, "--json", "--seed", "7"))
    document = json.loads(result.out)
    assert document["schema"] == "mnistkit/train/1"
    assert document["seed"] == 7
    assert document["test"]["n"] == 200
    again = json.loads(run_cli(*arguments(digits, "--json", "--seed", "7")).out)
    assert not again["trained"]
    assert again["test"] == document["test"]


def test_seeds_report_mean_and_deviation(run_cli, digits: Path) -> None:
    result = run_cli(*arguments(digits, "--seeds", "2", "--epochs", "1"))
    assert result.code == 0
    assert "mean over 2 seeds" in result.out
    assert " ± " in result.out
    document = json.loads(run_cli(*arguments(digits, "--seeds", "2", "--epochs", "1", "--json")).out)
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
def test_bad_input_is_one_clear_line(run_cli, digits: Path, options: list[str], code: int, words: str) -> None:
    result = run_cli(*arguments(digits, *options))
    assert result.code == code
    errors = [line for line in result.err.splitlines() if line.startswith("error: ")]
    assert len(errors) == 1
    assert words in errors[0]
    assert "Traceback" not in result.err
    assert result.out == ""


def test_a_run_killed_at_random_moments_ends_in_the_same_weights(digits: Path, tmp_path: Path) -> None:
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    options = ["--set", "ema_decay=0.9", "--epochs", "6"]
    # Every run is such a process: how many threads compute is part of what gives the same bits.
    finish(start(digits, *options, "--out", str(whole)))
    moments = random.Random(5)
    kills = 0
    for _ in range(3):
        process = start(digits, *options, "--out", str(killed), "--resume")
        wait_for(killed / "recipe.toml", process)
        time.sleep(moments.uniform(0.0, 0.6) + (3.0 if kills else 0.0))
        kills += process.poll() is None
        process.send_signal(signal.SIGKILL)
        process.communicate()
    assert kills
    finish(start(digits, *options, "--out", str(killed), "--resume"))
    assert digest(whole / "model.safetensors") == digest(killed / "model.safetensors")


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_stops_cleanly_and_says_how_to_go_on(digits: Path, tmp_path: Path, sent: signal.Signals) -> None:
    out = tmp_path / "run"
    process = start(digits, "--epochs", "500", "--out", str(out))
    wait_for(out / "state.safetensors", process)
    process.send_signal(sent)
    stdout, stderr = process.communicate(timeout=60)
    assert process.returncode == 130
    assert stdout == ""
    assert "--resume" in stderr
    assert "Traceback" not in stderr
    assert (out / "model.safetensors").exists()
    assert not list(out.glob(".*"))


def test_outliers_are_for_digits_only(run_cli, tmp_path: Path) -> None:
    folder = make_classes(tmp_path / "pets", {"cat": 12, "dog": 12})
    result = run_cli("train", "--arch", "lenet5", "--dataset", str(folder), "--set", "outliers=0.1")
    assert result.code == 2
    assert "outliers are letters and scribbles: for digits only" in result.err
    assert "hint: leave the recipe's outliers at 0" in result.err
