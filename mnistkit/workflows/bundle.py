"""Putting a trained model among those that ship with the package: calibrated, and smaller if wanted."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from mnistkit import locate
from mnistkit.checkpoint import CheckpointInfo, load_tensors, read_info, save_checkpoint
from mnistkit.data.base import LoadOptions
from mnistkit.exceptions import CheckpointError, OutputError, UsageError
from mnistkit.inference.checkpoints import FoundCheckpoint, load_model
from mnistkit.workflows.programs import with_program

if TYPE_CHECKING:
    from torch import Tensor, nn

    from mnistkit.inference.calibration import Calibration

MAX_BYTES = 5_000_000
"""What all bundled models together may take."""


@dataclass(frozen=True)
class BundleConfig:
    """What to bundle, and how.

    Attributes:
        run: A run folder or checkpoint, as :func:`mnistkit.locate.locate_checkpoint` takes it.
        name: The name to give it.
        half: Whether the weights are stored in 16 bits.
        load: How the dataset with the validation images is read.
    """

    run: str
    name: str
    half: bool = False
    load: LoadOptions = field(default_factory=LoadOptions)


@dataclass(frozen=True)
class BundleResult:
    """What was bundled.

    Attributes:
        path: The file.
        size: Its bytes.
        total: Bytes of all bundled models.
        limit: What they may take together.
        calibration: What was fitted on the validation images.
    """

    path: Path
    size: int
    total: int
    limit: int
    calibration: Calibration


def bundle(config: BundleConfig, announce: Callable[[str], None] = lambda line: None) -> BundleResult:
    """Calibrate a trained model on its validation images and write it to the package's ``weights`` folder.

    The calibration is that of the weights as they are stored. The figures are those of the training run; the test
    images are not read.

    Args:
        config: What to bundle.
        announce: Called with one line where a choice is made or something takes time.

    Raises:
        UsageError: a name that cannot be one.
        CheckpointError: the checkpoint cannot be used, or no validation images were held out.
        DataError: its dataset cannot be read.
        OutputError: the file cannot be written, or all bundled models together would be too large.
    """
    check_name(config.name)
    path = locate.locate_checkpoint(config.run, announce)
    info = read_info(path)
    # A run on all images says so in its folder's metrics and here: it never measured a validation accuracy.
    if "val_accuracy" not in info.metrics:
        raise CheckpointError(f"{path} was trained without validation images; there is nothing to calibrate on")
    model, weights = load_model(FoundCheckpoint(path, info)), load_tensors(path)
    if config.half:
        weights = _halved(weights, path)
        model.load_state_dict(weights)
    calibration = _calibrate(model, info, config.load, announce)
    target = locate.bundled_path(config.name)
    info = with_program(replace(info, calibration=calibration.to_dict()), announce)
    size, total = _write(target, weights, info)
    return BundleResult(target, size, total, MAX_BYTES, calibration)


def check_name(name: str) -> str:
    """Return ``name`` if a bundled model can have it.

    Raises:
        UsageError: it cannot.
    """
    if not re.fullmatch(r"[a-z0-9][a-z0-9_-]*", name) or name == locate.LATEST:
        raise UsageError(
            f"'{name}' cannot be the name of a bundled model",
            hint=f"lower-case letters, digits, - and _; not '{locate.LATEST}'",
        )
    return name


def _halved(weights: Mapping[str, Tensor], path: Path) -> dict[str, Tensor]:
    """Return the weights with floating-point numbers in 16 bits."""
    halved = {name: value.half() if value.is_floating_point() else value for name, value in weights.items()}
    for name, value in halved.items():
        if value.is_floating_point() and not value.isfinite().all():
            raise CheckpointError(f"{path}: '{name}' holds numbers too large for 16 bits")
    return halved


def _calibrate(
    model: nn.Module, info: CheckpointInfo, load: LoadOptions, announce: Callable[[str], None]
) -> Calibration:
    from mnistkit.data import load_dataset
    from mnistkit.data.batches import DeviceImages, Normalisation
    from mnistkit.device import set_up_machine
    from mnistkit.inference.calibration import calibrate
    from mnistkit.inference.logits import predict_logits
    from mnistkit.recipe import Recipe

    dataset = load_dataset(info.dataset, replace(load, preparation=info.preparation))
    data = DeviceImages.of(dataset.split("val"), set_up_machine("cpu").device)
    announce(f"running it on {len(data):,} validation images")
    logits = predict_logits(
        model,
        data.images,
        Normalisation(info.mean, info.std),
        batch_size=Recipe().eval_batch_size,
    )
    return calibrate(logits.numpy(), data.labels.numpy())


def _write(target: Path, weights: Mapping[str, Tensor], info: CheckpointInfo) -> tuple[int, int]:
    """Write the file if there is room for it, and return its size and that of all bundled models."""
    with tempfile.TemporaryDirectory() as folder:
        trial = Path(folder, target.name)
        save_checkpoint(trial, weights, info)
        size = trial.stat().st_size
    others = (locate.bundled_path(name) for name in locate.bundled_names())
    total = size + sum(path.stat().st_size for path in others if path != target)
    if total > MAX_BYTES:
        raise OutputError(
            f"{target.name} takes {size:,} bytes; all bundled models would take {total:,}, over {MAX_BYTES:,}",
            hint="--half halves it; or remove another one",
        )
    save_checkpoint(target, weights, info)
    return size, total
