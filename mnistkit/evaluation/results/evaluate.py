"""What ``mnistkit evaluate`` found: one row of figures a model, and the paired test of every two rows."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, ClassVar

from mnistkit.evaluation.answered import Answered
from mnistkit.evaluation.metrics import ClassMetrics, Metrics
from mnistkit.evaluation.paired import McNemar
from mnistkit.evaluation.results.base import EvaluatedCheckpoint, SplitResult
from mnistkit.numbers import counted, percentage

ENSEMBLE = "ensemble"
"""How the average of all models is called where they have names."""


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
        answers: What ``predict`` says about the pictures of a user's folder; None for other data and the ensemble.
    """

    checkpoint: EvaluatedCheckpoint | None
    metrics: Metrics
    per_class: tuple[ClassMetrics, ...]
    images_per_second: float | None
    perturbed: Metrics | None
    without_label_errors: Metrics | None
    answers: Answered | None = None

    def __repr__(self) -> str:
        found = f"{percentage(self.metrics.top1)}, {counted(self.metrics.errors, 'error')}"
        return f"ModelResult({self.name}: {found} in {self.metrics.n:,})"

    @property
    def name(self) -> str:
        """The name to show."""
        return self.checkpoint.name if self.checkpoint else ENSEMBLE

    def to_json(self) -> dict[str, Any]:
        """Return plain values."""
        return {**asdict(self), "answers": self.answers.to_json() if self.answers else None}


@dataclass(frozen=True)
class Comparison:
    """The paired test of two rows, which are given by their places."""

    a: int
    b: int
    test: McNemar


@dataclass(frozen=True)
class EvaluateResult(SplitResult):
    """The figures of checkpoints on a split, and how they compare.

    Attributes:
        models: The checkpoints' figures in the order given.
        ensemble: The ensemble's figures, if asked for.
        comparisons: The paired tests of all pairs of :attr:`rows`.
    """

    schema: ClassVar = "mnistkit/evaluate/3"

    models: tuple[ModelResult, ...]
    ensemble: ModelResult | None
    comparisons: tuple[Comparison, ...]

    def __repr__(self) -> str:
        return self.in_a_line(self.accuracy_of(row.name, row.metrics.errors) for row in self.rows)

    @property
    def rows(self) -> tuple[ModelResult, ...]:
        """The checkpoints and, last, the ensemble if there is one."""
        return (*self.models, self.ensemble) if self.ensemble else self.models

    def to_json(self) -> dict[str, Any]:
        """Return plain values: shares from 0 to 1, the paired tests by checkpoint file, or "ensemble"."""
        rows = [row.checkpoint.path if row.checkpoint else ENSEMBLE for row in self.rows]
        return {
            **self.header(),
            "models": [model.to_json() for model in self.models],
            "ensemble": self.ensemble.to_json() if self.ensemble else None,
            "mcnemar": [{"a": rows[pair.a], "b": rows[pair.b], **asdict(pair.test)} for pair in self.comparisons],
        }
