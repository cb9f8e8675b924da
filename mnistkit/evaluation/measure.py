"""From models' logits to the figures of ``mnistkit evaluate``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

from torch import Tensor

from mnistkit.evaluation.answered import Answered
from mnistkit.evaluation.metrics import average_probabilities, is_correct, measure, measure_classes
from mnistkit.evaluation.paired import mcnemar
from mnistkit.evaluation.results.base import EvaluatedCheckpoint
from mnistkit.evaluation.results.evaluate import Comparison, ModelResult


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
        answers: What ``predict`` says about the pictures; None for an average of models, and where there are none.
    """

    logits: Tensor
    perturbed_logits: Tensor | None
    images_per_second: float | None = None
    answers: Answered | None = None


def measure_model(checkpoint: EvaluatedCheckpoint | None, outputs: Outputs, truth: Truth) -> ModelResult:
    """Return every figure of one model; ``checkpoint`` is None for the ensemble."""
    logits, labels, trusted = outputs.logits, truth.labels, truth.trusted
    return ModelResult(
        checkpoint=checkpoint,
        metrics=measure(logits, labels),
        per_class=measure_classes(logits, labels, truth.classes),
        images_per_second=outputs.images_per_second,
        perturbed=None if outputs.perturbed_logits is None else measure(outputs.perturbed_logits, labels),
        without_label_errors=None if trusted is None else measure(logits[trusted], labels[trusted]),
        answers=outputs.answers,
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
