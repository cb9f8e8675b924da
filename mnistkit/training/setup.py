"""The one place where a training is put together: device, precision, data, objective, model and state."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from torch import Tensor

from mnistkit.data.base import Dataset, LabelledImages
from mnistkit.data.batches import DeviceImages, Normalisation
from mnistkit.device import Machine, seed_everything
from mnistkit.models import build_model
from mnistkit.recipe import Recipe
from mnistkit.training.events import TrainingEvents
from mnistkit.training.loop import TrainingJob
from mnistkit.training.objectives.base import Objective
from mnistkit.training.state import TrainingState


@dataclass(frozen=True)
class TrainingSetup:
    """What makes a job and a state that fit each other.

    Attributes:
        architecture: Name in the model registry.
        recipe: Every number of the training.
        dataset: Gives the classes and the normalisation.
        machine: Where it runs.
        weights: Trained weights to start from, by name; what is missing starts anew.
    """

    architecture: str
    recipe: Recipe
    dataset: Dataset
    machine: Machine
    weights: Mapping[str, Tensor] = field(default_factory=dict)

    @property
    def normalisation(self) -> Normalisation:
        """What turns the dataset's pixels into the model's inputs."""
        return Normalisation(self.dataset.mean, self.dataset.std)

    def on_device(self, data: LabelledImages) -> DeviceImages:
        """Return a split on the training's device."""
        return DeviceImages.of(data, self.machine.device)

    def job(
        self,
        objective: Objective,
        train: DeviceImages,
        val: DeviceImages | None = None,
        *,
        events: TrainingEvents | None = None,
        epoch_done: Callable[[TrainingState, bool], None] = lambda state, is_best: None,
        should_stop: Callable[[], bool] = lambda: False,
    ) -> TrainingJob:
        """Set the objective up and return the job of minimising it; see :class:`TrainingJob` for the arguments.

        The objective may choose among the images; the training images are shown as often as the recipe says.

        Raises:
            MnistkitError: the objective cannot be used on this dataset.
        """
        objective.set_up(self.dataset, self.machine.device)
        return TrainingJob(
            recipe=self.recipe,
            train=objective.chosen(train, "train").repeated(self.recipe.repeats),
            val=None if val is None else objective.chosen(val, "val"),
            normalisation=self.normalisation,
            objective=objective,
            precision=self.machine.precision,
            events=events or TrainingEvents(),
            epoch_done=epoch_done,
            should_stop=should_stop,
        )

    def fresh_state(self) -> TrainingState:
        """Seed every generator and return the state before the first step: of new weights, or the trained ones."""
        seed_everything(self.recipe.seed)
        model = build_model(self.architecture, num_classes=len(self.dataset.classes)).to(self.machine.device)
        model.load_state_dict(self.weights, strict=False)
        return TrainingState.fresh(model, self.recipe, scale_loss=self.machine.precision.name == "fp16")
