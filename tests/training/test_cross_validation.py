"""Every image is judged by the model that has not seen it."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from mnistkit.device import set_up_machine
from mnistkit.inference.logits import predict_logits
from mnistkit.recipe import Recipe
from mnistkit.training.cross_validation import cross_validate, fold_numbers
from mnistkit.training.setup import TrainingSetup
from tests.support.toys import toy_dataset


def test_folds_are_as_large_as_each_other_and_hold_every_class_alike() -> None:
    labels = np.repeat([0, 1, 2], [30, 60, 90])
    folds = fold_numbers(labels, 3, seed=4)
    assert np.bincount(folds).tolist() == [60, 60, 60]
    for number in range(3):
        assert np.bincount(labels[folds == number]).tolist() == [10, 20, 30]
    assert np.array_equal(folds, fold_numbers(labels, 3, seed=4))
    assert not np.array_equal(folds, fold_numbers(labels, 3, seed=5))


@pytest.mark.parametrize("seed", [0, 1])
def test_every_row_is_of_the_model_trained_without_it(seed: int) -> None:
    dataset = toy_dataset("toys", ("left", "middle", "right"))
    recipe = Recipe(epochs=2, batch_size=64, learning_rate=2e-3, seed=seed, selection="last")
    setup = TrainingSetup("lenet5", recipe, dataset, set_up_machine("cpu", "fp32"))
    calls: list[tuple[int, int, str]] = []
    found = cross_validate(setup, 3, lambda *call: calls.append(call))
    assert len(found.models) == 3
    for number, model in enumerate(found.models):
        (held_out,) = np.nonzero(found.folds == number)
        images = found.images.take(torch.from_numpy(held_out)).images
        logits = predict_logits(model, images, setup.normalisation, batch_size=recipe.eval_batch_size)
        assert torch.equal(found.logits[held_out], logits)
    first, second, _ = (list(model.parameters()) for model in found.models)
    assert not all(torch.equal(a, b) for a, b in zip(first, second, strict=True))
    # An epoch of 266 or 267 images has four steps of 64.
    assert [done for done, _, _ in calls] == sorted(done for done, _, _ in calls)
    assert calls[-1] == (24, 24, "steps")
