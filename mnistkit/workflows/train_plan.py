"""What ``mnistkit train --dry-run`` does: find out what a training would be, and write nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from mnistkit.data import get_dataset_info, is_folder
from mnistkit.data.assemble import validation_size
from mnistkit.preparation import Preparation
from mnistkit.recipe import Recipe
from mnistkit.training.events import TrainingEvents
from mnistkit.workflows.train_config import TrainConfig
from mnistkit.workflows.train_request import TrainRequest

if TYPE_CHECKING:
    from mnistkit.workflows.train_request import ObjectiveChoice

FolderState = Literal["new", "unfinished", "finished", "in use"]


@dataclass(frozen=True)
class TrainPlan:
    """What a training would be.

    Attributes:
        architecture: Name in the model registry.
        dataset: As it was asked for.
        recipe_name: Which of the architecture's recipes.
        images: How many images there are for training ("train"), validation ("val") and test ("test").
        preparation: How pictures become what the model is given.
        preparation_reason: Why; empty where there is nothing to choose.
        init: The trained weights that it would start from; empty for new ones.
        fitted: How the recipe was fitted to few images; empty if it was not.
        steps: Training steps in all.
        recipe: The resolved recipe.
        folder: The run folder.
        state: Whether that is new, or holds a run, or another process trains there.
        outcome: What the command would do with the folder, for people.
    """

    schema: ClassVar = "mnistkit/train-plan/1"

    architecture: str
    dataset: str
    recipe_name: str
    images: Mapping[str, int]
    preparation: Preparation
    preparation_reason: str
    init: str
    fitted: str
    steps: int
    recipe: Recipe
    folder: str
    state: FolderState
    outcome: str

    def to_json(self) -> dict[str, Any]:
        """Return plain values, the recipe with its tables."""
        plain = {name: getattr(self, name) for name in self.__dataclass_fields__}
        preparation = {"kind": self.preparation.kind, "inverted": self.preparation.inverted}
        return {**plain, "preparation": preparation, "recipe": self.recipe.to_dict()}


def plan_training(config: TrainConfig, objective: ObjectiveChoice | None = None) -> TrainPlan:
    """Return what :func:`mnistkit.workflows.train.train` would do with the same arguments.

    The pictures of a folder are read; of a registered dataset everything is known, and nothing is downloaded.

    Raises:
        UsageError: as the training would.
        CheckpointError: as the training would.
        OutputError: the run folder holds something else than a run, or a run of something else.
        DataError: the folder of pictures cannot be read.
    """
    request = TrainRequest.resolve(config, objective)
    state, outcome = _folder(request)
    if request.goes_on:
        request = request.as_begun()
    elif request.is_done and request.folder.recipe.exists():
        request.check_recorded()
    from mnistkit.data.batches import steps_per_epoch
    from mnistkit.workflows.training_run import TrainingRun, split_sizes

    run = TrainingRun.of(request, TrainingEvents(), lambda: False)
    if is_folder(config.dataset):
        run, dataset = run.with_data()
        sizes, preparation, reason = run.sizes(dataset), dataset.preparation, dataset.preparation_reason
    else:
        info = get_dataset_info(config.dataset)
        held_out = validation_size(info.train_size, len(info.classes))
        sizes = split_sizes(info.train_size, info.test_size, held_out, full=config.full)
        run, preparation, reason = run.fitted_to(sizes["train"]), info.preparation, ""
    recipe = run.recipe
    return TrainPlan(
        architecture=config.architecture,
        dataset=config.dataset,
        recipe_name=config.recipe_name,
        images=sizes,
        preparation=preparation,
        preparation_reason=reason,
        init=run.trained.found.name if run.trained else "",
        fitted=run.fitted,
        steps=recipe.epochs * steps_per_epoch(sizes["train"] * recipe.repeats, recipe.batch_size),
        recipe=recipe,
        folder=str(run.folder.path),
        state=state,
        outcome=outcome,
    )


def _folder(request: TrainRequest) -> tuple[FolderState, str]:
    """Return the state of the run folder, and what the command would do."""
    folder, config = request.folder, request.config
    holder, status = folder.holder(), folder.status()
    if holder is not None:
        return "in use", f"in use by {holder}: nothing would be trained"
    if status == "new":
        return status, "new"
    if config.overwrite:
        return status, f"holds {'a finished' if status == 'finished' else 'an unfinished'} run, which would go"
    if status == "finished":
        return status, "holds this run, finished; --overwrite would train it again"
    if config.resume:
        return status, "holds an unfinished run, which would go on"
    return status, "holds an unfinished run; --resume would go on with it, --overwrite start again"
