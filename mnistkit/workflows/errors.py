"""Finding the images that checkpoints get wrong: of one, or of several divided by who gets them wrong."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mnistkit.exceptions import UsageError
from mnistkit.registry import check_name
from mnistkit.workflows.inputs import (
    InferenceConfig,
    Inputs,
    check_request,
    open_inputs,
    run_checkpoint,
)

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from torch import Tensor, nn

    from mnistkit.data.batches import Normalisation
    from mnistkit.evaluation.results.errors import ErrorsResult, Section, Selection

    # From a model's place and n places of images, predicted classes and labels to attribution maps (n, 28, 28).
    Explained = Callable[[int, list[int], list[int], list[int]], NDArray[np.float32]]

SORT_CHOICES = ("loss", "confidence", "margin", "index")
"""Orders of misclassifications: the largest first, but the lowest index."""


@dataclass(frozen=True)
class ErrorsConfig(InferenceConfig):
    """Whose misclassifications to find, on what, and which of them.

    Attributes:
        true: Only images of this class, by name; None for all.
        pred: Only images that a model takes for this class, by name; None for all.
        sort: One of :data:`SORT_CHOICES`.
        limit: How many of each section; None for all.
        explain: Whether to compute an attribution map for each.
    """

    true: str | None = None
    pred: str | None = None
    sort: str = "loss"
    limit: int | None = None
    explain: bool = False


def find_errors(config: ErrorsConfig, announce: Callable[[str], None] = lambda line: None) -> ErrorsResult:
    """Find the images that checkpoints get wrong.

    Args:
        config: What to look for.
        announce: Called with one line where a choice is made or something takes time.

    Raises:
        UsageError: options that do not fit together or name nothing, a class that does not exist.
        CheckpointError: a checkpoint cannot be used, or its classes are not those of the others or the dataset.
        DataError: the dataset cannot be read, or the split is empty.
    """
    check_config(config)
    inputs = open_inputs(config, announce)
    selection = select(config, inputs.dataset.classes)

    from mnistkit.evaluation.misclassifications import ModelPredictions, find_misclassifications
    from mnistkit.evaluation.results.errors import ErrorsResult, ModelErrors

    models = []
    for number, checkpoint in enumerate(inputs.checkpoints):
        announce(f"running {checkpoint.name} on {len(inputs.data):,} images")
        models.append(ModelPredictions(run_checkpoint(inputs, number), inputs.data.labels))
    note = label_note(inputs.dataset.name, inputs.split)
    sections = find_misclassifications(models, inputs.data, selection, note=note)
    if config.explain:
        sections = explain_sections(sections, _explainer(inputs), announce)
    return ErrorsResult(
        **inputs.header(),
        models=tuple(
            ModelErrors(checkpoint.name, checkpoint, int(each.wrong.sum()))
            for checkpoint, each in zip(inputs.checkpoints, models, strict=True)
        ),
        selection=selection,
        sections=sections,
        explained=explanation_method() if config.explain else None,
    )


def check_config(config: ErrorsConfig) -> None:
    """Raise if the options are wrong in themselves; opens no file and imports nothing heavy.

    Raises:
        UsageError: an unknown split, dataset or order, a limit below 1, or the same class as true and predicted.
    """
    check_request(config)
    check_name("order", config.sort, SORT_CHOICES)
    if config.limit is not None and config.limit < 1:
        raise UsageError(f"the limit must be at least 1, not {config.limit}")
    if config.true is not None and config.true == config.pred:
        raise UsageError(f"an image of class '{config.true}' that is taken for '{config.pred}' is no error")


def select(config: ErrorsConfig, classes: Sequence[str]) -> Selection:
    """Return what ``config`` asks for, with the classes' numbers instead of their names.

    Raises:
        UnknownNameError: a class that the dataset does not have; the message holds the closest match.
    """
    from mnistkit.evaluation.results.errors import Selection

    def number(name: str | None) -> int | None:
        return None if name is None else list(classes).index(check_name("class", name, classes))

    return Selection(number(config.true), number(config.pred), config.sort, config.limit)


def label_note(dataset: str, split: str) -> Callable[[int], str]:
    """Return the function that says what is known about the label of an image, by its index; "" if nothing is."""
    from mnistkit.evaluation import label_errors

    if label_errors.are_known(dataset, split):
        return label_errors.describe
    return lambda index: ""


def explain_sections(
    sections: Sequence[Section], explained: Explained, announce: Callable[[str], None]
) -> tuple[Section, ...]:
    """Return the sections with an attribution map in each prediction, made by ``explained``."""
    from mnistkit.evaluation.misclassifications import with_attribution_maps

    count = sum(len(image.predictions) for section in sections for image in section.misclassifications)
    announce(
        f"explaining {count:,} wrong {'prediction' if count == 1 else 'predictions'} by {explanation_method()}"
    )
    return tuple(with_attribution_maps(section, explained) for section in sections)


def explanation_method() -> str:
    """Return the name and the checkpoint of the method of the attribution maps."""
    from mnistkit.evaluation.attribution import METHOD

    return METHOD


def attribution_maps(
    model: nn.Module,
    normalisation: Normalisation,
    images: Tensor,
    classes: tuple[list[int], list[int]],
    batch_size: int,
) -> NDArray[np.float32]:
    """Return where images speak for one class rather than another, from -1 to 1.

    Args:
        model: In evaluation mode; lives on the device of ``images``.
        normalisation: The normalisation it was trained with.
        images: uint8 tensor of shape (n, 1, 28, 28).
        classes: n class numbers to speak for, and n to speak against.
        batch_size: Images in a forward pass.
    """
    from mnistkit.evaluation.attribution import integrated_gradients, scaled

    maps: NDArray[np.float32] = scaled(
        integrated_gradients(model, images, normalisation, *classes, batch_size=batch_size)
    ).numpy()
    return maps


def _explainer(inputs: Inputs) -> Explained:
    # The last model is kept: each section asks for one after the other.
    loaded: dict[int, tuple[nn.Module, Normalisation]] = {}

    def explained(number: int, places: list[int], predicted: list[int], labels: list[int]) -> NDArray[np.float32]:
        checkpoint = inputs.checkpoints[number]
        if number not in loaded:
            loaded.clear()
            loaded[number] = inputs.load_model(number)
        images = take(inputs.images[number], places)
        return attribution_maps(*loaded[number], images, (predicted, labels), checkpoint.batch_size)

    return explained


def take(images: Tensor, places: list[int]) -> Tensor:
    """Return the images at ``places``, on the same device."""
    import torch

    # The type is named because an empty list has none.
    return images[torch.tensor(places, dtype=torch.long, device=images.device)]
