"""Measuring checkpoints on a split: alone, side by side, and as an ensemble."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

from mnistkit.checkpoint import CheckpointInfo, load_checkpoint, read_info
from mnistkit.data import check_dataset, load_dataset
from mnistkit.data.base import SPLITS, LoadOptions
from mnistkit.exceptions import (
    CheckpointError,
    DataError,
    ThresholdNotMetError,
    UnknownNameError,
    UsageError,
)
from mnistkit.locate import locate_checkpoint
from mnistkit.registry import unknown_name
from mnistkit.runs import RunFolder
from mnistkit.training.recipe import Recipe

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    from mnistkit.data.base import Dataset, LabelledImages
    from mnistkit.device import Precision
    from mnistkit.evaluation.results import EvaluateResult, ModelResult, Outputs, Source, Truth

SCHEMA = "mnistkit/evaluate/1"
"""Form and version of the JSON that :meth:`EvaluateResult.to_json` gives."""


@dataclass(frozen=True)
class EvaluateConfig:
    """What to measure, and on what.

    Attributes:
        checkpoints: As :func:`mnistkit.locate.locate_checkpoint` takes them; empty for its default.
        dataset: A dataset's name or folder; None for the one the checkpoints were trained on.
        split: "test", "val" or "train".
        augmented: Whether to measure on the highly augmented copy of the split as well.
        ensemble: Whether to measure the average of the checkpoints' probabilities as well.
        device: As :func:`mnistkit.device.select_device` takes it.
        precision: As :func:`mnistkit.device.choose_precision` takes it.
        batch_size: Images in a forward pass; None for that of each checkpoint's recipe.
        load: How the dataset is read.
    """

    checkpoints: tuple[str, ...] = ()
    dataset: str | None = None
    split: str = "test"
    augmented: bool = False
    ensemble: bool = False
    device: str = "auto"
    precision: str = "auto"
    batch_size: int | None = None
    load: LoadOptions = field(default_factory=LoadOptions)


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
    found = _find_checkpoints(config, announce)
    dataset = _load_dataset(config, found)
    data = dataset.split(config.split)
    if not len(data):
        raise DataError(f"{dataset.name} has no images in its {config.split} split")
    return _measure(config, found, dataset, data, announce)


def check_config(config: EvaluateConfig) -> None:
    """Raise if the options are wrong in themselves; opens no file and imports nothing heavy.

    Raises:
        UsageError: an unknown split or dataset, a batch size below 1, an ensemble of one.
    """
    if config.split not in SPLITS:
        raise unknown_name("split", config.split, SPLITS)
    if config.dataset is not None:
        check_dataset(config.dataset)
    if config.batch_size is not None and config.batch_size < 1:
        raise UsageError(f"the batch size must be at least 1, not {config.batch_size}")
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


@dataclass(frozen=True)
class _Found:
    """A checkpoint whose description has been read, but not its weights."""

    path: Path
    info: CheckpointInfo

    def source(self, batch_size: int | None) -> Source:
        from mnistkit.evaluation.results import Source

        # A run's weights are always called the same, so there the folder's name tells more.
        is_run = self.path.name == RunFolder(self.path.parent).model.name
        name = (self.path.parent.name if is_run else "") or self.path.stem
        own = int(self.info.recipe.get("eval_batch_size", Recipe().eval_batch_size))
        return Source(name, str(self.path), self.info.architecture, self.info.dataset, batch_size or own)


def _find_checkpoints(config: EvaluateConfig, announce: Callable[[str], None]) -> list[_Found]:
    paths = [locate_checkpoint(spec, announce) for spec in config.checkpoints or (None,)]
    files = [path.resolve() for path in paths]
    for path, file in zip(paths, files, strict=True):
        if files.count(file) > 1:
            raise UsageError(f"checkpoint {path} is given more than once")
    found = [_Found(path, read_info(path)) for path in paths]
    for other in found[1:]:
        if other.info.classes != found[0].info.classes:
            raise CheckpointError(
                f"cannot compare {found[0].path} and {other.path}: their classes differ "
                f"({_brief(found[0].info.classes)}; {_brief(other.info.classes)})",
                hint="evaluate them one at a time",
            )
    return found


def _load_dataset(config: EvaluateConfig, found: Sequence[_Found]) -> Dataset:
    dataset = load_dataset(config.dataset or _common_dataset(found), config.load)
    first = found[0]
    if dataset.classes != first.info.classes:
        raise CheckpointError(
            f"{first.path} cannot be evaluated on {dataset.name}: it knows the classes "
            f"{_brief(first.info.classes)}, the dataset has {_brief(dataset.classes)}",
            hint=f"it was trained on {first.info.dataset}",
        )
    return dataset


def _common_dataset(found: Sequence[_Found]) -> str:
    """Return the dataset all checkpoints were trained on."""
    names = list(dict.fromkeys(each.info.dataset for each in found))
    if len(names) > 1:
        raise UsageError(
            f"the checkpoints were trained on different datasets: {', '.join(names)}",
            hint="say which one to evaluate on with --dataset",
        )
    try:
        return check_dataset(names[0])
    except UnknownNameError:
        raise DataError(
            f"the dataset of {found[0].path}, '{names[0]}', is not here",
            hint="say with --dataset where it is, or which other one to evaluate on",
        ) from None


def _brief(classes: Sequence[str], longest: int = 12) -> str:
    """Return the class names, the middle ones left out where there are many."""
    if len(classes) <= longest:
        return ", ".join(classes)
    return f"{', '.join(classes[:3])} ... {classes[-1]}, {len(classes)} in all"


def _measure(
    config: EvaluateConfig,
    found: Sequence[_Found],
    dataset: Dataset,
    data: LabelledImages,
    announce: Callable[[str], None],
) -> EvaluateResult:
    from mnistkit.data.batches import DeviceImages
    from mnistkit.device import choose_precision, device_title, prepare, select_device
    from mnistkit.evaluation.hard_copy import hard_copy
    from mnistkit.evaluation.results import EvaluateResult, average_outputs, compare_all, measure_model

    device = select_device(config.device)
    precision = choose_precision(device, config.precision)
    prepare(device)
    images = DeviceImages.of(data, device).images
    hard = hard_copy(images) if config.augmented else None
    truth = _truth(config, dataset, data)
    sources = [each.source(config.batch_size) for each in found]
    outputs = []
    for source in sources:
        announce(f"evaluating {source.name} on {len(data):,} images")
        outputs.append(_predict(source, images, hard, device, precision))
    models = tuple(measure_model(*pair, truth) for pair in zip(sources, outputs, strict=True))
    ensemble = None
    if config.ensemble:
        outputs.append(average_outputs(outputs))
        ensemble = measure_model(None, outputs[-1], truth)
    return EvaluateResult(
        dataset=dataset.name,
        split=config.split,
        n=len(data),
        classes=dataset.classes,
        device=device_title(device),
        precision=precision.name,
        models=models,
        ensemble=ensemble,
        comparisons=compare_all(outputs, truth),
    )


def _truth(config: EvaluateConfig, dataset: Dataset, data: LabelledImages) -> Truth:
    import torch

    from mnistkit.evaluation import label_errors
    from mnistkit.evaluation.results import Truth

    trusted = None
    if (dataset.name, config.split) == (label_errors.DATASET, label_errors.SPLIT):
        trusted = torch.from_numpy(label_errors.without_label_errors(data.indices))
    # A copy, because the array may be a read-only view of a file.
    return Truth(dataset.classes, torch.from_numpy(data.labels.copy()), trusted)


def _predict(
    source: Source, images: Tensor, hard: Tensor | None, device: torch.device, precision: Precision
) -> Outputs:
    """Load one checkpoint and run it over the images; its weights are let go again before the next is loaded."""
    from mnistkit.data.batches import Normaliser
    from mnistkit.evaluation.predictions import predict_logits
    from mnistkit.evaluation.results import Outputs
    from mnistkit.evaluation.throughput import timed_logits

    checkpoint = load_checkpoint(Path(source.checkpoint), device)
    normaliser = Normaliser(checkpoint.info.mean, checkpoint.info.std)
    size = source.batch_size
    logits, speed = timed_logits(checkpoint.model, images, normaliser, batch_size=size, precision=precision)
    hard_logits = None
    if hard is not None:
        hard_logits = predict_logits(checkpoint.model, hard, normaliser, batch_size=size, precision=precision)
    for each in (logits, hard_logits):
        if each is not None and not each.isfinite().all():
            raise CheckpointError(
                f"{source.checkpoint}: the model's outputs are not finite numbers",
                hint="try --precision fp32; if that does not help, train a new one",
            )
    return Outputs(logits.cpu(), None if hard_logits is None else hard_logits.cpu(), speed)
