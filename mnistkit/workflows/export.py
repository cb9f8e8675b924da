"""Writing a trained model as something that runs without mnistkit."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from mnistkit.exceptions import CheckpointError, DataError, MnistkitError, OutputError, UsageError
from mnistkit.export.targets import TARGETS
from mnistkit.files import atomic_write
from mnistkit.inference.checkpoints import FoundCheckpoint, find_checkpoints
from mnistkit.inference.recogniser import check_input_size
from mnistkit.paths import check_output
from mnistkit.units import PICTURES

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from mnistkit.data.base import Dataset
    from mnistkit.export.exported import Exported, WrongExample
    from mnistkit.export.targets import Target

GALLERY = 24
"""How many test images that the model gets wrong are shown where nothing else is asked for."""

_MOST_IN_GALLERY = 1_000
_AT_A_TIME = 200

# Fewer bits pass if they change as good as nothing on training images: of these so many are taken, no more than this
# share of the answers may change, and probabilities by this much on average.
_COMPARED = 300
_MOST_CHANGED = 0.005
_LARGEST_SHIFT = 0.005


@dataclass(frozen=True)
class ExportConfig:
    """What to write, and where.

    Attributes:
        out: The file, whose suffix is one of :data:`mnistkit.export.targets.TARGETS`.
        checkpoint: As :func:`mnistkit.locate.locate_checkpoint` takes it.
        gallery: How many test images that the model gets wrong become part of it, at most.
        max_bytes: How large the file may be; None for no limit.
        progress: Called with how many pictures are done, of how many, and the unit.
    """

    out: Path
    checkpoint: str | None = None
    gallery: int = GALLERY
    max_bytes: int | None = None
    progress: Callable[[int, int, str], None] = field(default=lambda done, total, unit: None)


@dataclass(frozen=True)
class ExportResult:
    """What was written.

    Attributes:
        path: The file.
        title: What it is, in a few words.
        size: Its bytes.
        model: The model's name.
        checkpoint: Its file.
        architecture: Its architecture.
        parameters: How many numbers the program's tensors hold.
        bits: In how many the weights are stored.
        wrong: How many test images it gets wrong; None where that was not looked at.
        tested: Of how many.
        shown: How many of them are part of what was written.
    """

    schema: ClassVar = "mnistkit/export/1"

    path: Path
    title: str
    size: int
    model: str
    checkpoint: Path
    architecture: str
    parameters: int
    bits: int
    wrong: int | None
    tested: int
    shown: int

    def to_json(self) -> dict[str, Any]:
        """Return plain values."""
        return {
            "path": str(self.path),
            "title": self.title,
            "bytes": self.size,
            "model": self.model,
            "checkpoint": str(self.checkpoint),
            "architecture": self.architecture,
            "parameters": self.parameters,
            "bits": self.bits,
            "wrong": self.wrong,
            "tested": self.tested,
            "shown": self.shown,
        }


def export(config: ExportConfig, announce: Callable[[str], None] = lambda line: None) -> ExportResult:
    """Write a trained model as what the suffix of a file says.

    Args:
        config: What to write.
        announce: Called with one line where a choice is made or something is left out.

    Raises:
        UsageError: the suffix names no target, the file is a folder, a number is out of range.
        CheckpointError: the checkpoint cannot be used.
        LoweringError: its model does what no program can.
        OutputError: the file would be larger than allowed, or cannot be written; nothing is written then.
    """
    target = check_config(config)
    found = find_export(config.checkpoint, announce)
    model = load_exported(found)
    bits = fewest_bits(model, target.bits)
    if target.shows_wrong and config.gallery:
        model = with_wrong(model, config.gallery, bits, announce, config.progress)
    content = _written(model, target, bits)
    _check_size(len(content), config)
    with atomic_write(config.out) as temporary:
        temporary.write_bytes(content)
    return ExportResult(
        path=config.out,
        title=target.title,
        size=len(content),
        model=model.name,
        checkpoint=found.path,
        architecture=model.info.architecture,
        parameters=model.parameters,
        bits=bits,
        wrong=model.wrong_in_all if model.tested else None,
        tested=model.tested,
        shown=len(model.wrong),
    )


def check_config(config: ExportConfig) -> Target:
    """Return the target that is asked for; opens no file and imports nothing heavy.

    Raises:
        UsageError: the suffix names none, the file is a folder, a number is out of range.
    """
    target = TARGETS[check_output(config.out, TARGETS)]
    if not 0 <= config.gallery <= _MOST_IN_GALLERY:
        raise UsageError(f"--gallery must be from 0 to {_MOST_IN_GALLERY:,}, not {config.gallery}")
    if config.max_bytes is not None and config.max_bytes < 1:
        raise UsageError(f"--max-bytes must be at least 1, not {config.max_bytes}")
    return target


def find_export(checkpoint: str | None, announce: Callable[[str], None] = lambda line: None) -> FoundCheckpoint:
    """Return the checkpoint that is meant, if it is for pictures of 28x28.

    Raises:
        CheckpointError: there is none, it is damaged, or for pictures of another size.
    """
    (found,) = find_checkpoints([] if checkpoint is None else [checkpoint], announce)
    check_input_size(found)
    return found


def load_exported(found: FoundCheckpoint) -> Exported:
    """Return the model of a checkpoint as targets get it, without examples of what it gets wrong.

    Raises:
        CheckpointError: the file or its program is damaged.
        LoweringError: there is no program, and the architecture cannot have one.
    """
    from mnistkit.export.exported import Exported
    from mnistkit.export.folding import fold_batch_norms
    from mnistkit.inference.backends.numpy import load_program
    from mnistkit.inference.calibration import Calibration

    program, tensors = fold_batch_norms(*load_program(found))
    calibration = Calibration.of(found.info.calibration)
    return Exported(found.name, found.info, program, tensors, calibration.temperature, calibration.threshold)


def fewest_bits(model: Exported, choices: Sequence[int]) -> int:
    """Return in how many bits the weights can be stored without changing what the model answers.

    That is looked at on training images of MNIST, which are always at hand: how far weights are off shows on any.

    Args:
        model: What is to be stored.
        choices: What the target can do, the fewest first; the last one is taken if no other passes.
    """
    import numpy as np

    from mnistkit.data import load_dataset

    tiles = load_dataset("mnist").train.images[:_COMPARED]
    expected = _probabilities(model, tiles)
    for bits in choices[:-1]:
        stored = _as_stored(model, bits)
        found = _probabilities(stored, tiles)
        changed = float((found.argmax(axis=1) != expected.argmax(axis=1)).mean())
        shift = float(np.abs(found - expected).max(axis=1).mean())
        if changed <= _MOST_CHANGED and shift <= _LARGEST_SHIFT:
            return bits
    return choices[-1]


def with_wrong(
    model: Exported,
    most: int,
    bits: int,
    announce: Callable[[str], None] = lambda line: None,
    progress: Callable[[int, int, str], None] = lambda done, total, unit: None,
) -> Exported:
    """Return the model with test images that it gets wrong, if its dataset is at hand.

    Args:
        model: What was loaded.
        most: How many images, at most; those that it is surest of come first.
        bits: In how many its weights are to be stored: it answers by those.
        announce: Called with one line where the dataset is not at hand.
        progress: Called with how many pictures are done, of how many, and the unit.
    """
    try:
        dataset = _its_dataset(model)
    except MnistkitError as error:
        announce(f"no gallery of what it gets wrong: {error.message}")
        return model
    numbers = [model.info.classes.index(name) for name in dataset.classes]
    labels = [numbers[label] for label in dataset.test.labels.tolist()]
    shares = _probabilities(_as_stored(model, bits), dataset.test.images, progress)
    examples = _gravest(shares, labels, dataset)
    return replace(model, wrong=tuple(examples[:most]), wrong_in_all=len(examples), tested=len(labels))


def _its_dataset(model: Exported) -> Dataset:
    """Return the dataset that a model learnt from, its pictures prepared as they were then; never downloads.

    Raises:
        MnistkitError: it is not at hand, or has other classes or no test images now.
    """
    from mnistkit.data import check_dataset, is_folder, load_dataset
    from mnistkit.data.base import LoadOptions, SplitShares

    info = model.info
    name = check_dataset(info.dataset)
    options = LoadOptions(preparation=info.preparation, download=False)
    if is_folder(name):
        shares = SplitShares.parse(info.shares) if info.shares else None
        options = replace(options, classes=info.classes, shares=shares)
    dataset = load_dataset(name, options)
    if not set(dataset.classes) <= set(info.classes) or not len(dataset.test):
        raise DataError(f"{name} has other classes than the model, or no test images")
    return dataset


def _gravest(shares: NDArray[np.float64], labels: Sequence[int], dataset: Dataset) -> list[WrongExample]:
    """Return what is wrong, the surest mistakes first."""
    import numpy as np

    from mnistkit.export.exported import WrongExample

    wrong = np.flatnonzero(shares.argmax(axis=1) != np.array(labels))
    order = wrong[np.argsort(-shares[wrong].max(axis=1), kind="stable")]
    test = dataset.test
    return [WrongExample(test.images[place], labels[place], int(test.indices[place])) for place in order.tolist()]


def _as_stored(model: Exported, bits: int) -> Exported:
    """Return a model with the weights that are left of its own when they are stored in so many bits.

    Raises:
        CheckpointError: one is too large for that.
    """
    from mnistkit.export.packing import pack, unpack

    try:
        return replace(model, tensors=unpack(pack(model.tensors, bits)))
    except OverflowError as error:
        raise _too_large(model, error) from error


def _too_large(model: Exported, error: OverflowError) -> CheckpointError:
    return CheckpointError(
        f"{model.name} cannot be stored: {error}", hint="train it again with a lower learning rate"
    )


def _probabilities(
    model: Exported,
    tiles: NDArray[np.uint8],
    progress: Callable[[int, int, str], None] = lambda done, total, unit: None,
) -> NDArray[np.float64]:
    """Return the calibrated probabilities of tiles, shape (n, classes), computed by numpy.

    Raises:
        CheckpointError: they are not finite.
    """
    import numpy as np

    from mnistkit.export.numpy_program import NumpyProgram
    from mnistkit.inference.backends.numpy import NumpyBackend
    from mnistkit.inference.calibration import Calibration

    backend = NumpyBackend(NumpyProgram(model.program, model.tensors), model.info)
    parts = [tiles[start : start + _AT_A_TIME] for start in range(0, len(tiles), _AT_A_TIME)]
    logits = []
    with backend.threads(backend.lanes) as pool:
        for part in pool.map(backend.logits, parts):
            logits.append(part)
            progress(sum(map(len, logits)), len(tiles), PICTURES)
    everything = np.concatenate(logits)
    if not np.isfinite(everything).all():
        raise CheckpointError(f"{model.name}: the model's outputs are not finite numbers", hint="mnistkit train")
    return Calibration(model.temperature).probabilities(everything)


def _written(model: Exported, target: Target, bits: int) -> bytes:
    try:
        return target.write(model, bits)
    except OverflowError as error:
        raise _too_large(model, error) from error


def _check_size(size: int, config: ExportConfig) -> None:
    if config.max_bytes is not None and size > config.max_bytes:
        smaller = "a smaller model" + (", or --gallery 0" if config.gallery else "")
        raise OutputError(
            f"{config.out} would have {size:,} bytes, {size - config.max_bytes:,} more than --max-bytes allows",
            hint=f"give it more, or choose {smaller}",
        )
