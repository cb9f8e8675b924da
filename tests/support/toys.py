"""Small datasets and checkpoints for the tests of evaluation."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.nn import functional

from mnistkit import data
from mnistkit.checkpoint import CheckpointInfo, save_checkpoint
from mnistkit.data.base import Dataset, DatasetInfo, LabelledImages
from mnistkit.data.batches import DeviceImages, Normalisation
from mnistkit.models import build_model


def bars(n: int, classes: int, seed: int) -> LabelledImages:
    """Noisy pictures of one bar, whose place is the class."""
    random = np.random.RandomState(seed)
    labels = random.randint(0, classes, n).astype(np.int64)
    images = random.randint(0, 120, (n, 28, 28)).astype(np.uint8)
    width = 28 // classes
    for image, label in zip(images, labels, strict=True):
        image[:, label * width : label * width + max(1, width // 2)] = 220
    return LabelledImages(images, labels, np.arange(n))


def toy_dataset(name: str, classes: Sequence[str], *, test_size: int = 120) -> Dataset:
    """A dataset of bars with 400 training images."""
    train, test = bars(400, len(classes), seed=0), bars(test_size, len(classes), seed=1)
    return Dataset(name, tuple(classes), train, test, validation_size=40, mean=0.3, std=0.25)


def register(monkeypatch: pytest.MonkeyPatch, dataset: Dataset) -> Dataset:
    """Make ``dataset`` known by its name for the length of a test."""
    info = DatasetInfo(
        name=dataset.name,
        title="a toy",
        classes=dataset.classes,
        train_size=len(dataset.train),
        test_size=len(dataset.test),
        licence="none",
        citation="this test",
        load=lambda options: dataset,
        status=lambda: "shipped",
        location=Path,
    )
    data.dataset_names()
    monkeypatch.setitem(data._registry._values, dataset.name, info)
    return dataset


def info_for(dataset: Dataset, seed: int = 0) -> CheckpointInfo:
    return CheckpointInfo(
        architecture="lenet5",
        classes=dataset.classes,
        mean=dataset.mean,
        std=dataset.std,
        dataset=dataset.name,
        split="train",
        recipe={"eval_batch_size": 64},
        seed=seed,
        epoch=1,
    )


def save_constant(path: Path, dataset: Dataset, favourite: int) -> Path:
    """Save a lenet5 that always says ``favourite``, with probability e / (e + classes - 1)."""
    model = build_model("lenet5", len(dataset.classes))
    weights = {name: torch.zeros_like(value) for name, value in model.state_dict().items()}
    weights["classifier.5.bias"][favourite] = 1.0
    save_checkpoint(path, weights, info_for(dataset))
    return path


def save_trained(path: Path, dataset: Dataset, *, seed: int = 0, steps: int = 40) -> Path:
    """Save a lenet5 trained for a few steps of 64 images."""
    torch.manual_seed(seed)
    model, normalisation = build_model("lenet5", len(dataset.classes)), Normalisation(dataset.mean, dataset.std)
    images = DeviceImages.of(dataset.train.take(np.arange(min(4000, len(dataset.train)))), torch.device("cpu"))
    optimizer = torch.optim.AdamW(model.parameters(), lr=2e-3)
    for _ in range(steps):
        chosen = torch.randint(0, len(images), (64,))
        loss = functional.cross_entropy(model(normalisation(images.images[chosen])), images.labels[chosen])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    save_checkpoint(path, model.state_dict(), info_for(dataset, seed))
    return path
