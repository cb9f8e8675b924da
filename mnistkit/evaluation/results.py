"""The result of an evaluation: one row of figures a model, and the paired test of every two rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import combinations
from typing import Any

from torch import Tensor

from mnistkit.evaluation.metrics import (
    ClassMetrics,
    Metrics,
    average_probabilities,
    is_correct,
    measure,
    measure_classes,
)
from mnistkit.evaluation.paired import McNemar, mcnemar

ENSEMBLE = "ensemble"


@dataclass(frozen=True)
class Truth:
    """What the images are.

    Attributes:
        classes: The class names in the order of the labels.
        labels: int64 tensor of shape (n,) on the CPU.
        trusted: Bool tensor of shape (n,), false for images known to be mislabelled; None where none are known.
    """

    classes: tuple[str, ...]
    labels: Tensor
    trusted: Tensor | None = None


@dataclass(frozen=True)
class Outputs:
    """What a model said about the images, on the CPU.

    Attributes:
        logits: Float tensor of shape (n, classes).
        perturbed_logits: The same for the perturbed images; None if that was not asked for.
        images_per_second: Speed; None for an average of models.
    """

    logits: Tensor
    perturbed_logits: Tensor | None
    images_per_second: float | None = None


@dataclass(frozen=True)
class EvaluatedCheckpoint:
    """Where a row of figures comes from.

    Attributes:
        name: The run's or the file's name.
        path: The checkpoint file.
        architecture: Name in the model registry.
        dataset: The dataset it was trained on.
        batch_size: Images in a forward pass.
    """

    name: str
    path: str
    architecture: str
    dataset: str
    batch_size: int


@dataclass(frozen=True)
class ModelResult:
    """The figures of one checkpoint, or of the ensemble.

    Attributes:
        checkpoint: The checkpoint; None for the ensemble.
        metrics: The figures on the split.
        per_class: The figures of each class on the split.
        images_per_second: See :func:`mnistkit.evaluation.throughput.timed_logits`; None for the ensemble.
        perturbed: The figures on the perturbed images, if asked for.
        without_label_errors: The figures without the images known to be mislabelled; None where none are known.
    """

    checkpoint: EvaluatedCheckpoint | None
    metrics: Metrics
    per_class: tuple[ClassMetrics, ...]
    images_per_second: float | None
    perturbed: Metrics | None
    without_label_errors: Metrics | None

    @property
    def name(self) -> str:
        """The name to show."""
        return self.checkpoint.name if self.checkpoint else ENSEMBLE


@dataclass(frozen=True)
class Comparison:
    """The paired test of two rows, which are given by their places."""

    a: int
    b: int
    test: McNemar


@dataclass(frozen=True)
class EvaluateResult:
    """What an evaluation found.

    Attributes:
        dataset: The dataset's name or folder.
        split: "test", "val" or "train".
        n: Number of images in the split.
        classes: The class names.
        device: The device, with its product name.
        precision: Arithmetic of the forward passes.
        models: The checkpoints' figures in the order given.
        ensemble: The ensemble's figures, if asked for.
        comparisons: The paired tests of all pairs of :attr:`rows`.
    """

    dataset: str
    split: str
    n: int
    classes: tuple[str, ...]
    device: str
    precision: str
    models: tuple[ModelResult, ...]
    ensemble: ModelResult | None
    comparisons: tuple[Comparison, ...]

    @property
    def rows(self) -> tuple[ModelResult, ...]:
        """The checkpoints and, last, the ensemble if there is one."""
        return (*self.models, self.ensemble) if self.ensemble else self.models

    def to_json(self) -> dict[str, Any]:
        """Return plain values: shares from 0 to 1, the paired tests by checkpoint file, or "ensemble"."""
        values = asdict(self)
        comparisons = values.pop("comparisons")
        rows = [row.checkpoint.path if row.checkpoint else ENSEMBLE for row in self.rows]
        values["mcnemar"] = [{"a": rows[pair["a"]], "b": rows[pair["b"]], **pair["test"]} for pair in comparisons]
        return values


def measure_model(checkpoint: EvaluatedCheckpoint | None, outputs: Outputs, truth: Truth) -> ModelResult:
    """Return every figure of one model."""
    logits, labels, trusted = outputs.logits, truth.labels, truth.trusted
    return ModelResult(
        checkpoint=checkpoint,
        metrics=measure(logits, labels),
        per_class=measure_classes(logits, labels, truth.classes),
        images_per_second=outputs.images_per_second,
        perturbed=None if outputs.perturbed_logits is None else measure(outputs.perturbed_logits, labels),
        without_label_errors=None if trusted is None else measure(logits[trusted], labels[trusted]),
    )


def average_outputs(outputs: Sequence[Outputs]) -> Outputs:
    """Return the outputs of the ensemble that averages the models' probabilities."""
    perturbed = [each.perturbed_logits for each in outputs if each.perturbed_logits is not None]
    logits = average_probabilities([each.logits for each in outputs])
    return Outputs(logits, average_probabilities(perturbed) if perturbed else None)


def compare_all(outputs: Sequence[Outputs], truth: Truth) -> tuple[Comparison, ...]:
    """Return the paired test of every two models on the split as it is."""
    correct = [is_correct(each.logits, truth.labels) for each in outputs]
    return tuple(
        Comparison(a, b, mcnemar(correct[a], correct[b])) for a, b in combinations(range(len(outputs)), 2)
    )
