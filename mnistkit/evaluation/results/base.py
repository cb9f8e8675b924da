"""What the results of all evaluations have in common: what was run, and on what."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields
from typing import Any

from mnistkit.numbers import counted, percentage
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

    def in_a_line(self, found: Iterable[str]) -> str:
        """Return the result for Python's prompt: on what it was found, and then what was ``found``."""
        images = f"{self.dataset}, {self.split} split of {counted(self.n, 'image')}"
        return f"{type(self).__name__}({images}: {'; '.join(found)})"

    def accuracy_of(self, name: str, errors: int) -> str:
        """Return a model and how good it is, as :meth:`in_a_line` takes it."""
        return f"{name} {percentage(1 - errors / self.n)}, {counted(errors, 'error')}"
