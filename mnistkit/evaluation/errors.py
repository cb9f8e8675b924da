"""The result of looking for errors: which models, on what, and the images they get wrong."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from mnistkit.evaluation.misclassifications import Misclassification, Section, Selection, WrongPrediction
from mnistkit.evaluation.results import EvaluatedCheckpoint


@dataclass(frozen=True)
class CrossValidation:
    """How labels were judged by models that have not seen their images.

    Attributes:
        architecture: The architecture trained.
        folds: Number of parts, and of models: each learns from all parts but one, and judges that.
        epochs: Passes over the images in each training.
        seed: Seed of the division and of the trainings.
        images: How many images were divided: all training images, validation images included.
        seconds: How long it took.
    """

    architecture: str
    folds: int
    epochs: int
    seed: int
    images: int
    seconds: float

    @property
    def name(self) -> str:
        """How the models together are called."""
        return f"{self.architecture} ({self.folds}-fold cross-validation)"


@dataclass(frozen=True)
class ModelErrors:
    """A model and how much it gets wrong.

    Attributes:
        name: The run's or the file's name.
        checkpoint: The checkpoint; None for the models of a cross-validation.
        errors: How many of the images it gets wrong.
    """

    name: str
    checkpoint: EvaluatedCheckpoint | None
    errors: int


@dataclass(frozen=True)
class ErrorsResult:
    """The misclassifications of one model, of several, or the labels that a cross-validation disputes.

    Attributes:
        dataset: The dataset's name or folder.
        split: "test", "val" or "train".
        n: Number of images in the split.
        classes: The class names in the order of the labels.
        device: The device, with its product name.
        precision: Arithmetic of the forward passes.
        models: What made the misclassifications, in the order given.
        selection: Which misclassifications were asked for.
        sections: The misclassifications, divided by who makes them.
        explained: The method of the attribution maps; None if they were not asked for.
        cross_validation: How suspect labels were found; None for misclassifications of checkpoints.
    """

    dataset: str
    split: str
    n: int
    classes: tuple[str, ...]
    device: str
    precision: str
    models: tuple[ModelErrors, ...]
    selection: Selection
    sections: tuple[Section, ...]
    explained: str | None = None
    cross_validation: CrossValidation | None = None

    @property
    def misclassifications(self) -> Iterator[Misclassification]:
        """All misclassifications of all sections."""
        return (image for section in self.sections for image in section.misclassifications)

    def to_json(self) -> dict[str, Any]:
        """Return plain values: classes by name, shares from 0 to 1, one entry for each model's image."""
        validation = self.cross_validation
        return {
            "dataset": self.dataset,
            "split": self.split,
            "n": self.n,
            "classes": self.classes,
            "device": self.device,
            "precision": self.precision,
            "models": [asdict(model) for model in self.models],
            "true": self._class(self.selection.label),
            "pred": self._class(self.selection.predicted),
            "sort": self.selection.sort,
            "explained": self.explained,
            "cross_validation": None if validation is None else asdict(validation),
            "sections": [self._section(section) for section in self.sections],
        }

    def _class(self, number: int | None) -> str | None:
        return None if number is None else self.classes[number]

    def _section(self, section: Section) -> dict[str, Any]:
        return {
            "kind": section.kind,
            "models": [self.models[place].name for place in section.models],
            "total": section.total,
            "misclassifications": [
                self._entry(image, each) for image in section.misclassifications for each in image.predictions
            ],
        }

    def _entry(self, image: Misclassification, prediction: WrongPrediction) -> dict[str, Any]:
        values: dict[str, Any] = {
            "index": image.index,
            "model": self.models[prediction.model].name,
            "true": self.classes[image.label],
            "predicted": self.classes[prediction.predicted],
            "confidence": prediction.confidence,
            "margin": prediction.margin,
            "loss": prediction.loss,
            "note": image.note,
            "probabilities": dict(zip(self.classes, prediction.probabilities.tolist(), strict=True)),
        }
        if prediction.attribution_map is not None:
            values["attribution_map"] = np.round(prediction.attribution_map.astype(np.float64), 3).tolist()
        return values
