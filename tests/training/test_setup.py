"""Job and state of a training, which fit each other."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from mnistkit.data.base import Dataset
from mnistkit.data.batches import Normalisation
from mnistkit.device import Machine, Precision
from mnistkit.recipe import Recipe
from mnistkit.training.objectives import CrossEntropy
from mnistkit.training.setup import TrainingSetup
from tests.support.toys import toy_dataset

CPU = Machine(torch.device("cpu"), Precision("fp32", "a test"))
RECIPE = Recipe(epochs=1, batch_size=50, seed=3)


class Noting(CrossEntropy):
    """Notes what it is set up for."""

    def __init__(self) -> None:
        super().__init__(RECIPE)
        self.set_up_for: list[tuple[Dataset, torch.device]] = []

    def set_up(self, dataset: Dataset, device: torch.device) -> None:
        self.set_up_for.append((dataset, device))


@pytest.fixture
def dataset() -> Dataset:
    return toy_dataset("toys", ("left", "middle", "right"))


def test_a_job_has_what_recipe_dataset_and_machine_say(dataset: Dataset) -> None:
    setup, objective = TrainingSetup("lenet5", RECIPE, dataset, CPU), Noting()
    train, val = (setup.on_device(dataset.split(name)) for name in ("train", "val"))
    job = setup.job(objective, train, val)
    assert objective.set_up_for == [(dataset, CPU.device)]
    assert (job.recipe, job.precision, job.normalisation) == (RECIPE, CPU.precision, Normalisation(0.3, 0.25))
    assert (len(job.train), job.val and len(job.val), job.steps_per_epoch) == (360, 40, 7)
    assert job.train.images.shape == (360, 1, 28, 28)


def test_the_seed_decides_the_first_weights_whatever_was_drawn_before(dataset: Dataset) -> None:
    def first_weights(seed: int) -> list[torch.Tensor]:
        state = TrainingSetup("lenet5", replace(RECIPE, seed=seed), dataset, CPU).fresh_state()
        assert (state.step, state.history) == (0, [])
        return [*state.model.state_dict().values()]

    one = first_weights(3)
    torch.rand(7)
    again, other = first_weights(3), first_weights(4)
    assert all(torch.equal(a, b) for a, b in zip(one, again, strict=True))
    assert not all(torch.equal(a, b) for a, b in zip(one, other, strict=True))


def test_the_model_has_an_output_for_each_class(dataset: Dataset) -> None:
    model = TrainingSetup("lenet5", RECIPE, dataset, CPU).fresh_state().model
    assert model(torch.zeros(2, 1, 28, 28)).shape == (2, 3)
