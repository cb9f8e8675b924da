from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import typer

from mnistkit.cli.taken_options import with_options_of
from tests.cli.test_train import exit_codes
from tests.support.cli import HEAVY, run_and_see_what_is_loaded
from tests.support.commands import COMMANDS, options_of
from tests.support.files import check_file
from tests.support.teachers import save_teacher


def arguments(digits: Path, teacher: Path, *more: str) -> list[str]:
    line = f"distill --teacher {teacher} --student lenet5 --device cpu --epochs 2 --dataset"
    return [*line.split(), str(digits), *more]


def test_it_has_all_options_of_train_but_the_architecture() -> None:
    train, distill = (options_of(COMMANDS[(name,)]) for name in ("train", "distill"))
    assert train - distill == {"--arch", "-a"}
    assert distill - train == {
        "--teacher", "-t", "--student", "-s", "--baseline", "--transfer", "--omit-class",
    }  # fmt: skip


def test_options_are_taken_over_with_type_and_default() -> None:
    def other(context: typer.Context, count: int = 3, name: str = "x") -> None: ...

    @with_options_of(other, without=("name",))
    def own(context: typer.Context, flag: bool = False, **options: int) -> dict[str, int]:
        return options

    assert list(own.__signature__.parameters) == ["context", "flag", "count"]  # type: ignore[attr-defined]
    assert own.__annotations__["count"] is int
    assert own(None, count=5) == {"count": 5}  # type: ignore[arg-type]


def test_it_trains_and_shows_all_three_side_by_side(run_cli, digits_folder: Path, checkpoint: Path) -> None:
    result = run_cli(*arguments(digits_folder, checkpoint, "--baseline", "--seeds", "2"))
    assert result.code == 0
    assert result.out.startswith("lenet5 distilled: test accuracy ")
    for words in ("agrees with teacher", "calibration error", "images per second", "exact McNemar", "61,706"):
        assert words in result.out
    assert [line.split()[1] for line in result.err.splitlines() if line.startswith("epoch ")] == ["1/2", "2/2"] * 4
    name = checkpoint.parent.name
    for folder in (f"lenet5-digits-seed0-from-{name}", f"lenet5-digits-seed1-from-{name}", "lenet5-digits-seed0"):
        assert (Path("runs") / folder / "metrics.json").exists()
        check_file(Path("runs") / folder / "curves.png")
    assert f"warning: {name} learnt from mnist, not from {digits_folder}" in result.err
    assert "learning from " in result.err and " views are in " in result.err


def test_json_is_one_document(run_cli, digits_folder: Path, checkpoint: Path) -> None:
    result = run_cli(*arguments(digits_folder, checkpoint, "--json", "--omit-class", "3"))
    document = json.loads(result.out)
    assert (document["schema"], document["student"]) == ("mnistkit/distill/1", "lenet5")
    assert [model["role"] for model in document["models"]] == ["teacher", "distilled"]
    assert document["runs"][0]["objective"]["omitted"] == document["omitted"][0]["name"] == "3"
    assert document["teachers"][0]["sha256"]


def test_jobs_train_side_by_side_with_the_baseline(run_cli, digits_folder: Path, checkpoint: Path) -> None:
    result = run_cli(*arguments(digits_folder, checkpoint, "--baseline", "--jobs", "2", "--json", "--out", "both"))
    assert result.code == 0, result.err
    assert "lenet5: epoch 2/2" in result.err and "lenet5 alone: epoch 2/2" in result.err
    assert run_cli(*arguments(digits_folder, checkpoint, "--baseline", "--out", "serial")).code == 0
    for place in ("", "-alone"):
        one, other = (Path(f"{out}{place}", "model.safetensors").read_bytes() for out in ("both", "serial"))
        assert one == other


def test_a_job_that_fails_is_named(run_cli, digits_folder: Path, checkpoint: Path) -> None:
    line = arguments(digits_folder, checkpoint, "--jobs", "1", "--lr", "1e25", "--set", "optimizer=sgd")
    result = run_cli(*line)
    assert result.code == 1 and "error: 1 of 1 training failed: lenet5" in result.err


def test_killed_at_any_moment_and_resumed_it_ends_in_the_same_weights(
    digits_folder: Path, checkpoint: Path
) -> None:
    options = arguments(digits_folder, checkpoint, "--epochs", "4", "--batch-size", "50", "--set", "ema_decay=0.9")
    killed = [*options, "--out", "killed", "--resume"]
    # The files of the first epoch are the answers to its view, then model, history and state.
    deaths = [("file", 1), ("step", 3), ("file", 4), ("step", 30)]
    runs = [*((killed, death) for death in deaths), (killed, None), ([*options, "--out", "whole"], None)]
    codes = exit_codes(runs)
    assert codes[-2:] == [0, 0] and set(codes[:-2]) == {-signal.SIGKILL}
    assert Path("whole/model.safetensors").read_bytes() == Path("killed/model.safetensors").read_bytes()


