"""Which checkpoint an argument means."""

from __future__ import annotations

from pathlib import Path

import pytest

from mnistkit import locate
from mnistkit.exceptions import CheckpointError
from mnistkit.locate import locate_checkpoint
from mnistkit.runs import RunFolder
from tests.support.runs import finished_run


@pytest.fixture
def bundled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "weights"
    folder.mkdir()
    (folder / "tiny.safetensors").write_text("x")
    monkeypatch.setattr(locate, "WEIGHTS", folder)
    return folder / "tiny.safetensors"


def test_a_file_is_taken_as_it_is_and_not_announced() -> None:
    Path("some.safetensors").write_text("x")
    lines: list[str] = []
    assert locate_checkpoint("some.safetensors", lines.append) == Path("some.safetensors")
    assert lines == []


def test_a_run_folder_means_its_model() -> None:
    run = finished_run("x", 1)
    assert locate_checkpoint(str(run.path)) == run.model


@pytest.mark.usefixtures("nothing_bundled")
@pytest.mark.parametrize("spec", ["latest", None])
def test_latest_is_the_newest_finished_run_and_is_announced(spec: str | None) -> None:
    finished_run("old", 1)
    run = finished_run("new", 2)
    lines: list[str] = []
    assert locate_checkpoint(spec, lines.append) == run.model
    assert lines == [f"checkpoint: {run.model}"]


def test_a_bundled_name(bundled: Path) -> None:
    assert locate_checkpoint("tiny") == bundled


def test_without_an_argument_the_bundled_default_is_used_and_said(bundled: Path) -> None:
    default = bundled.with_stem(locate.DEFAULT_BUNDLED)
    bundled.rename(default)
    finished_run("new", 2)
    Path(locate.DEFAULT_BUNDLED).write_text("x")
    lines: list[str] = []
    assert locate_checkpoint(None, lines.append) == default
    assert lines == [f"checkpoint: {locate.DEFAULT_BUNDLED}, which ships with mnistkit"]


def test_without_the_bundled_default_the_latest_run_is_used(bundled: Path) -> None:
    run = finished_run("new", 2)
    assert locate_checkpoint(None) == run.model


def test_a_folder_that_is_no_run_does_not_hide_a_bundled_model(bundled: Path) -> None:
    Path("tiny").mkdir()
    assert locate_checkpoint("tiny") == bundled
    Path("tiny/model.safetensors").write_text("x")
    assert locate_checkpoint("tiny") == Path("tiny/model.safetensors")


def test_a_file_in_the_way_wins_over_a_bundled_name(bundled: Path) -> None:
    Path("tiny").write_text("x")
    assert locate_checkpoint("tiny") == Path("tiny")


@pytest.mark.usefixtures("nothing_bundled")
@pytest.mark.parametrize("spec", ["latest", None])
def test_latest_without_any_run(spec: str | None) -> None:
    with pytest.raises(CheckpointError, match="no finished run") as caught:
        locate_checkpoint(spec)
    assert caught.value.hint == "mnistkit train"


def test_a_run_folder_without_weights() -> None:
    Path("runs/x").mkdir(parents=True)
    with pytest.raises(CheckpointError, match=r"runs/x holds no model\.safetensors"):
        locate_checkpoint("runs/x")


def test_a_folder_of_runs() -> None:
    Path("runs/x").mkdir(parents=True)
    finished_run("x/seed0", 1)
    with pytest.raises(CheckpointError, match="runs/x is no run but holds some") as caught:
        locate_checkpoint("runs/x")
    assert caught.value.hint == "give one of them: runs/x/seed0 (all: mnistkit runs runs/x)"


def test_a_run_before_its_first_epoch_has_none_yet() -> None:
    run = RunFolder(Path("runs/x"))
    run.path.mkdir(parents=True)
    run.recipe.write_text("[run]")
    with pytest.raises(CheckpointError, match="runs/x has no finished epoch yet") as caught:
        locate_checkpoint("runs/x")
    assert caught.value.hint == "go on with it: mnistkit train --resume --out runs/x"


def test_an_empty_folder_is_not_what_a_mistyped_run_means() -> None:
    Path("runs/lenet5-mnist-seed0").mkdir(parents=True)
    with pytest.raises(CheckpointError) as caught:
        locate_checkpoint("runs/lenet-mnist-seed0")
    assert "did you mean" not in caught.value.message


@pytest.mark.parametrize("spec", ["nowhere.safetensors", "x" * 5000, "~nobody/x"])
def test_nothing_of_that_name(spec: str, bundled: Path) -> None:
    with pytest.raises(CheckpointError, match="does not exist") as caught:
        locate_checkpoint(spec)
    assert caught.value.hint and "tiny" in caught.value.hint


def test_an_address_is_said_to_be_one() -> None:
    with pytest.raises(CheckpointError, match=r"the checkpoint https://x\.org/m\.safetensors is a URL"):
        locate_checkpoint("https://x.org/m.safetensors")


def test_a_far_off_name_gets_no_suggestion(bundled: Path) -> None:
    with pytest.raises(CheckpointError, match=r"checkpoint 'resnet' does not exist$"):
        locate_checkpoint("resnet")


def test_a_mistyped_run_gets_the_close_match() -> None:
    finished_run("lenet5-mnist-seed0", 1)
    with pytest.raises(CheckpointError, match="did you mean 'runs/lenet5-mnist-seed0'"):
        locate_checkpoint("runs/lenet-mnist-seed0")
