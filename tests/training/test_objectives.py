"""What training minimises, and what an objective brings along."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from mnistkit.data import load_dataset
from mnistkit.data.base import DIGITS, Dataset
from mnistkit.device import set_up_machine
from mnistkit.exceptions import RecipeError
from mnistkit.recipe import Augmentation, Recipe
from mnistkit.training.loop import run_training
from mnistkit.training.objectives import CrossEntropy, Objective, OutlierExposure, choose_objective
from mnistkit.training.objectives.outlier_exposure import OUTLIER
from mnistkit.training.setup import TrainingSetup
from mnistkit.training.state import TrainingState
from tests.support.teacher import Taught

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def digits() -> Dataset:
    """200 training images of MNIST."""
    mnist = load_dataset("mnist")
    few = mnist.train.take(np.arange(200))
    return replace(mnist, train=few, test=few, validation_size=40)


def loss_of(objective: Objective, logits: torch.Tensor, labels: torch.Tensor) -> float:
    """Return the loss of a model that answers every input with the input itself."""
    loss, answered = objective(nn.Identity(), logits, labels)
    assert torch.equal(answered, logits)
    return loss.item()


def test_label_smoothing_raises_the_lowest_reachable_loss() -> None:
    certain, label = torch.tensor([[20.0, 0.0, 0.0]]), torch.tensor([0])
    assert loss_of(CrossEntropy(Recipe()), certain, label) < 1e-6
    assert loss_of(CrossEntropy(Recipe(label_smoothing=0.3)), certain, label) > 1.0


def test_the_lowest_loss_is_certain_of_digits_and_doubts_outliers() -> None:
    objective = OutlierExposure(Recipe(outliers=0.1))
    logits = torch.stack([50 * torch.eye(10)[3], torch.full((10,), 7.0)])
    labels = torch.tensor([3, OUTLIER])
    assert loss_of(objective, logits, labels) == pytest.approx(0, abs=1e-6)
    assert loss_of(objective, logits.flip(0), labels) > 2


def test_a_recipe_chooses_by_its_outliers_and_names_no_folder() -> None:
    plain, exposed = choose_objective(Recipe()), choose_objective(Recipe(outliers=0.1))
    assert plain.describe() == {"name": "cross-entropy"}
    assert exposed.describe() == {"name": "outlier exposure", "outliers": 3000, "weight": 0.5}
    assert plain.folder_suffix == exposed.folder_suffix == ""


def test_outliers_come_first_and_follow_from_seed_and_step(digits: Dataset) -> None:
    drawn = torch.arange(50, dtype=torch.uint8).reshape(50, 1, 1, 1).expand(50, 1, 28, 28)
    pixels, labels = torch.full((20, 1, 28, 28), 255, dtype=torch.uint8), torch.arange(20) % 10

    def shown(seed: int, step: int) -> list[int]:
        objective = OutlierExposure(Recipe(outliers=0.25, seed=seed), drawn)
        images, classes = objective.extend_batch(pixels, labels, step)
        assert classes.tolist() == [OUTLIER] * 5 + labels.tolist()
        assert torch.equal(images[5:], pixels)
        return images[:5, 0, 0, 0].tolist()

    assert shown(1, 7) == shown(1, 7)
    assert shown(1, 7) != shown(1, 8) != shown(2, 8)


def test_even_the_smallest_batch_is_shown_an_outlier() -> None:
    objective = OutlierExposure(Recipe(outliers=0.01), torch.zeros(3, 1, 28, 28, dtype=torch.uint8))
    images, _ = objective.extend_batch(torch.ones(2, 1, 28, 28, dtype=torch.uint8), torch.zeros(2).long(), 0)
    assert len(images) == 3


def test_outliers_are_for_digits_only(digits: Dataset) -> None:
    letters = replace(digits, name="letters", classes=(*DIGITS[:9], "x"))
    with pytest.raises(RecipeError, match="for digits only; letters has other classes"):
        OutlierExposure(Recipe(outliers=0.1)).set_up(letters, CPU)


def setup_for(digits: Dataset, recipe: Recipe) -> TrainingSetup:
    return TrainingSetup("lenet5", recipe, digits, set_up_machine("cpu", "fp32"))


def trained(setup: TrainingSetup, objective: Objective, state: TrainingState | None = None) -> TrainingState:
    state = state or setup.fresh_state()
    assert run_training(setup.job(objective, setup.on_device(setup.dataset.train)), state)
    return state


@pytest.fixture(scope="module")
def teacher(digits: Dataset) -> nn.Module:
    recipe = Recipe(epochs=15, batch_size=32, learning_rate=5e-3)
    return trained(setup_for(digits, recipe), CrossEntropy(recipe)).model


LESSONS = Recipe(epochs=15, batch_size=32, learning_rate=5e-3, seed=5, augmentation=Augmentation(rotation=10))


def test_a_teacher_fits_into_the_loop_as_it_is(digits: Dataset, teacher: nn.Module) -> None:
    """The labels are all wrong, so what the student knows it has from the teacher's answers to its own inputs."""
    before = [weight.clone() for weight in teacher.parameters()]
    unlabelled = replace(digits, train=replace(digits.train, labels=np.zeros_like(digits.train.labels)))
    student = trained(setup_for(unlabelled, LESSONS), Taught(teacher, "lenet5")).model.eval()
    images = setup_for(digits, LESSONS).normalisation(torch.from_numpy(digits.train.images).unsqueeze(1))
    with torch.no_grad():
        agree = (student(images).argmax(dim=1) == teacher(images).argmax(dim=1)).float().mean().item()
    assert agree > 0.85
    assert all(torch.equal(old, new) for old, new in zip(before, teacher.parameters(), strict=True))
    assert student.state_dict().keys() == teacher.state_dict().keys()


def test_a_taught_run_that_was_stopped_goes_on_as_if_it_was_not(
    digits: Dataset, teacher: nn.Module, tmp_path: Path
) -> None:
    recipe = replace(LESSONS, epochs=3)
    setup, objective = setup_for(digits, recipe), Taught(teacher, "lenet5")
    whole, half = trained(setup, objective), setup.fresh_state()
    train = setup.on_device(digits.train)
    assert not run_training(setup.job(objective, train, should_stop=lambda: half.step >= 8), half)
    half.save(tmp_path / "state.safetensors")
    resumed = setup.fresh_state()
    resumed.restore(tmp_path / "state.safetensors")
    trained(setup, objective, resumed)
    for name, value in whole.model.state_dict().items():
        assert torch.equal(value, resumed.model.state_dict()[name]), name
