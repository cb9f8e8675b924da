"""The figures of one model on labelled images, computed from its logits."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from mnistkit.evaluation.intervals import wilson_interval

ECE_BINS = 15


@dataclass(frozen=True)
class Metrics:
    """How well a model does on ``n`` images. Shares are from 0 to 1.

    Attributes:
        n: Number of images.
        errors: How many of them are classified wrongly.
        top1: Accuracy: the share for which the label has the highest probability.
        top2: The share for which the label is among the two highest; always 1 with two classes.
        interval: Wilson's 95 % interval of ``top1``.
        nll: Mean negative log-likelihood of the label, in nats; 0 is perfect.
        ece: Expected calibration error, see :func:`expected_calibration_error`.
    """

    n: int
    errors: int
    top1: float
    top2: float
    interval: tuple[float, float]
    nll: float
    ece: float


@dataclass(frozen=True)
class ClassMetrics:
    """How well a model does on one class.

    Attributes:
        name: The class.
        support: Number of images with this label.
        precision: Of the images called so, the share that are; None if none is called so.
        recall: Of the images that are, the share called so; None if there is none.
        f1: Harmonic mean of the two; None if the class neither occurs nor is ever predicted.
    """

    name: str
    support: int
    precision: float | None
    recall: float | None
    f1: float | None


def measure(logits: Tensor, labels: Tensor) -> Metrics:
    """Return the figures of a model.

    Args:
        logits: Float tensor of shape (n, classes); log-probabilities serve as well.
        labels: int64 tensor of shape (n,).

    Raises:
        ValueError: there are no images, or logits and labels do not belong together.
    """
    if logits.ndim != 2 or len(logits) != len(labels) or not len(labels):
        raise ValueError(f"cannot measure logits {tuple(logits.shape)} against labels {tuple(labels.shape)}")
    # Double precision, on the CPU because not every device has it: near-certain probabilities need the digits.
    logits, labels = logits.detach().cpu().double(), labels.cpu()
    correct = is_correct(logits, labels)
    second = logits.topk(min(2, logits.shape[1])).indices == labels.unsqueeze(1)
    n, right = len(labels), int(correct.sum())
    return Metrics(
        n=n,
        errors=n - right,
        top1=right / n,
        top2=int((correct | second.any(dim=1)).sum()) / n,
        interval=wilson_interval(right, n),
        nll=float(functional.cross_entropy(logits, labels)),
        ece=expected_calibration_error(logits.softmax(dim=1), labels),
    )


def is_correct(logits: Tensor, labels: Tensor) -> Tensor:
    """Return a bool tensor of shape (n,): whether the class with the highest logit is the label."""
    return logits.argmax(dim=1) == labels


def expected_calibration_error(probabilities: Tensor, labels: Tensor, bins: int = ECE_BINS) -> float:
    """Return how far a model's confidence is from its accuracy on average, from 0 (calibrated) to 1.

    Guo et al. (2017), "On calibration of modern neural networks", section 2, equation 3: the images are put in
    equally wide bins by their highest probability; within each bin the mean of that probability is compared
    with the accuracy, and the differences are averaged with the bins' sizes as weights.

    Args:
        probabilities: Tensor of shape (n, classes), rows that sum to 1.
        labels: int64 tensor of shape (n,).
        bins: Number of bins.
    """
    confidence, predicted = probabilities.max(dim=1)
    edges = torch.linspace(0, 1, bins + 1, dtype=confidence.dtype)
    # Bin m is (edge m, edge m+1], as in the paper; rounding may lift a probability a trifle above 1.
    places = torch.bucketize(confidence, edges[1:-1])
    gaps = torch.zeros(bins, dtype=confidence.dtype)
    gaps.index_add_(0, places, (predicted == labels).to(confidence.dtype) - confidence)
    return float(gaps.abs().sum() / len(labels))


def measure_classes(logits: Tensor, labels: Tensor, classes: Sequence[str]) -> tuple[ClassMetrics, ...]:
    """Return precision, recall and F1 of every class, by scikit-learn.

    Args:
        logits: Float tensor of shape (n, classes).
        labels: int64 tensor of shape (n,).
        classes: The class names in the order of the logits.
    """
    from sklearn.metrics import precision_recall_fscore_support

    figures = precision_recall_fscore_support(
        labels.cpu().numpy(),
        logits.argmax(dim=1).cpu().numpy(),
        labels=range(len(classes)),
        zero_division=math.nan,
    )
    return tuple(
        ClassMetrics(name, int(support), _defined(precision), _defined(recall), _defined(f1))
        for name, precision, recall, f1, support in zip(classes, *figures, strict=True)
    )


def average_probabilities(logits: Sequence[Tensor]) -> Tensor:
    """Return the log of the models' mean probabilities, which :func:`measure` takes like logits.

    Args:
        logits: Each model's logits, all of shape (n, classes).

    Returns:
        Double-precision tensor of shape (n, classes) on the CPU.
    """
    stacked = torch.stack([each.detach().cpu().double().log_softmax(dim=1) for each in logits])
    return stacked.logsumexp(dim=0) - math.log(len(logits))


def _defined(value: float) -> float | None:
    return None if math.isnan(value) else float(value)
