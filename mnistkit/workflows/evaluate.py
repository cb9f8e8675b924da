"""Measuring checkpoints on a split: alone, side by side, and as an ensemble."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from mnistkit.device import FP32
from mnistkit.exceptions import ThresholdNotMetError, UsageError
from mnistkit.workflows.inputs import InferenceConfig, Inputs, check_request, finite, open_inputs

if TYPE_CHECKING:
    from torch import Tensor

    from mnistkit.evaluation.answered import Answered
    from mnistkit.evaluation.measure import Outputs, Truth
    from mnistkit.evaluation.results.evaluate import EvaluateResult, ModelResult


@dataclass(frozen=True)
class EvaluateConfig(InferenceConfig):
    """What to measure, and on what.

    Attributes:
        perturbed: Whether to measure on the perturbed images of the split as well.
        ensemble: Whether to measure the average of the checkpoints' probabilities as well.
    """

    perturbed: bool = False
    ensemble: bool = False


def evaluate(config: EvaluateConfig, announce: Callable[[str], None] = lambda line: None) -> EvaluateResult:
    """Measure checkpoints on a split.

    Args:
        config: What to measure.
        announce: Called with one line where a choice is made or something takes time.

    Raises:
        UsageError: options that do not fit together or name nothing.
        CheckpointError: a checkpoint cannot be used, or its classes are not those of the others or the dataset.
        DataError: the dataset cannot be read, or the split is empty.
    """
    check_config(config)
    return _measure(config, open_inputs(config, announce), announce)


def check_config(config: EvaluateConfig) -> None:
    """Raise if the options are wrong in themselves; opens no file and imports nothing heavy.

    Raises:
        UsageError: an unknown split or dataset, a batch size below 1, an ensemble of one.
    """
    check_request(config)
    if config.ensemble and len(config.checkpoints) < 2:
        raise UsageError("an ensemble needs at least two checkpoints", hint="mnistkit evaluate A B --ensemble")


def check_threshold(percent: float) -> float:
    """Return ``percent`` if it is a number from 0 to 100.

    Raises:
        UsageError: it is not.
    """
    if not 0 <= percent <= 100:
        raise UsageError(f"the threshold must be a percentage from 0 to 100, not {percent:g}")
    return percent


def require_accuracy(result: EvaluateResult, percent: float) -> None:
    """Raise if the top-1 accuracy on the split is below ``percent``: the ensemble's if there is one, else any.

    Raises:
        ThresholdNotMetError: the message names those below, each with its accuracy.
    """
    judged = (result.ensemble,) if result.ensemble else result.models
    # In decimals and whole numbers, so that 9,962 of 10,000 do meet 99.62 %.
    needed = Decimal(repr(percent)) * result.n
    below = [row for row in judged if 100 * (result.n - row.metrics.errors) < needed]
    if below:
        found = ", ".join(f"{row.name} {_accuracy_below(row, percent)} %" for row in below)
        raise ThresholdNotMetError(f"top-1 accuracy below {percent:g} %: {found}")


def _accuracy_below(row: ModelResult, percent: float) -> str:
    """Return the accuracy in percent, with as many digits as it takes not to look as if it met ``percent``."""
    exact = 100 * row.metrics.top1
    texts = (f"{exact:.{digits}f}" for digits in (2, 3, 4, 5))
    return next((text for text in texts if float(text) < percent), str(exact))


def _measure(config: EvaluateConfig, inputs: Inputs, announce: Callable[[str], None]) -> EvaluateResult:
    from mnistkit.evaluation.measure import average_outputs, compare_all, measure_model
    from mnistkit.evaluation.perturbed import perturb
    from mnistkit.evaluation.results.evaluate import EvaluateResult

    # Most checkpoints are given the same images, which are perturbed once.
    given = {id(images): images for images in inputs.images} if config.perturbed else {}
    perturbed = {key: perturb(images) for key, images in given.items()}
    truth = _truth(inputs)
    outputs = []
    for number, checkpoint in enumerate(inputs.checkpoints):
        announce(f"evaluating {checkpoint.name} on {len(inputs.data):,} images")
        outputs.append(_predict(inputs, number, perturbed.get(id(inputs.images[number]))))
    models = tuple(measure_model(*pair, truth) for pair in zip(inputs.checkpoints, outputs, strict=True))
    ensemble = None
    if config.ensemble:
        outputs.append(average_outputs(outputs))
        ensemble = measure_model(None, outputs[-1], truth)
    return EvaluateResult(
        **inputs.header(),
        models=models,
        ensemble=ensemble,
        comparisons=compare_all(outputs, truth),
    )


def _truth(inputs: Inputs) -> Truth:
    import torch

    from mnistkit.evaluation import label_errors
    from mnistkit.evaluation.measure import Truth

    trusted = None
    if label_errors.are_known(inputs.dataset.name, inputs.split):
        trusted = torch.from_numpy(label_errors.without_label_errors(inputs.data.indices))
    return Truth(inputs.dataset.classes, inputs.labels, trusted)


def _predict(inputs: Inputs, number: int, perturbed: Tensor | None) -> Outputs:
    """Load one checkpoint and run it over the images; its weights are let go again before the next is loaded."""
    from mnistkit.evaluation.measure import Outputs
    from mnistkit.evaluation.throughput import timed_logits
    from mnistkit.inference.logits import predict_logits

    checkpoint, images = inputs.checkpoints[number], inputs.images[number]
    model, normalisation = inputs.load_model(number)
    size, precision = checkpoint.batch_size, inputs.machine.precision
    logits, speed = timed_logits(model, images, normalisation, batch_size=size, precision=precision)
    perturbed_logits = None
    if perturbed is not None:
        perturbed_logits = predict_logits(model, perturbed, normalisation, batch_size=size, precision=precision)
        perturbed_logits = finite(perturbed_logits, checkpoint).cpu()
    logits = finite(logits, checkpoint).cpu()
    return Outputs(logits, perturbed_logits, speed, _answers(inputs, number, logits))


def _answers(inputs: Inputs, number: int, logits: Tensor) -> Answered | None:
    """Count what ``predict``, which computes in fp32, answers about pictures; None where the images were none."""
    from mnistkit.evaluation.answered import count_answers
    from mnistkit.inference.calibration import Calibration

    if not inputs.origins[number] or inputs.machine.precision.name != FP32.name:
        return None
    calibration = Calibration.of(inputs.found[number].info.calibration)
    return count_answers(inputs.origins[number], inputs.data.labels, logits.numpy(), calibration)