def test_ctrl_c_saves_and_resume_alone_finds_run_teacher_and_student(
    run_cli, digits_folder: Path, checkpoint: Path
) -> None:
    line = arguments(digits_folder, checkpoint, "--epochs", "300")
    command = [sys.executable, "-m", "mnistkit", *line]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        assert any(said.startswith("epoch 1/300") for said in process.stderr), "it never came to its first epoch"
        process.send_signal(signal.SIGINT)
        stdout, stderr = process.communicate()
    assert (process.returncode, stdout) == (130, "") and "--resume" in stderr and "Traceback" not in stderr
    (folder,) = Path("runs").iterdir()
    resumed = run_cli("distill", "--resume", "--dry-run")
    assert resumed.code == 0, resumed.err
    assert f"going on with {folder}" in resumed.err and "architecture lenet5" in resumed.err
    assert f"run folder: {folder} (holds an unfinished run, which would go on)" in resumed.out


def test_a_recipe_of_a_distilled_run_brings_its_teacher(run_cli, digits_folder: Path, checkpoint: Path) -> None:
    assert run_cli(*arguments(digits_folder, checkpoint, "--out", "first")).code == 0
    again = run_cli("distill", "--recipe", "first/recipe.toml", "--out", "again", "--device", "cpu")
    assert again.code == 0
    assert Path("first/model.safetensors").read_bytes() == Path("again/model.safetensors").read_bytes()


def test_a_dry_run_writes_nothing(run_cli, digits_folder: Path, checkpoint: Path) -> None:
    result = run_cli(*arguments(digits_folder, checkpoint, "--dry-run", "--omit-class", "3"))
    assert result.code == 0
    assert f"run folder: runs/lenet5-digits-seed0-from-{checkpoint.parent.name}-without-3 (new)" in result.out
    assert "[distillation]" in result.out and "the plan counts the labelled images of all classes" in result.err
    assert not list(Path().iterdir())


def test_without_a_student_the_best_bargain_is_taken_and_named(run_cli, checkpoint: Path) -> None:
    result = run_cli("distill", "--teacher", checkpoint, "--dry-run")
    assert result.code == 0
    (line,) = (line for line in result.err.splitlines() if line.startswith("student: "))
    assert "the smallest network measured within 0.2 points of the best" in line
    assert result.out.startswith(line.split(":")[1].split(",")[0].strip())


@pytest.mark.parametrize(
    ("options", "code", "words"),
    [
        (["--student", "lenet"], 2, "unknown architecture 'lenet'; did you mean 'lenet5' or 'lenet5-modified'?"),
        (["--teacher", "nobody"], 1, "checkpoint 'nobody' does not exist"),
        (["--omit-class", "x"], 2, "unknown class 'x'; known: 0, 1, 2"),
        (["--transfer", "nowhere"], 1, "nowhere does not exist"),
        (["--seeds", "0"], 2, "--seeds must be at least 1, not 0"),
        (["--jobs", "0"], 2, "--jobs must be at least 1, not 0"),
        (["--dry-run", "--seeds", "2"], 2, "--dry-run shows one run"),
        (["--set", "distillation.temprature=3"], 2, "did you mean 'distillation.temperature'"),
        (["--set", "distillation.temperature=0"], 2, "more than 0"),
        (["--set", "distillation.loss=l1"], 2, "unknown distillation.loss 'l1'"),
        (["--set", "outliers=0.1"], 2, "outliers cannot be distilled"),
        (["--resume", "--overwrite"], 2, "--resume and --overwrite cannot go together"),
    ],
)
def test_bad_input_is_one_clear_line(
    run_cli, digits_folder: Path, checkpoint: Path, options: list[str], code: int, words: str
) -> None:
    teacher = [] if "--teacher" in options else ["--teacher", str(checkpoint)]
    line = ["distill", *teacher, "--dataset", str(digits_folder), "--student", "lenet5", "--device", "cpu"]
    result = run_cli(*line, *options)
    assert result.code == code
    (error,) = (line for line in result.err.splitlines() if line.startswith("error: "))
    assert words in error and "Traceback" not in result.err
    assert result.out == "" and not Path("runs").exists()


def test_without_a_teacher_it_says_what_is_one(run_cli) -> None:
    result = run_cli("distill", "--student", "lenet5")
    assert (result.code, result.out) == (2, "")
    assert result.err.startswith("error: there is no teacher\nhint: --teacher takes a checkpoint, a run folder or")


def test_a_teacher_of_other_classes_is_refused_before_anything_is_trained(
    run_cli, digits_folder: Path, tmp_path: Path
) -> None:
    path = save_teacher(tmp_path / "pets.safetensors", classes=("cat", "dog"), dataset="my-pets")
    result = run_cli(*arguments(digits_folder, path))
    assert result.code == 1
    assert "error: pets cannot teach " in result.err and "hint: it was trained on my-pets" in result.err
    assert not Path("runs").exists()


def test_the_help_and_a_mistyped_name_load_nothing_heavy() -> None:
    lines = ["distill --help", "distill --student lenet", "distill --teachr x"]
    found = run_and_see_what_is_loaded(lines, HEAVY)
    assert found == {lines[0]: (0, []), lines[1]: (2, []), lines[2]: (2, [])}


def test_the_answers_go_where_the_cache_is(
    run_cli, digits_folder: Path, checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MNISTKIT_CACHE", str(tmp_path / "mine"))
    assert run_cli(*arguments(digits_folder, checkpoint)).code == 0
    files = sorted((tmp_path / "mine" / "answers").iterdir())
    # The views of two epochs, and the images as they are, of which the second shows some.
    assert len(files) == 3 and all(1100 * 10 * 2 < os.path.getsize(file) < 1100 * 10 * 2 + 2000 for file in files)  # noqa: PTH202
