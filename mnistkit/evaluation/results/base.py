"""What the results of all evaluations have in common: what was run, and on what."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

from mnistkit.preparation import INK, Preparation


@dataclass(frozen=True)
class EvaluatedCheckpoint:
    """A checkpoint that was run on a split.

    Attributes:
        name: The run's or the file's name.
        path: The checkpoint file.
        architecture: Name in the model registry.
        dataset: The dataset it was trained on.
        batch_size: Images in a forward pass.
        preparation: How pictures became what the model was given.
    """

    name: str
    path: str
    architecture: str
    dataset: str
    batch_size: int
    preparation: Preparation = INK


@dataclass(frozen=True)
class SplitResult:
    """What is known about models on one split of a dataset.

    Attributes:
        dataset: The dataset's name or folder.
        split: "test", "val", "train" or "all".
        n: Number of images in the split.
        classes: The class names in the order of the labels.
        device: The device, with its product name.
        precision: Arithmetic of the forward passes.
    """

    dataset: str
    split: str
    n: int
    classes: tuple[str, ...]
    device: str
    precision: str

    def header(self) -> dict[str, Any]:
        """Return the first fields of the JSON document: those of this class."""
        return {field.name: getattr(self, field.name) for field in fields(SplitResult)}
