"""Running checkpoints over a split: what ``evaluate``, ``confusion`` and ``errors`` have in common.

The order of use: :func:`check_request`, :func:`open_inputs`, then :func:`predict` for each source.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from mnistkit.checkpoint import CheckpointInfo, load_checkpoint, read_info
from mnistkit.data import check_dataset, load_dataset
from mnistkit.data.base import SPLITS, LoadOptions
from mnistkit.device import FP32
from mnistkit.exceptions import CheckpointError, DataError, UnknownNameError, UsageError
from mnistkit.locate import locate_checkpoint
from mnistkit.recipe import Recipe
from mnistkit.registry import unknown_name
from mnistkit.runs import RunFolder

if TYPE_CHECKING:
    import torch
    from torch import Tensor, nn

    from mnistkit.data.base import Dataset, LabelledImages
    from mnistkit.data.batches import Normaliser
    from mnistkit.device import Precision
    from mnistkit.evaluation.results import Source


@dataclass(frozen=True)
class InferenceConfig:
    """Which checkpoints to run, on what, and how.

    Attributes:
        checkpoints: As :func:`mnistkit.locate.locate_checkpoint` takes them; empty for its default.
        dataset: A dataset's name or folder; None for the one the checkpoints were trained on.
        split: "test", "val" or "train".
        device: As :func:`mnistkit.device.select_device` takes it.
        precision: As :func:`mnistkit.device.choose_precision` takes it.
        batch_size: Images in a forward pass; None for that of each checkpoint's recipe.
        load: How the dataset is read.
    """

    checkpoints: tuple[str, ...] = ()
    dataset: str | None = None
    split: str = "test"
    device: str = "auto"
    precision: str = FP32.name
    batch_size: int | None = None
    load: LoadOptions = field(default_factory=LoadOptions)


@dataclass(frozen=True)
class Inputs:
    """Everything a forward pass needs but the weights, which :func:`predict` loads one model at a time.

    Attributes:
        dataset: The dataset.
        split: "test", "val" or "train".
        data: The images and labels of the split, at least one.
        sources: The checkpoints in the order given, all with the dataset's classes.
        device: Where to compute.
        precision: Arithmetic of the forward pass.
        images: uint8 tensor of shape (n, 1, 28, 28) on the device: those of ``data``.
    """

    dataset: Dataset
    split: str
    data: LabelledImages
    sources: tuple[Source, ...]
    device: torch.device
    precision: Precision
    images: Tensor

    @property
    def device_title(self) -> str:
        """The device, with its product name."""
        from mnistkit.device import device_title

        return device_title(self.device)

    @property
    def labels(self) -> Tensor:
        """The labels as an int64 tensor of shape (n,) on the CPU."""
        import torch

        # A copy, because the array may be a read-only view of a file.
        return torch.from_numpy(self.data.labels.copy())


def check_request(config: InferenceConfig) -> None:
    """Raise if the options are wrong in themselves; opens no file and imports nothing heavy.

    Raises:
        UsageError: an unknown split or dataset, a batch size below 1.
    """
    if config.split not in SPLITS:
        raise unknown_name("split", config.split, SPLITS)
    if config.dataset is not None:
        check_dataset(config.dataset)
    if config.batch_size is not None and config.batch_size < 1:
        raise UsageError(f"the batch size must be at least 1, not {config.batch_size}")


def open_inputs(config: InferenceConfig, announce: Callable[[str], None] = lambda line: None) -> Inputs:
    """Find the checkpoints, load the dataset and put its images on the device.

    Args:
        config: What to run.
        announce: Called with one line where a choice is made.

    Raises:
        UsageError: options that do not fit together or name nothing.
        CheckpointError: a checkpoint cannot be used, or its classes are not those of the others or the dataset.
        DataError: the dataset cannot be read, or the split is empty.
    """
    found = find_checkpoints(config.checkpoints, announce)
    dataset = _load_dataset(config, found)
    data = dataset.split(config.split)
    if not len(data):
        raise DataError(f"{dataset.name} has no images in its {config.split} split")

    from mnistkit.data.batches import DeviceImages
    from mnistkit.device import choose_precision, prepare, select_device

    device = select_device(config.device)
    precision = choose_precision(device, config.precision)
    prepare(device)
    return Inputs(
        dataset=dataset,
        split=config.split,
        data=data,
        sources=tuple(each.source(config.batch_size) for each in found),
        device=device,
        precision=precision,
        images=DeviceImages.of(data, device).images,
    )


def load_model(source: Source, device: torch.device) -> tuple[nn.Module, Normaliser]:
    """Load a checkpoint's weights onto the device, and the normalisation they were trained with.

    Raises:
        CheckpointError: the file cannot be used.
    """
    from mnistkit.data.batches import Normaliser

    checkpoint = load_checkpoint(Path(source.checkpoint), device)
    return checkpoint.model, Normaliser(checkpoint.info.mean, checkpoint.info.std)


def predict(inputs: Inputs, source: Source) -> Tensor:
    """Return a checkpoint's logits for all images; its weights are let go again afterwards.

    Returns:
        Float32 tensor of shape (n, classes) on the CPU.

    Raises:
        CheckpointError: the file cannot be used, or the model's outputs are not finite.
    """
    from mnistkit.inference.logits import predict_logits

    model, normaliser = load_model(source, inputs.device)
    logits = predict_logits(
        model, inputs.images, normaliser, batch_size=source.batch_size, precision=inputs.precision
    )
    return finite(logits, source).cpu()


def finite(logits: Tensor, source: Source) -> Tensor:
    """Return ``logits`` if all of them are numbers: NaN must never be counted as a prediction.

    Raises:
        CheckpointError: they are not.
    """
    if not logits.isfinite().all():
        raise CheckpointError(
            f"{source.checkpoint}: the model's outputs are not finite numbers",
            hint="try --precision fp32; if that does not help, train a new one",
        )
    return logits


@dataclass(frozen=True)
class FoundCheckpoint:
    """A checkpoint whose description has been read, but not its weights."""

    path: Path
    info: CheckpointInfo

    def source(self, batch_size: int | None = None) -> Source:
        """Return what results say about it; without ``batch_size`` it is that of the recipe."""
        from mnistkit.evaluation.results import Source

        # A run's weights are always called the same, so there the folder's name tells more.
        is_run = self.path.name == RunFolder(self.path.parent).model.name
        name = (self.path.parent.name if is_run else "") or self.path.stem
        own = int(self.info.recipe.get("eval_batch_size", Recipe().eval_batch_size))
        return Source(name, str(self.path), self.info.architecture, self.info.dataset, batch_size or own)


def find_checkpoints(specs: Sequence[str], announce: Callable[[str], None]) -> list[FoundCheckpoint]:
    """Return the checkpoints that ``specs`` mean, the default one if there are none, with their descriptions.

    Raises:
        UsageError: one of them is given twice.
        CheckpointError: one cannot be used, or their classes differ.
    """
    paths = [locate_checkpoint(spec, announce) for spec in specs or (None,)]
    files = [path.resolve() for path in paths]
    for path, file in zip(paths, files, strict=True):
        if files.count(file) > 1:
            raise UsageError(f"checkpoint {path} is given more than once")
    found = [FoundCheckpoint(path, read_info(path)) for path in paths]
    for other in found[1:]:
        if other.info.classes != found[0].info.classes:
            raise CheckpointError(
                f"cannot compare {found[0].path} and {other.path}: their classes differ "
                f"({_brief(found[0].info.classes)}; {_brief(other.info.classes)})",
                hint="give them one at a time",
            )
    return found


def _load_dataset(config: InferenceConfig, found: Sequence[FoundCheckpoint]) -> Dataset:
    dataset = load_dataset(config.dataset or _common_dataset(found), config.load)
    first = found[0]
    if dataset.classes != first.info.classes:
        raise CheckpointError(
            f"{first.path} cannot be used on {dataset.name}: it knows the classes "
            f"{_brief(first.info.classes)}, the dataset has {_brief(dataset.classes)}",
            hint=f"it was trained on {first.info.dataset}",
        )
    return dataset


def _common_dataset(found: Sequence[FoundCheckpoint]) -> str:
    """Return the dataset all checkpoints were trained on."""
    names = list(dict.fromkeys(each.info.dataset for each in found))
    if len(names) > 1:
        raise UsageError(
            f"the checkpoints were trained on different datasets: {', '.join(names)}",
            hint="say which one to use with --dataset",
        )
    try:
        return check_dataset(names[0])
    except UnknownNameError:
        raise DataError(
            f"the dataset of {found[0].path}, '{names[0]}', is not here",
            hint="say with --dataset where it is, or which other one to use",
        ) from None


def _brief(classes: Sequence[str], longest: int = 12) -> str:
    """Return the class names, the middle ones left out where there are many."""
    if len(classes) <= longest:
        return ", ".join(classes)
    return f"{', '.join(classes[:3])} ... {classes[-1]}, {len(classes)} in all"
