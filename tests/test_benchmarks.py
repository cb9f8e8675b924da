"""The benchmarks still run: published figures come from them, and nothing else calls them."""

from __future__ import annotations

import json
import sys
from importlib import import_module
from pathlib import Path

import pytest
import torch

from mnistkit import models
from mnistkit.recipe import Recipe
from mnistkit.training.teachers import find_teachers
from tests.benchmarks import distillation_controls, distillation_paper, pictures
from tests.support.picture_generator import STYLES, SURROUNDED, WITHOUT_DIGIT

FOLDER = Path(__file__).parent / "benchmarks"


@pytest.mark.parametrize("name", sorted(path.stem for path in FOLDER.glob("*.py")))
def test_every_benchmark_finds_what_it_imports(name: str) -> None:
    assert callable(import_module(f"tests.benchmarks.{name}").main)


def test_the_figures_for_generated_pictures_are_stated(
    checkpoint: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["pictures.py", str(checkpoint), "--each", "1", "--largest", "200"])
    pictures.main()
    lines = capsys.readouterr().out.splitlines()
    shown = {line[:12].strip(): line[12:].split() for line in lines}
    for kind in (*STYLES, *WITHOUT_DIGIT, *SURROUNDED, "several"):
        assert shown[kind][0] == "1"
    right = sum(float(shown[style][1]) for style in STYLES)
    assert f"single digits right: {right / len(STYLES):.4f} of {len(STYLES)}" in lines


def test_the_paper_s_pieces_are_done_once_and_written_down(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    line = ["paper", str(tmp_path), "--seeds", "1", "--epochs", "1", "--teacher-epochs", "1", "--images", "600"]
    monkeypatch.setattr(sys, "argv", [*line, "--temperatures", "2.5"])
    # What is registered there is to be forgotten again.
    monkeypatch.setattr(models._registry, "_values", dict(models._registry._values))
    distillation_paper.main()
    found = json.loads((tmp_path / "results.json").read_text())
    names = ["teacher", "800-alone", "800-T20", "800-T20-no-3", "30-alone", "30-T2.5"]
    assert [row["name"] for row in found.values()] == names
    assert all(0 < row["test_errors"] < row["test_n"] == 10_000 for row in found.values())
    assert set(found["800-T20-no-3-seed0"]["omitted"]) >= {"bias", "top1_with_bias"}
    first = capsys.readouterr().out
    monkeypatch.setattr(distillation_paper, "register_networks", lambda: None)
    distillation_paper.main()
    assert capsys.readouterr().out == "".join(
        f"{text}\n" for text in first.splitlines() if " test errors " in text
    )


def test_controls_teach_what_they_say(
    digits_folder: Path, checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shares = torch.tensor([[0.5, 0.3, 0.2], [0.1, 0.2, 0.7]])
    labels, generator = torch.tensor([0, 2]), torch.Generator()
    teachers = find_teachers([str(checkpoint)])
    smoothed = distillation_controls.Smoothed(Recipe(), teachers).shares(shares, labels, generator)
    torch.testing.assert_close(smoothed, torch.tensor([[0.6, 0.2, 0.2], [0.2, 0.2, 0.6]]))
    many, seed = torch.arange(1.0, 11).repeat(50, 1) / 55, generator.manual_seed(1)
    places = torch.arange(50) % 10
    shuffled = distillation_controls.Shuffled(Recipe(), teachers).shares(many, places, seed)
    assert torch.equal(shuffled.gather(1, places[:, None]), many.gather(1, places[:, None]))
    assert torch.equal(shuffled.sort(dim=1).values, many) and not torch.equal(shuffled, many)

    line = f"controls {tmp_path}/out --teacher {checkpoint} --student lenet5 --dataset {digits_folder} --seeds 1"
    monkeypatch.setattr(sys, "argv", [*line.split(), "--set", "epochs=1", "--set", "batch_size=64"])
    distillation_controls.main()
    found = json.loads((tmp_path / "out" / "results.json").read_text())
    assert list(found) == ["alone", "taught", "smoothed", "shuffled"]
    weights = [(tmp_path / "out" / name / "seed0" / "model.safetensors").read_bytes() for name in found]
    assert len(set(weights)) == 4
