"""Results to show, without a model."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from mnistkit.evaluation.confusion import measure_confusion
from mnistkit.evaluation.measure import Outputs, Truth, average_outputs, compare_all, measure_model
from mnistkit.evaluation.results.base import EvaluatedCheckpoint
from mnistkit.evaluation.results.confusion import ConfusionResult
from mnistkit.evaluation.results.errors import (
    ErrorsResult,
    Misclassification,
    ModelErrors,
    Section,
    Selection,
    WrongPrediction,
)
from mnistkit.evaluation.results.evaluate import EvaluateResult

DIGITS = tuple("0123456789")
LETTERS = tuple("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
EMNIST = (*DIGITS, *LETTERS, *"abdefghnqrt")
FASHION = ("T-shirt/top", "Trouser", "Pullover", "Dress")
ODD = ("<b>bold</b>", "&lt;", '"quoted"', "it's")


def confusion_result(classes=DIGITS, models=1, *, n=2000, wrong=0.1, normalize="none", errors_only=False):
    random = np.random.default_rng(0)
    labels = random.integers(0, len(classes), n)
    found = []
    for i in range(models):
        predicted = np.where(random.random(n) < wrong, random.integers(0, len(classes), n), labels)
        checkpoint = EvaluatedCheckpoint(f"run{i}", f"run{i}.safetensors", "lenet5", "mnist", 500)
        found.append(measure_confusion(checkpoint, labels, predicted, len(classes), normalize))
    return ConfusionResult("mnist", "test", n, classes, "cpu", "fp32", normalize, errors_only, tuple(found))


def evaluate_result(models=1, *, classes=DIGITS, ensemble=False, perturbed=False, trusted=False, split="test"):
    generator = torch.Generator().manual_seed(0)
    labels = torch.randint(0, len(classes), (500,), generator=generator)
    truth = Truth(classes, labels, torch.arange(500) >= 15 if trusted else None)

    def logits():
        return torch.randn(500, len(classes), generator=generator) + 4 * torch.eye(len(classes))[labels]

    outputs = [Outputs(logits(), logits() if perturbed else None, 1234.5) for _ in range(models)]
    checkpoints = [
        EvaluatedCheckpoint(f"run{i}", f"runs/run{i}/model.safetensors", "lenet5", "mnist", 500)
        for i in range(models)
    ]
    rows = tuple(measure_model(*pair, truth) for pair in zip(checkpoints, outputs, strict=True))
    together = None
    if ensemble:
        outputs.append(average_outputs(outputs))
        together = measure_model(None, outputs[-1], truth)
    comparisons = compare_all(outputs, truth)
    return EvaluateResult("mnist", split, 500, classes, "cpu (1 threads)", "fp32", rows, together, comparisons)


def errors_result(
    classes: tuple[str, ...],
    models: tuple[str, ...],
    note: str = "",
    *,
    images: int = 2,
    names: Sequence[str] = (),
    explained: str | None = "a method",
) -> ErrorsResult:
    """Images of class 0 that every model takes for class 1.

    Args:
        classes: Three names.
        models: The models' names.
        note: What is known about the label of each image.
        images: How many there are.
        names: Files in the folder "toys" that they are of; none where they are no pictures.
        explained: The method of the attribution maps; None for none.
    """
    shares = np.array([0.25, 0.75, 0.0])
    predictions = tuple(
        WrongPrediction(place, 1, shares, 1.39, 0.5, np.ones((28, 28), dtype=np.float32) if explained else None)
        for place in range(len(models))
    )
    pixels = np.zeros((28, 28), dtype=np.uint8)
    pixels[4:24, 12:16] = 255
    paths = [f"toys/{name}" for name in names] or [None] * images
    found = tuple(Misclassification(i, 10 + i, 0, pixels, predictions, note, path) for i, path in enumerate(paths))
    kind, count = "wrong" if len(models) == 1 else "all", len(found)
    return ErrorsResult(
        dataset="toys",
        split="test",
        n=10 + count,
        classes=classes,
        device="cpu",
        precision="fp32",
        models=tuple(ModelErrors(name, None, count) for name in models),
        selection=Selection(),
        sections=(Section(kind, tuple(range(len(models))), count, found),),
        explained=explained,
    )
