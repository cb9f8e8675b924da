"""Exporting: what the page is made of, and what is refused."""

from __future__ import annotations

import json
import os
import re
from dataclasses import replace
from html import unescape
from pathlib import Path

import numpy as np
import pytest
import torch

from mnistkit.checkpoint import save_checkpoint
from mnistkit.data import load_dataset
from mnistkit.exceptions import CheckpointError, LoweringError, MnistkitError, OutputError, UsageError
from mnistkit.export.lower import lower_architecture
from mnistkit.inference.checkpoints import find_checkpoints
from mnistkit.inference.recogniser import Recogniser
from mnistkit.models import build_model
from mnistkit.preparation import Preparation
from mnistkit.workflows.export import ExportConfig, export_model
from tests.support.checkpoints import description
from tests.support.cli import run_module

PAGE = Path("page.html")


@pytest.fixture
def lenet() -> str:
    """A checkpoint of a lenet5 that has learnt nothing."""
    torch.manual_seed(0)
    calibration = {"temperature": 1.5, "threshold": 0.7}
    info = description(program=lower_architecture("lenet5", 10).to_dict(), calibration=calibration)
    save_checkpoint(Path("lenet.safetensors"), build_model("lenet5", 10).state_dict(), info)
    return "lenet.safetensors"


def model_in(page: Path) -> dict[str, object]:
    found = re.search('<script id="model" type="application/json">(.*?)</script>', page.read_text(), re.DOTALL)
    assert found
    return dict(json.loads(found.group(1)))


def test_the_page_is_one_small_file_that_asks_nobody(lenet: str) -> None:
    exported = export_model(ExportConfig(PAGE, lenet))
    text = unescape(PAGE.read_text())
    assert exported.bytes == PAGE.stat().st_size <= 150_000
    assert not re.search(r"https?:|//[a-z]+\.[a-z]|@import|url\(", text)
    assert "default-src 'none'" in text and "unsafe" not in text
    assert text.count("sha256-") == 2


def test_the_default_model_fits_into_a_megabyte_and_a_half() -> None:
    exported = export_model(ExportConfig(PAGE, gallery=0, bits=16))
    assert exported.checkpoint == "pictures" and exported.bytes <= 1_500_000
    assert (exported.test_images, exported.test_accuracy, exported.gallery) == (0, None, 0)


def test_what_the_page_knows_is_what_the_checkpoint_says(lenet: str) -> None:
    export_model(ExportConfig(PAGE, lenet, gallery=0))
    model = model_in(PAGE)
    assert model["classes"] == list("0123456789")
    assert (model["temperature"], model["threshold"]) == (1.5, 0.7)
    assert (model["mean"], model["std"], model["served"]) == (0.1307, 0.3081, False)


def test_the_accuracy_and_the_gallery_are_those_of_the_test_images(lenet: str) -> None:
    told: list[tuple[int, int, str]] = []
    config = ExportConfig(PAGE, lenet, bits=16, gallery=3, progress=lambda *step: told.append(step))
    exported = export_model(config)
    test = load_dataset("mnist").test
    logits = Recogniser.load(find_checkpoints([lenet])[0], backend="numpy").logits(test.images)
    wrong = np.flatnonzero(logits.argmax(axis=1) != test.labels)
    assert exported.test_images == 10_000 and told[-1] == (10_000, 10_000, "images")
    # A few answers of 16 bits may differ from those of 32.
    assert exported.test_accuracy == pytest.approx(1 - len(wrong) / 10_000, abs=0.002)
    gallery = model_in(PAGE)["gallery"]
    assert isinstance(gallery, list) and len(gallery) == exported.gallery == 3
    assert [each["label"] for each in gallery] == [str(test.labels[each["index"]]) for each in gallery]
    assert all(each["label"] != each["answer"] for each in gallery)


