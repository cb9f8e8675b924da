"""Cross-validation: every training image is judged by a model that has not seen it.

That is the first step of confident learning: Northcutt, Jiang and Chuang (2021), "Confident learning: estimating
uncertainty in dataset labels", Journal of Artificial Intelligence Research 70, section 3.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from mnistkit.data.batches import DeviceImages, steps_per_epoch
from mnistkit.inference.logits import predict_logits
from mnistkit.recipe import Recipe
from mnistkit.training.events import StepReport, TrainingEvents
from mnistkit.training.loop import run_training
from mnistkit.training.objectives import choose_objective
from mnistkit.training.setup import TrainingSetup
from mnistkit.units import STEPS


@dataclass(frozen=True)
class CrossValidated:
    """What a cross-validation of n training images leaves.

    Attributes:
        images: The images on the training's device.
        folds: int64 array of shape (n,): the number of each image's fold, from 0.
        models: A model for each fold, in evaluation mode, trained on all other folds.
        logits: Float32 tensor of shape (n, classes) on the CPU: each row by the model of the image's fold.
        seconds: How long it took.
    """

    images: DeviceImages
    folds: NDArray[np.int64]
    models: tuple[nn.Module, ...]
    logits: Tensor
    seconds: float


def fold_numbers(labels: NDArray[np.int64], folds: int, seed: int) -> NDArray[np.int64]:
    """Divide images into equally large folds in which the classes have the same shares.

    Args:
        labels: int64 array of shape (n,).
        folds: Number of folds, at least two and at most as many as the rarest class has images.
        seed: Seed of the random division.

    Returns:
        int64 array of shape (n,): the fold of each image, from 0.
    """
    from sklearn.model_selection import StratifiedKFold

    numbers = np.zeros(len(labels), dtype=np.int64)
    divider = StratifiedKFold(folds, shuffle=True, random_state=seed)
    for number, (_, places) in enumerate(divider.split(labels, labels)):
        numbers[places] = number
    return numbers


def cross_validate(
    setup: TrainingSetup, folds: int, progress: Callable[[int, int, str], None] = lambda done, total, unit: None
) -> CrossValidated:
    """Train a model without each fold, and let it judge that fold.

    Args:
        setup: How each model is trained; all training images of its dataset are divided, by the recipe's seed.
        folds: As :func:`fold_numbers` takes it.
        progress: Called with steps done, steps in all and their unit.
    """
    labels = setup.dataset.train.labels
    numbers = fold_numbers(labels, folds, setup.recipe.seed)
    images = setup.on_device(setup.dataset.train)
    logits = torch.zeros(len(labels), len(setup.dataset.classes))
    models = []
    start = time.perf_counter()
    for number in range(folds):
        kept, held_out = (
            torch.from_numpy(np.flatnonzero(part)) for part in (numbers != number, numbers == number)
        )
        train = images.take(kept)
        models.append(_trained(setup, train, _Progress(setup.recipe, len(train), number, folds, progress)))
        logits[held_out] = predict_logits(
            models[-1],
            images.take(held_out).images,
            setup.normalisation,
            batch_size=setup.recipe.eval_batch_size,
        ).cpu()
    return CrossValidated(images, numbers, tuple(models), logits, time.perf_counter() - start)


def _trained(setup: TrainingSetup, train: DeviceImages, events: TrainingEvents) -> nn.Module:
    state = setup.fresh_state()
    run_training(setup.job(choose_objective(setup.recipe), train, events=events), state)
    return state.evaluated_model.eval()


class _Progress(TrainingEvents):
    """Tells how many steps of all trainings are done, during that without the fold ``number``."""

    def __init__(
        self, recipe: Recipe, n: int, number: int, folds: int, progress: Callable[[int, int, str], None]
    ) -> None:
        self._per_epoch = steps_per_epoch(n, recipe.batch_size)
        steps = self._per_epoch * recipe.epochs
        self._before, self._total, self._progress = number * steps, folds * steps, progress

    def step_done(self, report: StepReport) -> None:
        """Count the steps of earlier trainings and epochs as well."""
        done = self._before + (report.epoch - 1) * self._per_epoch + report.step
        self._progress(done, self._total, STEPS)
