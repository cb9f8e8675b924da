"""Finding labels that are probably wrong: those that models which have not seen the image dispute."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from mnistkit.data import load_dataset
from mnistkit.exceptions import DataError, UsageError
from mnistkit.models import get_architecture
from mnistkit.training.events import StepReport, TrainingEvents
from mnistkit.workflows.errors import (
    ErrorsConfig,
    check_config,
    explain_sections,
    explanation_method,
    heat_maps,
    label_note,
    select,
    take,
)
from mnistkit.workflows.train_config import DEFAULT_DATASET

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from torch import Tensor, nn

    from mnistkit.data.base import Dataset
    from mnistkit.data.batches import DeviceImages, Normaliser
    from mnistkit.device import Precision
    from mnistkit.evaluation.errors import CrossValidation, ErrorsResult
    from mnistkit.recipe import Recipe

DEFAULT_SPLIT = "train"
ARCHITECTURE = "lenet5"
"""Small and quick; it need not be the best model to see that a label is odd."""
FOLDS = 4
EPOCHS = 3
# Fewer leave a model for a handful of images untrained.
_LEAST_STEPS = 400
_STEPS_UNIT = "steps"


@dataclass(frozen=True)
class SuspectConfig(ErrorsConfig):
    """Which labels to examine; no checkpoint is needed.

    Attributes:
        split: "train" or "val".
        precision: Arithmetic of the trainings; their models judge in fp32.
        sort: The default order is that of the confident-learning paper's margin.
        seed: Seed of the division into folds and of the trainings.
        progress: Called with (done, total, "steps") during the trainings.
    """

    split: str = DEFAULT_SPLIT
    precision: str = "auto"
    sort: str = "margin"
    seed: int = 0
    progress: Callable[[int, int, str], None] = lambda done, total, unit: None


def find_suspects(config: SuspectConfig, announce: Callable[[str], None] = lambda line: None) -> ErrorsResult:
    """Rank the images whose label is most confidently disputed by models that have not seen them.

    All training images, validation images included, are divided into :data:`FOLDS` parts with the same shares
    of the classes; a model trained on the other parts judges each (:mod:`mnistkit.evaluation.suspect`).

    Args:
        config: What to examine.
        announce: Called with one line where something takes time.

    Raises:
        UsageError: options that do not fit together or name nothing, a checkpoint, the test split.
        DataError: the dataset cannot be read, or a class has a single training image.
    """
    check_suspect_config(config)
    dataset = load_dataset(config.dataset or DEFAULT_DATASET, config.load)
    selection = select(config, dataset.classes)

    from mnistkit.evaluation.errors import ErrorsResult, JudgedModel
    from mnistkit.evaluation.misclassified import Judged, find_mistakes

    validation = _CrossValidation.prepare(config, dataset)
    validation.run(announce)
    places = validation.places_of(config.split)
    data = dataset.train.take(places)
    judged = Judged(validation.logits[places], data.labels)
    note = label_note(dataset.name, config.split)
    sections = find_mistakes([judged], data, selection, kind="suspect", note=note)
    if config.explain:

        def explained(
            model: int, chosen: list[int], predicted: list[int], labels: list[int]
        ) -> NDArray[np.float32]:
            return validation.explain(places[chosen].tolist(), predicted, labels)

        sections = explain_sections(sections, explained, announce)
    facts = validation.facts()
    return ErrorsResult(
        dataset=dataset.name,
        split=config.split,
        n=len(data),
        classes=dataset.classes,
        device=validation.device_title,
        precision=validation.precision.name,
        models=(JudgedModel(facts.name, None, int(judged.wrong.sum())),),
        selection=selection,
        sections=sections,
        explained=explanation_method() if config.explain else None,
        cross_validation=facts,
    )


def check_suspect_config(config: SuspectConfig) -> None:
    """Raise if the options are wrong in themselves; opens no file and imports nothing heavy.

    Raises:
        UsageError: as :func:`mnistkit.workflows.errors.check_config`; a checkpoint; the test split.
    """
    check_config(config)
    if config.checkpoints:
        raise UsageError(
            "--suspect trains models of its own and takes no checkpoint",
            hint="leave out the checkpoint, or --suspect",
        )
    if config.split == "test":
        raise UsageError(
            "--suspect examines the labels of the training images: --split train or val",
            hint="a checkpoint's mistakes on the test split: mnistkit errors, without --suspect",
        )


@dataclass
class _CrossValidation:
    """The trainings of a cross-validation, and the logits they give for all training images.

    Attributes:
        dataset: Its training images are divided.
        recipe: That of each training.
        folds: Number of parts.
        numbers: int64 array of shape (n,): the part of each image.
        images: All training images on the device.
        normaliser: Turns pixels into the models' input.
        precision: Arithmetic of the trainings.
        progress: Called with steps done, steps in all and their unit.
        models: The trained models, by part.
        logits: Float tensor of shape (n, classes) on the CPU, each row by a model that has not seen the image.
        seconds: How long the trainings took.
    """

    dataset: Dataset
    recipe: Recipe
    folds: int
    numbers: NDArray[np.int64]
    images: DeviceImages
    normaliser: Normaliser
    precision: Precision
    progress: Callable[[int, int, str], None]
    models: list[nn.Module]
    logits: Tensor
    seconds: float = 0.0

    @classmethod
    def prepare(cls, config: SuspectConfig, dataset: Dataset) -> _CrossValidation:
        """Divide the images and put them on the device.

        Raises:
            DataError: a class has a single image, so that none is left to learn it from.
        """
        import torch

        from mnistkit.data.batches import DeviceImages, Normaliser, steps_per_epoch
        from mnistkit.device import choose_precision, prepare, select_device
        from mnistkit.evaluation.suspect import fold_numbers

        device = select_device(config.device)
        precision = choose_precision(device, config.precision)
        prepare(device)
        labels = dataset.train.labels
        folds = _folds(dataset)
        recipe = get_architecture(ARCHITECTURE).recipe
        steps = steps_per_epoch(len(labels) * (folds - 1) // folds, recipe.batch_size)
        epochs = max(EPOCHS, -(-_LEAST_STEPS // steps))
        return cls(
            dataset=dataset,
            recipe=replace(recipe, epochs=epochs, seed=config.seed, selection="last"),
            folds=folds,
            numbers=fold_numbers(labels, folds, config.seed),
            images=DeviceImages.of(dataset.train, device),
            normaliser=Normaliser(dataset.mean, dataset.std),
            precision=precision,
            progress=config.progress,
            models=[],
            logits=torch.zeros(len(labels), len(dataset.classes)),
        )

    def run(self, announce: Callable[[str], None]) -> None:
        """Train a model without each part, and let it judge that part."""
        from mnistkit.inference.logits import predict_logits

        announce(
            f"training {self.folds} x {ARCHITECTURE} for {self.recipe.epochs} epochs, each on the images of "
            f"{self.folds - 1} of {self.folds} parts"
        )
        start = time.perf_counter()
        for number in range(self.folds):
            self.models.append(self._train_without(number))
            (held_out,) = (self.numbers == number).nonzero()
            images = take(self.images.images, held_out.tolist())
            self.logits[held_out] = predict_logits(
                self.models[number],
                images,
                self.normaliser,
                batch_size=self.recipe.eval_batch_size,
            ).cpu()
        self.seconds = time.perf_counter() - start

    def explain(self, places: list[int], predicted: list[int], labels: list[int]) -> NDArray[np.float32]:
        """Return the heat maps of the training images at ``places``, each of the model that judged it."""
        import numpy as np

        maps = np.zeros((len(places), *self.dataset.train.images.shape[1:]), dtype=np.float32)
        parts = self.numbers[places]
        for number, model in enumerate(self.models):
            rows = np.flatnonzero(parts == number).tolist()
            classes = ([predicted[row] for row in rows], [labels[row] for row in rows])
            images = take(self.images.images, [places[row] for row in rows])
            maps[rows] = heat_maps(model, self.normaliser, images, classes, self.recipe.eval_batch_size)
        return maps

    def places_of(self, split: str) -> NDArray[np.int64]:
        """Return the places, among all training images, of those in the split "train" or "val"."""
        from mnistkit.data.splits import stratified_holdout

        train, validation = stratified_holdout(self.dataset.train.labels, self.dataset.validation_size)
        return train if split == "train" else validation

    def facts(self) -> CrossValidation:
        """Return how the labels were judged."""
        from mnistkit.evaluation.errors import CrossValidation

        return CrossValidation(
            architecture=ARCHITECTURE,
            folds=self.folds,
            epochs=self.recipe.epochs,
            seed=self.recipe.seed,
            images=len(self.numbers),
            seconds=self.seconds,
        )

    @property
    def device_title(self) -> str:
        """The device, with its product name."""
        from mnistkit.device import device_title

        return device_title(self.images.labels.device)

    def _train_without(self, number: int) -> nn.Module:
        import torch

        from mnistkit.data.batches import DeviceImages
        from mnistkit.device import seed_everything
        from mnistkit.models import build_model
        from mnistkit.training.loop import TrainingJob, run_training
        from mnistkit.training.objectives import cross_entropy
        from mnistkit.training.state import TrainingState

        kept = torch.from_numpy((self.numbers != number).nonzero()[0]).to(self.images.labels.device)
        seed_everything(self.recipe.seed)
        model = build_model(ARCHITECTURE, num_classes=len(self.dataset.classes)).to(kept.device)
        state = TrainingState.fresh(model, self.recipe, scale_loss=self.precision.name == "fp16")
        job = TrainingJob(
            recipe=self.recipe,
            train=DeviceImages(self.images.images[kept], self.images.labels[kept]),
            val=None,
            normaliser=self.normaliser,
            objective=cross_entropy(self.recipe),
            precision=self.precision,
        )
        steps = job.steps_per_epoch * self.recipe.epochs
        events = _Steps(job.steps_per_epoch, number * steps, self.folds * steps, self.progress)
        run_training(replace(job, events=events), state)
        return state.evaluated_model.eval()


class _Steps(TrainingEvents):
    """Tells how many steps of all trainings are done."""

    def __init__(self, per_epoch: int, before: int, total: int, progress: Callable[[int, int, str], None]) -> None:
        self._per_epoch, self._before, self._total, self._progress = per_epoch, before, total, progress

    def step_done(self, report: StepReport) -> None:
        """Count the steps of earlier trainings and epochs as well."""
        done = self._before + (report.epoch - 1) * self._per_epoch + report.step
        self._progress(done, self._total, _STEPS_UNIT)


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
