"""Finding labels that are probably wrong: those that models which have not seen the image dispute."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from mnistkit.data import is_folder, load_dataset
from mnistkit.data.base import ALL
from mnistkit.exceptions import DataError, UsageError
from mnistkit.models import get_architecture
from mnistkit.workflows.errors import (
    ErrorsConfig,
    attribution_maps,
    check_config,
    explain_sections,
    explanation_method,
    label_note,
    select,
)
from mnistkit.workflows.train_config import DEFAULT_DATASET

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from mnistkit.data.base import Dataset
    from mnistkit.evaluation.results.errors import ErrorsResult
    from mnistkit.training.cross_validation import CrossValidated
    from mnistkit.training.setup import TrainingSetup
    from mnistkit.workflows.errors import Explained

DEFAULT_SPLIT = "train"
"""Of data that is no folder of the user's own, of which all images are examined."""
ARCHITECTURE = "lenet5"
"""Small and quick; it need not be the best model to see that a label is odd."""
FOLDS = 4
EPOCHS = 3
# Fewer leave a model for a handful of images untrained.
_LEAST_STEPS = 400


@dataclass(frozen=True)
class SuspectConfig(ErrorsConfig):
    """Which labels to examine; no checkpoint is needed.

    Attributes:
        split: "train" or "val"; of a folder also "test" or "all". Empty for what is examined by itself: all of a
            folder, :data:`DEFAULT_SPLIT` of other data.
        precision: Arithmetic of the trainings; their models judge in fp32.
        sort: The default order is that of the confident-learning paper's margin.
        seed: Seed of the division into folds and of the trainings.
        progress: Called with (done, total, "steps") during the trainings.
    """

    split: str = ""
    precision: str = "auto"
    sort: str = "margin"
    seed: int = 0
    progress: Callable[[int, int, str], None] = lambda done, total, unit: None


def find_suspects(config: SuspectConfig, announce: Callable[[str], None] = lambda line: None) -> ErrorsResult:
    """Rank the images whose label is most confidently disputed by models that have not seen them.

    All training images, validation images included, are divided into :data:`FOLDS` parts with the same shares
    of the classes; a model trained on the other parts judges each (:mod:`mnistkit.training.cross_validation`).
    So are all pictures of a user's folder, whatever their split: their labels have not been looked at by many, as
    those of published test sets have, and no figure is reported of them.

    Args:
        config: What to examine.
        announce: Called with one line where something takes time.

    Raises:
        UsageError: options that do not fit together or name nothing, a checkpoint, the test split.
        DataError: the dataset cannot be read, or a class has a single training image.
    """
    config = _with_split(config)
    check_suspect_config(config)
    # Where all are examined, no class needs images for three splits.
    load = replace(config.load, undivided=config.split == ALL)
    dataset = load_dataset(config.dataset or DEFAULT_DATASET, load)
    places = _places(dataset, config.split)
    if _is_own(config):
        dataset = replace(dataset, train=dataset.split(ALL))
    selection = select(config, dataset.classes)

    folds = _folds(dataset)
    setup = _setup(config, dataset, folds)
    announce(
        f"training {folds} x {ARCHITECTURE} for {setup.recipe.epochs} epochs, each on the images of "
        f"{folds - 1} of {folds} parts"
    )

    from mnistkit.evaluation.misclassifications import ModelPredictions, find_misclassifications
    from mnistkit.evaluation.results.errors import CrossValidation, ErrorsResult, ModelErrors
    from mnistkit.training.cross_validation import cross_validate

    found = cross_validate(setup, folds, config.progress)
    facts = CrossValidation(
        architecture=ARCHITECTURE,
        folds=folds,
        epochs=setup.recipe.epochs,
        seed=config.seed,
        images=len(dataset.train),
        seconds=found.seconds,
    )
    data = dataset.train.take(places)
    judged = ModelPredictions(found.logits[places], data.labels)
    note = label_note(dataset.name, config.split)
    sections = find_misclassifications([judged], data, selection, kind="suspect", note=note)
    if config.explain:
        sections = explain_sections(sections, _explainer(found, setup, places), announce)
    return ErrorsResult(
        dataset=dataset.name,
        split=config.split,
        n=len(data),
        classes=dataset.classes,
        device=setup.machine.title,
        precision=setup.machine.precision.name,
        models=(ModelErrors(facts.name, None, int(judged.wrong.sum())),),
        selection=selection,
        sections=sections,
        explained=explanation_method() if config.explain else None,
        cross_validation=facts,
    )


