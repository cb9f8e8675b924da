"""Writing a trained model as a file that runs without mnistkit."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from mnistkit import __version__
from mnistkit.data import load_dataset
from mnistkit.exceptions import OutputError, UsageError
from mnistkit.export.targets import BITS, check_target
from mnistkit.files import write_text
from mnistkit.inference.calibration import Calibration
from mnistkit.inference.checkpoints import FoundCheckpoint, find_checkpoints
from mnistkit.numbers import percentage
from mnistkit.workflows.train_config import DEFAULT_DATASET

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from mnistkit.export.html import GalleryItem, PageModel
    from mnistkit.inference.backends.numpy import NumpyBackend

_CHUNK = 250


@dataclass(frozen=True)
class ExportConfig:
    """What to export, and to where.

    Attributes:
        out: The file; its suffix names the target.
        checkpoint: As :func:`mnistkit.locate.locate_checkpoint` takes it.
        bits: In how many bits a weight is kept, 8 or 16.
        gallery: How many misclassified test images are shown, at most; with 0 the test images are not read.
        max_bytes: How large the file may be; None for no limit.
        progress: Called with test images done, in all, and what they are.
    """

    out: Path
    checkpoint: str | None = None
    bits: int = 8
    gallery: int = 24
    max_bytes: int | None = None
    progress: Callable[[int, int, str], None] = lambda done, total, unit: None


@dataclass(frozen=True)
class Exported:
    """The file that was written.

    Attributes:
        checkpoint: The model's name.
        out: The file.
        bytes: Its size.
        bits: In how many bits a weight is kept.
        parameters: How many numbers its tensors hold.
        test_images: How many test images the model was run on as the file holds it; 0 if none.
        test_accuracy: The share of them that it gets right; None if none were read.
        gallery: How many of its errors the file shows.
    """

    schema: ClassVar = "mnistkit/export/1"

    checkpoint: str
    out: str
    bytes: int
    bits: int
    parameters: int
    test_images: int
    test_accuracy: float | None
    gallery: int

    def to_json(self) -> dict[str, Any]:
        """Return plain values."""
        return asdict(self)


def export_model(config: ExportConfig, announce: Callable[[str], None] = lambda line: None) -> Exported:
    """Write a model as a file that runs without mnistkit.

    Args:
        config: What to export.
        announce: Called with one line where a choice is made or something takes time.

    Raises:
        UsageError: an unknown suffix, a folder, or numbers out of range.
        CheckpointError: the checkpoint cannot be used.
        LoweringError: its architecture cannot be a program; the message names the operation and the layer.
        OutputError: the file would be larger than it may be, or cannot be written.
    """
    check_config(config)
    [found] = find_checkpoints([config.checkpoint] if config.checkpoint else [], announce)
    if found.info.preparation.kind == "whole":
        announce(f"{found.name} learnt from whole pictures; the page gives it digits cut out as MNIST's are")

    from mnistkit.export.html import page

    model, accuracy, images = page_model(found, config, announce)
    text = page(model)
    size = len(text.encode())
    if config.max_bytes is not None and size > config.max_bytes:
        raise OutputError(
            f"{config.out} would have {size:,} bytes, more than --max-bytes {config.max_bytes:,}",
            hint="--bits 8 and --gallery 0 make it smaller; so does a smaller model",
        )
    write_text(config.out, text)
    return Exported(
        checkpoint=found.name,
        out=str(config.out),
        bytes=size,
        bits=config.bits,
        parameters=sum(each.size for each in model.weights.decoded.values()),
        test_images=images,
        test_accuracy=accuracy,
        gallery=len(model.gallery),
    )


def check_config(config: ExportConfig) -> None:
    """Raise if the options are wrong in themselves.

    Raises:
        UsageError: an unknown suffix, a folder, or numbers out of range.
    """
    check_target(config.out)
    if config.bits not in BITS:
        raise UsageError(f"a weight has {' or '.join(map(str, BITS))} bits, not {config.bits}")
    if config.gallery < 0:
        raise UsageError(f"--gallery must be 0 or more, not {config.gallery}")
    if config.max_bytes is not None and config.max_bytes < 1:
        raise UsageError(f"--max-bytes must be 1 or more, not {config.max_bytes}")


def page_model(
    found: FoundCheckpoint, config: ExportConfig, announce: Callable[[str], None] = lambda line: None
) -> tuple[PageModel, float | None, int]:
    """Return what the page of a checkpoint is made of, and its accuracy on how many test images.

    Raises:
        CheckpointError: the checkpoint is damaged.
        LoweringError: its architecture cannot be a program.
    """
    from mnistkit.export.encode import encode
    from mnistkit.export.folding import fold_batch_norms
    from mnistkit.export.html import PageModel
    from mnistkit.export.numpy_program import NumpyProgram
    from mnistkit.imaging.stroke_limits import stroke_limits
    from mnistkit.inference.backends.numpy import NumpyBackend, load_program

    info, loaded = found.info, load_program(found)
    program, tensors = fold_batch_norms(loaded.program, loaded.tensors)
    weights = encode(tensors, config.bits)
    items: list[GalleryItem] = []
    accuracy, images = None, 0
    if config.gallery and info.dataset == DEFAULT_DATASET:
        announce(f"running {found.name} with weights of {config.bits} bits on the test images")
        exported = NumpyBackend(NumpyProgram(program, weights.decoded), info)
        right, items, images = _tested(exported, info.classes, config)
        accuracy = right / images
    elif config.gallery:
        announce(f"no errors are shown: {found.name} was trained on {info.dataset}, not on {DEFAULT_DATASET}")
    calibration = Calibration.of(info.calibration)
    tested = "" if accuracy is None else f"; {percentage(accuracy)} of {images:,} test images right"
    model = PageModel(
        name=found.name,
        program=program,
        weights=weights,
        classes=info.classes,
        mean=info.mean,
        std=info.std,
        temperature=calibration.temperature,
        threshold=calibration.threshold,
        limits=stroke_limits(),
        subtitle=f"{found.name}, a {info.architecture} trained on {info.dataset}{tested}",
        footer=f"Everything on this page is computed in your browser. Made by mnistkit {__version__}.",
        gallery=items,
    )
    return model, accuracy, images


def _tested(
    backend: NumpyBackend, classes: Sequence[str], config: ExportConfig
) -> tuple[int, list[GalleryItem], int]:
    """Return how many test images are right, the first that are not, and how many there are."""
    import numpy as np

    from mnistkit.export.html import GalleryItem

    test = load_dataset(DEFAULT_DATASET).test
    parts = [test.images[start : start + _CHUNK] for start in range(0, len(test), _CHUNK)]
    found_answers: list[NDArray[np.int64]] = []
    with backend.threads(backend.lanes) as threads:
        for logits in threads.map(backend.logits, parts):
            found_answers.append(logits.argmax(axis=1))
            config.progress(sum(map(len, found_answers)), len(test), "images")
    answered = np.concatenate(found_answers)
    wrong = np.flatnonzero(answered != test.labels)
    items = [
        GalleryItem(
            index=int(place),
            tile=test.images[place],
            label=classes[test.labels[place]],
            answer=classes[answered[place]],
        )
        for place in wrong[: config.gallery]
    ]
    return len(test) - len(wrong), items, len(test)
