"""Running checkpoints over a split: what ``evaluate``, ``confusion`` and ``errors`` have in common.

The order of use: :func:`check_request`, :func:`open_inputs`, then :func:`run_checkpoint` for each checkpoint.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mnistkit.data import check_dataset, is_folder, load_dataset
from mnistkit.data.base import ALL, SPLITS, LoadOptions, SplitShares
from mnistkit.device import FP32
from mnistkit.exceptions import CheckpointError, DataError, UnknownNameError, UsageError
from mnistkit.inference.checkpoints import (
    FoundCheckpoint,
    find_checkpoints,
    load_model,
    not_finite,
)
from mnistkit.registry import brief, unknown_name

if TYPE_CHECKING:
    from torch import Tensor, nn

    from mnistkit.data.base import Dataset, LabelledImages, Origin
    from mnistkit.data.batches import Normalisation
    from mnistkit.device import Machine
    from mnistkit.evaluation.results.base import EvaluatedCheckpoint
    from mnistkit.preparation import Preparation


@dataclass(frozen=True)
class InferenceConfig:
    """Which checkpoints to run, on what, and how.

    Attributes:
        checkpoints: As :func:`mnistkit.locate.locate_checkpoint` takes them; empty for its default.
        dataset: A dataset's name or folder; None for the one the checkpoints were trained on. A folder may have
            only some of their classes.
        split: "test", "val", "train" or "all".
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
    """Everything a forward pass needs but the weights, which :func:`run_checkpoint` loads one model at a time.

    Attributes:
        dataset: The dataset, with the checkpoints' classes.
        split: "test", "val", "train" or "all".
        data: The images and labels of the split, at least one; the images as the first checkpoint gets them, the
            labels as the checkpoints number the classes.
        found: The checkpoints in the order given, all with the dataset's classes.
        checkpoints: What results say about each of them.
        machine: Where to compute, and in which arithmetic.
        images: What each checkpoint is given, uint8 tensors of shape (n, 1, 28, 28) on the device: one and the
            same, unless checkpoints have the pictures of a folder prepared differently.
        origins: For each checkpoint the n pictures that its images were made of; empty where they were none.
    """

    dataset: Dataset
    split: str
    data: LabelledImages
    found: tuple[FoundCheckpoint, ...]
    checkpoints: tuple[EvaluatedCheckpoint, ...]
    machine: Machine
    images: tuple[Tensor, ...]
    origins: tuple[tuple[Origin, ...], ...]

    def header(self) -> dict[str, Any]:
        """Return the fields of a :class:`mnistkit.evaluation.results.base.SplitResult`, which say what was run."""
        return {
            "dataset": self.dataset.name,
            "split": self.split,
            "n": len(self.data),
            "classes": self.dataset.classes,
            "device": self.machine.title,
            "precision": self.machine.precision.name,
        }

    def load_model(self, number: int) -> tuple[nn.Module, Normalisation]:
        """Load the weights of the ``number``-th checkpoint onto the device, and its normalisation.

        Raises:
            CheckpointError: the file cannot be used.
        """
        from mnistkit.data.batches import Normalisation

        found = self.found[number]
        return load_model(found, self.machine.device), Normalisation(found.info.mean, found.info.std)

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
    name = config.dataset or _common_dataset(found)
    datasets = _load_as_prepared(name, config, found)
    dataset = datasets[0]
    data = _as_known(dataset, config.split, found[0].info.classes)
    if not len(data):
        raise DataError(f"{dataset.name} has no images in its {config.split} split")
    if (
        is_folder(name)
        and config.split != ALL
        and not any(_is_same_folder(each.info.dataset, name) for each in found)
    ):
        everything = len(dataset.train) + len(dataset.test)
        announce(f"{name}: only the {config.split} split, {len(data):,} of {everything:,}; --split all takes all")

    from mnistkit.data.batches import DeviceImages
    from mnistkit.device import set_up_machine

    machine = set_up_machine(config.device, config.precision)
    on_device = {id(each): DeviceImages.of(each.split(config.split), machine.device).images for each in datasets}
    return Inputs(
        dataset=replace(dataset, classes=found[0].info.classes),
        split=config.split,
        data=data,
        found=tuple(found),
        checkpoints=tuple(_evaluated(each, config.batch_size) for each in found),
        machine=machine,
        images=tuple(on_device[id(each)] for each in datasets),
        origins=tuple(each.split(config.split).origins for each in datasets),
    )