def check_suspect_config(config: SuspectConfig) -> None:
    """Raise if the options are wrong in themselves; opens no file and imports nothing heavy.

    Raises:
        UsageError: as :func:`mnistkit.workflows.errors.check_config`; a checkpoint; test images of data that is no
            folder of the user's own.
    """
    check_config(config)
    if config.checkpoints:
        raise UsageError(
            "--suspect trains models of its own and takes no checkpoint",
            hint="leave out the checkpoint, or --suspect",
        )
    if config.split in ("test", ALL) and not _is_own(config):
        raise UsageError(
            "--suspect examines the labels of the training images: --split train or val",
            hint="a checkpoint's errors on the test split: mnistkit errors, without --suspect",
        )


def _with_split(config: SuspectConfig) -> SuspectConfig:
    """Return the configuration with the split that is examined where none was asked for."""
    return config if config.split else replace(config, split=ALL if _is_own(config) else DEFAULT_SPLIT)


def _is_own(config: SuspectConfig) -> bool:
    return is_folder(config.dataset or DEFAULT_DATASET)


def _setup(config: SuspectConfig, dataset: Dataset, folds: int) -> TrainingSetup:
    """Return how each of the models is trained: long enough, however few images there are."""
    from mnistkit.data.batches import steps_per_epoch
    from mnistkit.device import set_up_machine
    from mnistkit.training.setup import TrainingSetup

    recipe = get_architecture(ARCHITECTURE).named_recipe("quick")
    steps = steps_per_epoch(len(dataset.train) * (folds - 1) // folds, recipe.batch_size)
    epochs = max(EPOCHS, -(-_LEAST_STEPS // steps))
    recipe = replace(recipe, epochs=epochs, seed=config.seed, selection="last")
    machine = set_up_machine(config.device, config.precision)
    return TrainingSetup(ARCHITECTURE, recipe, dataset, machine)


def _explainer(found: CrossValidated, setup: TrainingSetup, places: NDArray[np.int64]) -> Explained:
    """Return the function that explains the answers about the images at ``places`` among all training images.

    Each is explained by the model that judged it.
    """
    import numpy as np
    import torch

    def explained(model: int, chosen: list[int], predicted: list[int], labels: list[int]) -> NDArray[np.float32]:
        wanted = places[chosen]
        maps = np.zeros((len(wanted), *setup.dataset.train.images.shape[1:]), dtype=np.float32)
        for number, judge in enumerate(found.models):
            rows = np.flatnonzero(found.folds[wanted] == number)
            images = found.images.take(torch.from_numpy(wanted[rows])).images
            classes = ([predicted[row] for row in rows], [labels[row] for row in rows])
            maps[rows] = attribution_maps(
                judge, setup.normalisation, images, classes, setup.recipe.eval_batch_size
            )
        return maps

    return explained


def _places(dataset: Dataset, split: str) -> NDArray[np.int64]:
    """Return the places of the images of a split in the split of all, where test images are the last."""
    import numpy as np

    from mnistkit.data.splits import stratified_holdout

    train, validation = stratified_holdout(dataset.train.labels, dataset.validation_size)
    test = np.arange(len(dataset.train), len(dataset.train) + len(dataset.test))
    if split == ALL:
        return np.arange(len(dataset.train) + len(dataset.test))
    return {"train": train, "val": validation, "test": test}[split]


def _folds(dataset: Dataset) -> int:
    """Return into how many parts the training images can be divided so that each class is in all."""
    import numpy as np

    counts = np.bincount(dataset.train.labels, minlength=len(dataset.classes))
    present = counts[counts > 0]
    if present.min() < 2:
        name = dataset.classes[int((counts == 1).argmax())]
        raise DataError(
            f"class '{name}' of {dataset.name} has a single training image: nothing is left to learn it from",
            hint="add images of this class, or leave it out",
        )
    return min(FOLDS, int(present.min()))