def test_the_same_model_gives_the_same_page_in_every_process(lenet: str) -> None:
    for seed in ("1", "2"):
        done = run_module(
            *("export", lenet, "--gallery", "0", "--out", f"{seed}.html"),
            env={**os.environ, "PYTHONHASHSEED": seed},
        )
        assert done.returncode == 0, done.stderr
    assert Path("1.html").read_bytes() == Path("2.html").read_bytes()


def test_a_checkpoint_without_a_program_is_lowered(lenet: str) -> None:
    info = find_checkpoints([lenet])[0].info
    save_checkpoint(Path("old.safetensors"), build_model("lenet5", 10).state_dict(), replace(info, program={}))
    export_model(ExportConfig(PAGE, "old.safetensors", gallery=0))
    export_model(ExportConfig(Path("new.html"), lenet, gallery=0))
    assert model_in(PAGE)["program"] == model_in(Path("new.html"))["program"]


def test_names_cannot_break_out_of_the_page(lenet: str) -> None:
    info = replace(find_checkpoints([lenet])[0].info, classes=("</script><b>", *"123456789"), dataset="<i>own")
    save_checkpoint(Path("odd.safetensors"), build_model("lenet5", 10).state_dict(), info)
    said: list[str] = []
    export_model(ExportConfig(PAGE, "odd.safetensors"), said.append)
    assert "</script><b>" not in PAGE.read_text() and "<i>own" not in PAGE.read_text()
    assert model_in(PAGE)["classes"] == ["</script><b>", *"123456789"]
    assert any("no errors are shown" in line for line in said)


def test_a_model_of_whole_pictures_is_said_to_get_others(lenet: str) -> None:
    info = replace(find_checkpoints([lenet])[0].info, preparation=Preparation("whole"))
    save_checkpoint(Path("whole.safetensors"), build_model("lenet5", 10).state_dict(), info)
    said: list[str] = []
    export_model(ExportConfig(PAGE, "whole.safetensors", gallery=0), said.append)
    assert any("learnt from whole pictures" in line for line in said)


@pytest.mark.parametrize(
    ("changes", "error", "words"),
    [
        ({"out": Path("page.htm")}, UsageError, "nothing is exported to '.htm'"),
        ({"out": Path("page")}, UsageError, "it has no suffix"),
        ({"out": Path("folder.html")}, UsageError, "it is a folder"),
        ({"out": Path("lenet.safetensors/page.html")}, OutputError, "a file stands where a folder is needed"),
        ({"bits": 4}, UsageError, "a weight has 8 or 16 bits, not 4"),
        ({"gallery": -1}, UsageError, "--gallery must be 0 or more"),
        ({"max_bytes": 0}, UsageError, "--max-bytes must be 1 or more"),
        ({"max_bytes": 50_000}, OutputError, "more than --max-bytes 50,000"),
        ({"checkpoint": "lenet9"}, CheckpointError, "does not exist"),
    ],
)
def test_what_cannot_be_exported_leaves_what_was_there(
    lenet: str, changes: dict[str, object], error: type[MnistkitError], words: str
) -> None:
    Path("folder.html").mkdir()
    PAGE.write_text("mine")
    config = replace(ExportConfig(PAGE, lenet, gallery=0), **changes)  # type: ignore[arg-type]
    with pytest.raises(error, match=re.escape(words)):
        export_model(config)
    assert PAGE.read_text() == "mine"
    assert sorted(path.name for path in Path().iterdir()) == ["folder.html", "lenet.safetensors", "page.html"]


def test_an_operation_that_no_program_holds_is_named(lenet: str, monkeypatch: pytest.MonkeyPatch) -> None:
    info = replace(find_checkpoints([lenet])[0].info, program={})
    save_checkpoint(Path("old.safetensors"), build_model("lenet5", 10).state_dict(), info)

    def refuse(architecture: str, classes: int) -> None:
        raise LoweringError("'lenet5' cannot be lowered to a program: layer '0' uses mish, which none can hold")

    monkeypatch.setattr("mnistkit.export.lower.lower_architecture", refuse)
    with pytest.raises(LoweringError, match="layer '0' uses mish"):
        export_model(ExportConfig(PAGE, "old.safetensors", gallery=0))