def _evaluated(found: FoundCheckpoint, batch_size: int | None) -> EvaluatedCheckpoint:
    """Return what results say about a checkpoint."""
    from mnistkit.evaluation.results.base import EvaluatedCheckpoint

    info, size = found.info, batch_size or found.batch_size
    return EvaluatedCheckpoint(
        found.name, str(found.path), info.architecture, info.dataset, size, info.preparation
    )


def run_checkpoint(inputs: Inputs, number: int) -> Tensor:
    """Return the logits of the ``number``-th checkpoint for all images; its weights are let go again afterwards.

    Returns:
        Float32 tensor of shape (n, classes) on the CPU.

    Raises:
        CheckpointError: the file cannot be used, or the model's outputs are not finite.
    """
    from mnistkit.inference.logits import predict_logits

    checkpoint = inputs.checkpoints[number]
    model, normalisation = inputs.load_model(number)
    logits = predict_logits(
        model,
        inputs.images[number],
        normalisation,
        batch_size=checkpoint.batch_size,
        precision=inputs.machine.precision,
    )
    return finite(logits, checkpoint).cpu()


def finite(logits: Tensor, checkpoint: EvaluatedCheckpoint) -> Tensor:
    """Return ``logits`` if all of them are numbers: NaN must never be counted as a prediction.

    Raises:
        CheckpointError: they are not.
    """
    if not logits.isfinite().all():
        raise not_finite(Path(checkpoint.path))
    return logits


def _load_as_prepared(name: str, config: InferenceConfig, found: Sequence[FoundCheckpoint]) -> list[Dataset]:
    """Return the dataset for each checkpoint, with pictures prepared as that one's were; equal ones are one."""
    loaded: dict[Preparation, Dataset] = {}
    of_folder, options = is_folder(name), config.load
    if of_folder:
        options = replace(
            options,
            classes=found[0].info.classes,
            undivided=config.split == ALL,
            shares=None if config.split == ALL else _shares(name, found),
        )
    for each in found:
        preparation = each.info.preparation
        if preparation not in loaded and (of_folder or not loaded):
            dataset = load_dataset(name, replace(options, preparation=preparation))
            if not of_folder:
                _check_classes(dataset, each)
            loaded[preparation] = dataset
    _check_same_pictures(list(loaded.values()))
    # Of data that is no pictures there is nothing to prepare.
    return [loaded.get(each.info.preparation, next(iter(loaded.values()))) for each in found]


def _shares(folder: str, found: Sequence[FoundCheckpoint]) -> SplitShares | None:
    """Return how a folder was divided for the checkpoints that learnt from it; None for the usual shares.

    Raises:
        DataError: differently for two of them.
    """
    texts = {each.info.shares: each for each in found if _is_same_folder(each.info.dataset, folder)}
    if len(texts) > 1:
        first, second = list(texts.values())[:2]
        raise DataError(
            f"{folder} was divided differently for {first.name} and {second.name}: "
            f"{first.info.shares or 'usual shares'} and {second.info.shares or 'usual shares'}",
            hint="give the checkpoints one at a time, or --split all",
        )
    text = next(iter(texts), "")
    return SplitShares.parse(text) if text else None


def _is_same_folder(recorded: str, folder: str) -> bool:
    return is_folder(recorded) and Path(recorded).expanduser().resolve() == Path(folder).expanduser().resolve()


def _as_known(dataset: Dataset, split: str, classes: tuple[str, ...]) -> LabelledImages:
    """Return a split with the numbers that a model has for the classes."""
    import numpy as np

    data = dataset.split(split)
    numbers = [classes.index(name) if name in classes else -1 for name in dataset.classes]
    return replace(data, labels=np.array(numbers, dtype=np.int64)[data.labels])


def _check_same_pictures(datasets: Sequence[Dataset]) -> None:
    """Raise if preparations left out different pictures: then no two models would be given the same ones.

    Raises:
        DataError: they did.
    """
    files = [[origin.file for split in (each.train, each.test) for origin in split.origins] for each in datasets]
    if any(each != files[0] for each in files):
        raise DataError(
            f"{datasets[0].name} has pictures that cannot be prepared for all of the checkpoints",
            hint="give the checkpoints one at a time",
        )


def _check_classes(dataset: Dataset, found: FoundCheckpoint) -> None:
    if dataset.classes != found.info.classes:
        raise CheckpointError(
            f"{found.path} cannot be used on {dataset.name}: it knows the classes "
            f"{brief(found.info.classes)}, the dataset has {brief(dataset.classes)}",
            hint=f"it was trained on {found.info.dataset}",
        )


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
