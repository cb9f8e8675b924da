"""What ``mnistkit errors`` found: which models, on what, and the images they get wrong."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from mnistkit.evaluation.results.base import EvaluatedCheckpoint, SplitResult
from mnistkit.notebook import Drawn
from mnistkit.numbers import counted

Kind = Literal["wrong", "only", "some", "all", "suspect"]


@dataclass(frozen=True)
class WrongPrediction:
    """What one model says about an image that it gets wrong.

    Attributes:
        model: The model's place among those compared.
        predicted: The class it says.
        probabilities: Float array of shape (classes,), sum 1.
        loss: Negative log-likelihood of the label, in nats.
        margin: Probability of the class it says minus that of the label, from 0 to 1: the normalised margin of
            Northcutt, Jiang and Chuang (2021), "Confident learning: estimating uncertainty in dataset labels",
            JAIR 70, with the sign turned round.
        attribution_map: Float array of shape (28, 28) from -1 to 1: where the image speaks for the class it says
            (above 0) rather than for the label (below 0); None if that was not asked for.
    """

    model: int
    predicted: int
    probabilities: NDArray[np.float64] = field(repr=False)
    loss: float
    margin: float
    attribution_map: NDArray[np.float32] | None = field(default=None, repr=False)

    @property
    def confidence(self) -> float:
        """Probability of the class it says."""
        return float(self.probabilities[self.predicted])


@dataclass(frozen=True)
class Misclassification:
    """An image that at least one model gets wrong.

    Attributes:
        place: Its place in the split.
        index: Its place in the original training or test file; of all splits together, test images follow on.
        label: The class that its label says.
        pixels: uint8 array of shape (28, 28).
        predictions: What the models say that get it wrong, at least one.
        note: What is known about its label; empty if nothing is.
        path: The picture's file; None for an image of a dataset that is no folder of pictures.
    """

    place: int
    index: int
    label: int
    pixels: NDArray[np.uint8] = field(repr=False)
    predictions: tuple[WrongPrediction, ...]
    note: str = ""
    path: str | None = None


@dataclass(frozen=True)
class Section:
    """Misclassifications that belong together.

    Attributes:
        kind: "wrong": all of the only model; "only": those of just one of several models; "some": those of
            several models, but not all; "all": those of all of several models; "suspect": labels disputed by
            models that have not seen the image.
        models: The places of the models it is about.
        total: How many there are.
        misclassifications: The first of them, in the order asked for.
    """

    kind: Kind
    models: tuple[int, ...]
    total: int
    misclassifications: tuple[Misclassification, ...] = field(repr=False)


@dataclass(frozen=True)
class Selection:
    """Which misclassifications to take, and how many.

    Attributes:
        label: Only images of this class.
        predicted: Only images of which a model that is wrong says this class.
        sort: "loss", "confidence", "margin" (largest first) or "index" (lowest first); of several models' figures
            the mean counts.
        limit: How many of each section; None for all.
    """

    label: int | None = None
    predicted: int | None = None
    sort: str = "loss"
    limit: int | None = None


@dataclass(frozen=True)
class CrossValidation:
    """How labels were judged by models that have not seen their images.

    Attributes:
        architecture: The architecture trained.
        folds: Number of parts, and of models: each learns from all parts but one, and judges that.
        epochs: Passes over the images in each training.
        seed: Seed of the division and of the trainings.
        images: How many images were divided: of a folder all, of other data all training images, validation images
            included.
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
class ErrorsResult(SplitResult, Drawn):
    """The images that one model or several get wrong, or the labels that a cross-validation disputes.

    Attributes:
        models: What was run, in the order given.
        selection: Which of the misclassified images were asked for.
        sections: The images, divided by who gets them wrong.
        explained: The method of the attribution maps; None if they were not asked for.
        cross_validation: How suspect labels were found; None for the errors of checkpoints.
    """

    schema: ClassVar = "mnistkit/errors/3"

    models: tuple[ModelErrors, ...]
    selection: Selection
    sections: tuple[Section, ...]
    explained: str | None = None
    cross_validation: CrossValidation | None = None

    def __repr__(self) -> str:
        if self.cross_validation is not None:
            return self.in_a_line(f"{each.name}: {counted(each.errors, 'disputed label')}" for each in self.models)
        return self.in_a_line(self.accuracy_of(each.name, each.errors) for each in self.models)

    @property
    def misclassifications(self) -> Iterator[Misclassification]:
        """All misclassifications of all sections."""
        return (image for section in self.sections for image in section.misclassifications)

    def to_json(self) -> dict[str, Any]:
        """Return plain values: classes by name, shares from 0 to 1, one entry for each model's image."""
        validation = self.cross_validation
        return {
            **self.header(),
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
            "path": image.path,
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
