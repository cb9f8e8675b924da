"""The images that models get wrong: found, divided by who gets them wrong, sorted."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from mnistkit.evaluation.results.errors import Kind, Misclassification, Section, Selection, WrongPrediction

if TYPE_CHECKING:
    from torch import Tensor

    from mnistkit.data.base import LabelledImages


class ModelPredictions:
    """A model's probabilities for the images of a split.

    Args:
        logits: Float tensor of shape (n, classes) on the CPU.
        labels: int64 array of shape (n,).

    Attributes:
        probabilities: Float array of shape (n, classes).
        predicted: int64 array of shape (n,).
        loss: Float array of shape (n,).
        margin: Float array of shape (n,); 0 where the model is right.
        wrong: Bool array of shape (n,).
    """

    def __init__(self, logits: Tensor, labels: NDArray[np.int64]) -> None:
        places = np.arange(len(labels))
        logs = logits.double().log_softmax(dim=1).numpy()
        self.probabilities: NDArray[np.float64] = np.exp(logs)
        self.predicted: NDArray[np.int64] = logits.argmax(dim=1).numpy()
        # Without the + 0 the loss of a certain and right answer would be written "-0".
        self.loss: NDArray[np.float64] = -logs[places, labels] + 0.0
        self.margin = self.probabilities[places, self.predicted] - self.probabilities[places, labels]
        self.wrong: NDArray[np.bool_] = self.predicted != labels

    def prediction(self, model: int, place: int) -> WrongPrediction:
        """Return what the model, which is the ``model``-th, says about the image at ``place``."""
        return WrongPrediction(
            model,
            int(self.predicted[place]),
            self.probabilities[place],
            float(self.loss[place]),
            float(self.margin[place]),
        )


def find_misclassifications(
    models: Sequence[ModelPredictions],
    data: LabelledImages,
    selection: Selection,
    *,
    kind: Kind = "wrong",
    note: Callable[[int], str] = lambda index: "",
) -> tuple[Section, ...]:
    """Return the misclassifications of one model, or of several divided by who makes them.

    Args:
        models: At least one, run on ``data``.
        data: The images with their labels.
        selection: Which to take.
        kind: What the misclassifications of a single model are called.
        note: What is known about the label of an image, by its index.
    """
    wrong = np.stack([model.wrong for model in models])
    sections = []
    for name, members, mask in _divide(wrong, kind):
        places = [place for place in np.flatnonzero(mask).tolist() if _fits(models, data, selection, place)]
        misclassifications = tuple(
            _build(models, data, place, note) for place in _in_order(models, data, selection, places)
        )
        sections.append(Section(name, members, len(places), misclassifications))
    return tuple(sections)


def with_attribution_maps(
    section: Section, explain: Callable[[int, list[int], list[int], list[int]], NDArray[np.float32]]
) -> Section:
    """Return the section with an attribution map in every prediction.

    Args:
        section: The misclassifications.
        explain: Called for each model with its place and lists of the images' places, the predicted classes and
            the labels; returns their attribution maps of shape (n, 28, 28).
    """
    found: dict[tuple[int, int], NDArray[np.float32]] = {}
    for model in sorted({each.model for image in section.misclassifications for each in image.predictions}):
        asked = [
            (image.place, each.predicted, image.label)
            for image in section.misclassifications
            for each in image.predictions
            if each.model == model
        ]
        places, predicted, labels = (list(column) for column in zip(*asked, strict=True))
        maps = explain(model, places, predicted, labels)
        found.update({(model, place): each for place, each in zip(places, maps, strict=True)})
    misclassifications = tuple(
        replace(
            image,
            predictions=tuple(
                replace(each, attribution_map=found[each.model, image.place]) for each in image.predictions
            ),
        )
        for image in section.misclassifications
    )
    return replace(section, misclassifications=misclassifications)


def _divide(wrong: NDArray[np.bool_], kind: Kind) -> list[tuple[Kind, tuple[int, ...], Any]]:
    """Return each section's kind, models and mask of shape (n,), from a mask of shape (models, n)."""
    everyone = tuple(range(len(wrong)))
    if len(wrong) == 1:
        return [(kind, everyone, wrong[0])]
    count = wrong.sum(axis=0)
    sections: list[tuple[Kind, tuple[int, ...], Any]] = [
        ("only", (model,), wrong[model] & (count == 1)) for model in everyone
    ]
    if len(wrong) > 2:
        sections.append(("some", everyone, (count > 1) & (count < len(wrong))))
    return [*sections, ("all", everyone, count == len(wrong))]


def _fits(models: Sequence[ModelPredictions], data: LabelledImages, selection: Selection, place: int) -> bool:
    if selection.label is not None and data.labels[place] != selection.label:
        return False
    said = [model.predicted[place] for model in models if model.wrong[place]]
    return selection.predicted is None or selection.predicted in said


def _in_order(
    models: Sequence[ModelPredictions], data: LabelledImages, selection: Selection, places: list[int]
) -> list[int]:
    def key(place: int) -> tuple[float, int]:
        index = int(data.indices[place])
        if selection.sort == "index":
            return 0.0, index
        values = [_figure(model, selection.sort, place) for model in models if model.wrong[place]]
        return -sum(values) / len(values), index

    return sorted(places, key=key)[: selection.limit]


def _figure(model: ModelPredictions, name: str, place: int) -> float:
    if name == "confidence":
        return float(model.probabilities[place].max())
    return float((model.loss if name == "loss" else model.margin)[place])


def _build(
    models: Sequence[ModelPredictions], data: LabelledImages, place: int, note: Callable[[int], str]
) -> Misclassification:
    index = int(data.indices[place])
    return Misclassification(
        place,
        index,
        int(data.labels[place]),
        data.images[place],
        tuple(model.prediction(i, place) for i, model in enumerate(models) if model.wrong[place]),
        note(index),
        path=data.origins[place].file if data.origins else None,
    )
