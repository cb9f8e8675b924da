"""Trained models to learn from: which, whether they fit the data, and what they answer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from mnistkit.exceptions import CheckpointError, UsageError
from mnistkit.inference.checkpoints import FoundCheckpoint, find_checkpoints, load_model, not_finite
from mnistkit.locate import LATEST
from mnistkit.recipe import IMAGE_SIZE
from mnistkit.registry import brief
from mnistkit.training.lessons import LessonStoppedError

if TYPE_CHECKING:
    import torch
    from torch import Tensor, nn

    from mnistkit.data.base import Dataset
    from mnistkit.device import Precision

# Batches between two questions whether to stop.
_BATCHES = 8


@dataclass(frozen=True)
class Teacher:
    """A checkpoint whose answers are learned.

    Attributes:
        checkpoint: As the user named it.
        found: The checkpoint.
        sha256: Digest of its file.
    """

    checkpoint: str
    found: FoundCheckpoint
    sha256: str

    @property
    def name(self) -> str:
        """What it is called."""
        return self.found.name

    @property
    def label_smoothing(self) -> float:
        """That of its training."""
        return float(self.found.info.recipe.get("label_smoothing", 0.0))

    def describe(self) -> dict[str, Any]:
        """Return what runs and checkpoints of its students record: name, digest of the file, accuracy.

        Where it was found is not among it: the same teacher may lie elsewhere tomorrow.
        """
        info = self.found.info
        figures = {name: info.metrics[name] for name in ("val_accuracy", "test_accuracy") if name in info.metrics}
        return {
            "name": self.name,
            "architecture": info.architecture,
            "sha256": self.sha256,
            **figures,
        }

    def check(self, dataset: Dataset) -> None:
        """See that it can answer to the images of a dataset, exactly as it would to its own.

        Raises:
            CheckpointError: it knows other classes.
            UsageError: it learnt from pictures that were prepared in another way.
        """
        info = self.found.info
        if set(info.classes) != set(dataset.classes):
            raise CheckpointError(
                f"{self.name} cannot teach {dataset.name}: it knows the classes {brief(info.classes)}, "
                f"the dataset has {brief(dataset.classes)}",
                hint=f"it was trained on {info.dataset}",
            )
        own, other = info.preparation.kind, dataset.preparation.kind
        if dataset.train.origins and own != other:
            raise UsageError(
                f"{self.name} learnt from pictures prepared as '{own}', and these are prepared as '{other}'",
                hint=f"--preparation {own} prepares them as the teacher knows them",
            )

    def order(self, classes: Sequence[str]) -> list[int]:
        """Return for each of ``classes`` its place among the teacher's own."""
        return [self.found.info.classes.index(name) for name in classes]

    def load(self, device: torch.device) -> nn.Module:
        """Load its weights.

        Raises:
            CheckpointError: the file is gone or damaged.
        """
        return load_model(self.found, device)

    def answers(
        self,
        model: nn.Module,
        images: Tensor,
        classes: Sequence[str],
        precision: Precision,
        should_stop: Callable[[], bool],
    ) -> Tensor:
        """Return its logits for images, in half precision.

        Args:
            model: As :meth:`load` returned it.
            images: uint8 tensor of shape (n, 1, 28, 28) on the model's device.
            classes: The classes in the order of the student's logits.
            precision: Arithmetic of the forward passes.
            should_stop: Asked now and then.

        Returns:
            Half-precision tensor of shape (n, classes) on the same device.

        Raises:
            LessonStoppedError: ``should_stop`` said so.
            CheckpointError: an answer is no number.
        """
        import torch

        from mnistkit.data.batches import Normalisation
        from mnistkit.inference.logits import predict_logits

        info, size = self.found.info, self.found.batch_size
        normalisation, parts = Normalisation(info.mean, info.std), []
        for chunk in torch.split(images, _BATCHES * size):
            if should_stop():
                raise LessonStoppedError
            logits = predict_logits(model, chunk, normalisation, batch_size=size, precision=precision)
            parts.append(logits[:, self.order(classes)].half())
        answers = torch.cat(parts)
        if not answers.isfinite().all():
            raise not_finite(self.found.path)
        return answers


def find_teachers(
    specs: Sequence[str], announce: Callable[[str], None] = lambda line: None
) -> tuple[Teacher, ...]:
    """Find checkpoints to learn from.

    Args:
        specs: At least one, as :func:`mnistkit.locate.locate_checkpoint` takes them.
        announce: Called with one line where a choice is made.

    Raises:
        UsageError: none is given, or one twice.
        CheckpointError: one cannot be used, or takes other input than students here do.
    """
    if not specs:
        raise UsageError(
            "there is no teacher", hint="--teacher takes a checkpoint, a run folder or a bundled model"
        )
    teachers = []
    for spec, found in zip(specs, find_checkpoints(specs, announce), strict=True):
        if found.info.input_size != IMAGE_SIZE:
            height, width = found.info.input_size
            raise CheckpointError(f"{found.name} takes pictures of {width}x{height} pixels, not 28x28")
        # The latest run is another one tomorrow.
        named = str(found.path) if spec == LATEST else spec
        teachers.append(Teacher(named, found, sha256(found.path.read_bytes()).hexdigest()))
    return tuple(teachers)
