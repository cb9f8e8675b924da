"""What ``mnistkit confusion`` found: which class is taken for which, by one model or by two."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from mnistkit.evaluation.results.base import EvaluatedCheckpoint, SplitResult
from mnistkit.notebook import Drawn


@dataclass(frozen=True)
class Pair:
    """Two classes that one or two models confuse.

    Attributes:
        true: Place of the true class.
        predicted: Place of the class it was taken for, another one.
        counts: How often, for each model.
    """

    true: int
    predicted: int
    counts: tuple[int, ...]

    @property
    def change(self) -> int:
        """How much more often the last model confuses them than the first."""
        return self.counts[-1] - self.counts[0]


@dataclass(frozen=True)
class ModelConfusion:
    """The confusion matrix of one model; rows are the true classes, columns the predicted ones.

    Attributes:
        checkpoint: The checkpoint.
        counts: int64 array of shape (classes, classes).
        values: ``counts`` itself, or its normalised form with shares from 0 to 1.
    """

    checkpoint: EvaluatedCheckpoint
    counts: NDArray[np.int64] = field(repr=False)
    values: NDArray[Any] = field(repr=False)

    @property
    def errors(self) -> int:
        """How many images are classified wrongly."""
        return int(self.counts.sum() - self.counts.trace())

    @property
    def accuracy(self) -> float:
        """The share of images classified correctly."""
        return float(self.counts.trace() / self.counts.sum())

    @property
    def recall(self) -> tuple[float | None, ...]:
        """Of the images of each class, the share called so; None for a class without images."""
        return _shares(self.counts.diagonal(), self.counts.sum(axis=1))

    @property
    def precision(self) -> tuple[float | None, ...]:
        """Of the images called each class, the share that are; None for a class never predicted."""
        return _shares(self.counts.diagonal(), self.counts.sum(axis=0))


@dataclass(frozen=True)
class ConfusionResult(SplitResult, Drawn):
    """The confusion matrix of one model, or those of two and their difference.

    Attributes:
        normalize: See :func:`mnistkit.evaluation.confusion.measure_confusion`.
        errors_only: Whether the diagonal is left out of what is shown.
        models: One model, or two: A and B.
    """

    schema: ClassVar = "mnistkit/confusion/2"

    normalize: str
    errors_only: bool
    models: tuple[ModelConfusion, ...]

    def __repr__(self) -> str:
        return self.in_a_line(self.accuracy_of(each.checkpoint.name, each.errors) for each in self.models)

    @property
    def is_difference(self) -> bool:
        """Whether two models are compared."""
        return len(self.models) == 2

    @property
    def is_normalized(self) -> bool:
        """Whether the values are shares rather than counts."""
        return self.normalize != "none"

    @property
    def values(self) -> NDArray[Any]:
        """What is shown, of shape (classes, classes): the matrix, or that of B minus that of A."""
        first, last = self.models[0], self.models[-1]
        return last.values - first.values if self.is_difference else first.values

    @property
    def errors(self) -> int:
        """How many errors all models make together."""
        return sum(model.errors for model in self.models)

    def pairs(self) -> list[Pair]:
        """Return the confused pairs, the most frequent first; of two models, the most changed first."""
        counts = np.stack([model.counts for model in self.models])
        seen = counts[-1] != counts[0] if self.is_difference else counts[0] != 0
        places = zip(*(axis.tolist() for axis in np.nonzero(seen)), strict=True)
        found = [Pair(i, j, tuple(counts[:, i, j].tolist())) for i, j in places if i != j]
        return sorted(found, key=lambda pair: -abs(pair.change if self.is_difference else pair.counts[0]))

    def to_json(self) -> dict[str, Any]:
        """Return plain values: shares from 0 to 1, pairs by class name, a left-out diagonal as null."""
        document = {**self.header(), "normalize": self.normalize, "errors_only": self.errors_only}
        document["models"] = [
            {
                "checkpoint": asdict(model.checkpoint),
                "errors": model.errors,
                "accuracy": model.accuracy,
                "recall": model.recall,
                "precision": model.precision,
                "matrix": self.shown(model.values),
            }
            for model in self.models
        ]
        # Beside each model's own figures, what B has more of than A.
        document["difference"] = self.shown(self.values) if self.is_difference else None
        document["pairs"] = [
            {"true": self.classes[pair.true], "predicted": self.classes[pair.predicted], "counts": pair.counts}
            for pair in self.pairs()
        ]
        return document

    def shown(self, values: NDArray[Any]) -> list[list[float | int | None]]:
        """Return a matrix as lists of rows, with None on its diagonal if that is left out."""
        rows: list[list[float | int | None]] = values.tolist()
        if self.errors_only:
            for place, row in enumerate(rows):
                row[place] = None
        return rows


def _shares(parts: NDArray[np.int64], wholes: NDArray[np.int64]) -> tuple[float | None, ...]:
    pairs: Sequence[tuple[int, int]] = list(zip(parts.tolist(), wholes.tolist(), strict=True))
    return tuple(part / whole if whole else None for part, whole in pairs)
