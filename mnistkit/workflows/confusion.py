"""Counting which class checkpoints take for which: one alone, or the difference of two."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mnistkit.exceptions import UsageError
from mnistkit.registry import check_name
from mnistkit.workflows.inputs import InferenceConfig, Inputs, check_request, open_inputs, run_checkpoint

if TYPE_CHECKING:
    from mnistkit.evaluation.results.confusion import ConfusionResult, ModelConfusion

NORMALIZE_CHOICES = ("true", "pred", "all", "none")
"""What the cells are shares of: the true class (row), the predicted class (column), all images; or counts."""


@dataclass(frozen=True)
class ConfusionConfig(InferenceConfig):
    """What to count, and how to show it.

    Attributes:
        normalize: "true", "pred" or "all" for shares of the row, the column or all images; "none" for counts.
        errors_only: Whether to leave the diagonal out.
    """

    normalize: str = "none"
    errors_only: bool = False


def confusion(config: ConfusionConfig, announce: Callable[[str], None] = lambda line: None) -> ConfusionResult:
    """Compute the confusion matrix of one checkpoint, or those of two.

    Args:
        config: What to count.
        announce: Called with one line where a choice is made or something takes time.

    Raises:
        UsageError: options that do not fit together or name nothing, more than two checkpoints.
        CheckpointError: a checkpoint cannot be used, or its classes are not those of the other or the dataset.
        DataError: the dataset cannot be read, or the split is empty.
    """
    check_config(config)
    inputs = open_inputs(config, announce)

    from mnistkit.evaluation.results.confusion import ConfusionResult

    models = []
    for number, checkpoint in enumerate(inputs.checkpoints):
        announce(f"running {checkpoint.name} on {len(inputs.data):,} images")
        models.append(_measure(inputs, number, config.normalize))
    return ConfusionResult(
        **inputs.header(),
        normalize=config.normalize,
        errors_only=config.errors_only,
        models=tuple(models),
    )


def check_config(config: ConfusionConfig) -> None:
    """Raise if the options are wrong in themselves; opens no file and imports nothing heavy.

    Raises:
        UsageError: an unknown split, dataset or way to normalise, or more than two checkpoints.
    """
    check_request(config)
    check_name("normalisation", config.normalize, NORMALIZE_CHOICES)
    if len(config.checkpoints) > 2:
        raise UsageError(
            f"confusion takes one checkpoint, or two to compare, not {len(config.checkpoints)}",
            hint="mnistkit evaluate compares any number",
        )


def _measure(inputs: Inputs, number: int, normalize: str) -> ModelConfusion:
    from mnistkit.evaluation.confusion import measure_confusion

    predicted = run_checkpoint(inputs, number).argmax(dim=1).numpy()
    classes = len(inputs.dataset.classes)
    return measure_confusion(inputs.checkpoints[number], inputs.data.labels, predicted, classes, normalize)
