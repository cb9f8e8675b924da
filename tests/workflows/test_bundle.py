"""Bundling: calibrated, small, with the figures of its run, and never on the test images."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from mnistkit import locate
from mnistkit.checkpoint import load_tensors, read_description, read_info, save_checkpoint
from mnistkit.data.base import Dataset
from mnistkit.data.batches import DeviceImages, Normalisation
from mnistkit.exceptions import CheckpointError, MnistkitError, OutputError, UsageError
from mnistkit.export.lower import lower_architecture
from mnistkit.inference.calibration import MAX_FALSE_ALARM_RATE, Calibration
from mnistkit.inference.checkpoints import FoundCheckpoint, load_model
from mnistkit.workflows import bundle as workflow
from mnistkit.workflows.bundle import BundleConfig, bundle
from tests.support.toys import save_trained


@pytest.fixture
def weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(locate, "WEIGHTS", tmp_path / "weights")
    return tmp_path / "weights"


@pytest.fixture
def run(toys: Dataset, tmp_path: Path) -> Path:
    path = save_trained(tmp_path / "model.safetensors", toys, steps=10)
    figures = {"val_accuracy": 0.91, "val_loss": 0.2, "test_accuracy": 0.92, "test_n": 120}
    save_checkpoint(path, load_tensors(path), replace(read_info(path), metrics=figures))
    return path


@pytest.mark.parametrize("half", [False, True])
def test_the_calibration_is_that_of_the_stored_weights(
    half: bool, run: Path, weights: Path, toys: Dataset
) -> None:
    result = bundle(BundleConfig(str(run), "tiny", half=half))
    assert result.path == weights / "tiny.safetensors"
    found = FoundCheckpoint.read(result.path)
    model = load_model(found)
    val = DeviceImages.of(toys.split("val"), torch.device("cpu"))
    normalisation = Normalisation(toys.mean, toys.std)
    with torch.inference_mode():
        logits = model(normalisation(val.images))
    stored = Calibration.of(found.info.calibration)
    assert stored == result.calibration
    assert stored.n == len(val) == 40
    refused = stored.probabilities(logits.numpy()).max(axis=1) < stored.threshold - 1e-6
    assert refused.mean() <= MAX_FALSE_ALARM_RATE
    assert found.info.metrics == read_info(run).metrics
    assert found.info.program == lower_architecture("lenet5", 3).to_dict()
    assert all(value.dtype != torch.float16 for value in model.state_dict().values())


def test_half_is_half_as_large_and_nearly_the_same(run: Path, weights: Path) -> None:
    full = bundle(BundleConfig(str(run), "full"))
    half = bundle(BundleConfig(str(run), "half", half=True))
    assert half.size < 0.52 * full.size
    assert half.total == half.size + full.size == sum(path.stat().st_size for path in weights.iterdir())
    assert {value.dtype for value in load_tensors(half.path).values()} == {torch.float16}
    images = torch.rand(8, 1, 28, 28)
    with torch.inference_mode():
        first, second = (load_model(FoundCheckpoint.read(each.path))(images) for each in (full, half))
    assert torch.allclose(first, second, atol=0.02)


def test_the_test_images_are_not_read(run: Path, weights: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    monkeypatch.setattr(Dataset, "split", lambda self, name: asked.append(name) or self.train.take([0, 1, 2, 3]))
    bundle(BundleConfig(str(run), "tiny"))
    assert asked == ["val"]


def test_a_run_without_validation_images_cannot_be_calibrated(run: Path, weights: Path) -> None:
    save_checkpoint(run, load_tensors(run), replace(read_info(run), metrics={"test_accuracy": 0.9}))
    with pytest.raises(CheckpointError, match="trained without validation images"):
        bundle(BundleConfig(str(run), "tiny"))
    assert not weights.exists()


def test_what_would_be_too_large_is_not_written(run: Path, weights: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = bundle(BundleConfig(str(run), "first"))
    monkeypatch.setattr(workflow, "MAX_BYTES", int(1.9 * first.size))
    bundle(BundleConfig(str(run), "first"))
    with pytest.raises(OutputError, match="all bundled models would take") as caught:
        bundle(BundleConfig(str(run), "second"))
    assert caught.value.hint and "--half" in caught.value.hint
    assert [path.name for path in weights.iterdir()] == ["first.safetensors"]


@pytest.mark.parametrize("name", ["latest", "", "../x", "A", "a b", "-x"])
def test_names_that_cannot_be_one(name: str, run: Path, weights: Path) -> None:
    with pytest.raises(UsageError, match="cannot be the name"):
        bundle(BundleConfig(str(run), name))


def test_numbers_too_large_for_16_bits_are_told(run: Path, weights: Path) -> None:
    tensors = load_tensors(run)
    name = next(iter(tensors))
    tensors[name][:] = 1e6
    save_checkpoint(run, tensors, read_info(run))
    with pytest.raises(MnistkitError, match="too large for 16 bits"):
        bundle(BundleConfig(str(run), "tiny", half=True))


def test_what_is_bundled_fits_the_limit_and_says_what_it_is() -> None:
    """Checks the files that really ship, as many as there are."""
    paths = [locate.bundled_path(name) for name in locate.bundled_names()]
    assert sum(path.stat().st_size for path in paths) <= workflow.MAX_BYTES
    for path in paths:
        assert "file_sha256" in json.loads(read_description(path))
        info = read_info(path)
        calibration = Calibration.of(info.calibration)
        assert calibration.n and calibration.false_alarm_rate <= MAX_FALSE_ALARM_RATE
        assert {"val_accuracy", "test_accuracy"} <= set(info.metrics)
