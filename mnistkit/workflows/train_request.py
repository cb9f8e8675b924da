"""What a training is asked to be, resolved before any data is read: recipe, run folder, weights to start from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from mnistkit.data import is_folder
from mnistkit.data.base import SplitShares
from mnistkit.exceptions import OutputError, RecipeError, UsageError
from mnistkit.models import check_model_name, get_architecture
from mnistkit.preparation import AUTO
from mnistkit.recipe import DEFAULT_RECIPE, Recipe, flatten
from mnistkit.recipe_sources import apply_changes
from mnistkit.runs import RunFolder, default_run_path
from mnistkit.workflows import run_files
from mnistkit.workflows.train_config import PREPARATION, RECIPE, SHARES, TrainConfig, run_facts
from mnistkit.workflows.trained_weights import TrainedWeights, recorded_init

if TYPE_CHECKING:
    from mnistkit.training.objectives.base import Objective

    # From the resolved recipe to what is minimised.
    ObjectiveChoice = Callable[[Recipe], Objective]


def resolve_recipe(config: TrainConfig) -> Recipe:
    """Return the recipe that ``config`` asks for.

    Raises:
        UnknownNameError: no such architecture, or no recipe of it that is called so.
        RecipeError: an unknown key, an unfitting value, or early stopping without validation images.
    """
    base = get_architecture(check_model_name(config.architecture)).named_recipe(config.recipe_name)
    recipe = apply_changes(base, config.changes)
    if not config.full:
        return recipe
    if recipe.patience:
        raise RecipeError(
            "--full leaves no validation images to stop early by",
            hint="set patience=0, or train without --full",
        )
    return replace(recipe, selection="last")


@dataclass(frozen=True)
class TrainRequest:
    """A training that is asked for.

    Attributes:
        config: What to train.
        recipe: The resolved recipe.
        choose: Makes the objective from a recipe.
        folder: The run folder.
        trained: The weights to start from; None for new ones.
    """

    config: TrainConfig
    recipe: Recipe
    choose: ObjectiveChoice
    folder: RunFolder
    trained: TrainedWeights | None

    @classmethod
    def resolve(cls, config: TrainConfig, objective: ObjectiveChoice | None = None) -> TrainRequest:
        """Return what ``config`` asks for.

        Args:
            config: What to train.
            objective: Makes what is minimised from the resolved recipe; None for what the recipe itself chooses.

        Raises:
            UsageError: an unknown name or recipe key, or settings that contradict each other.
            CheckpointError: the weights to start from cannot be used.
            OutputError: the run folder holds something else than a run.
        """
        if config.resume and config.overwrite:
            raise UsageError(
                "--resume and --overwrite cannot go together",
                hint="--resume goes on with a run, --overwrite starts it again",
            )
        if config.load.shares and not is_folder(config.dataset):
            raise UsageError(
                f"the splits of {config.dataset} are fixed, so that figures can be compared",
                hint="leave out --split-shares, which are for folders",
            )
        recipe = resolve_recipe(config)
        trained = None if config.init is None else TrainedWeights.find(config.init, config.architecture)
        # Not before: a mistaken name is answered without torch.
        from mnistkit.training.objectives import choose_objective

        choose = objective or choose_objective
        suffix = f"-{config.recipe_name}" if config.recipe_name != DEFAULT_RECIPE else ""
        suffix += choose(recipe).folder_suffix + (f"-init-{trained.found.name}" if trained else "")
        default = default_run_path(
            config.architecture, config.dataset, recipe.seed, suffix=suffix, full=config.full
        )
        folder = RunFolder(config.out or default)
        folder.check_ours()
        return cls(config, recipe, choose, folder, trained)

    @property
    def goes_on(self) -> bool:
        """Whether an unfinished run is to be gone on with."""
        return self.config.resume and self.folder.status() == "unfinished"

    @property
    def is_done(self) -> bool:
        """Whether a finished run is there, and is to stay."""
        return self.folder.status() == "finished" and not self.config.overwrite

    def as_begun(self) -> TrainRequest:
        """Return what is really to be trained: of a run to go on with, what it records counts.

        Raises:
            OutputError: an unfinished run or what is left of one is in the way, or the one to resume trains
                something else.
            RecipeError: the run to resume was started with other settings.
        """
        if self.config.overwrite:
            return self
        if self.folder.status() == "new":
            self.folder.check_nothing_is_lost()
            return self
        if not self.config.resume:
            raise OutputError(
                f"{self.folder.path} holds an unfinished run",
                hint="--resume goes on with it, --overwrite starts again",
            )
        recipe = self.check_recorded()
        facts = run_files.read_facts(self.folder.recipe)
        config, trained = self.config, self.trained
        if SHARES in facts:
            shares = SplitShares.parse(str(facts[SHARES]))
            config = replace(config, load=replace(config.load, shares=shares))
        init = recorded_init(facts, self.folder.recipe)
        # With a state the weights are there, trained on; the checkpoint that they once came from may be gone.
        if init and trained is None and not self.folder.state.exists():
            trained = TrainedWeights.find(init["checkpoint"], config.architecture)
        return replace(self, config=config, recipe=recipe, trained=trained)

    def check_recorded(self) -> Recipe:
        """Return the recipe of the run in the folder, if it is the run that is asked for.

        Only what the user set counts: a default that has changed since does not make it another run.

        Raises:
            OutputError: the run trained something else.
            RecipeError: a setting given now differs from the run's.
        """
        from mnistkit.training.objectives import choose_objective

        stored, facts = run_files.read_recipe(self.folder)
        # Before there was more than one objective to choose, a run trained with what its recipe says.
        facts.setdefault("objective", choose_objective(stored).describe())
        config, place = self.config, self.folder.path
        found, hint = flatten(facts), "choose another folder with --out, or --overwrite it"
        if self.trained or not config.resume:
            init, new = recorded_init(facts, self.folder.recipe) or {}, "new weights"
            if init.get("sha256") != (self.trained.describe()["sha256"] if self.trained else None):
                started, wanted = init.get("name", new), self.trained.found.name if self.trained else new
                raise OutputError(f"{place} holds a run that started from {started}, not {wanted}", hint=hint)
        objective = self.choose(stored)
        whereabouts = {f"objective.{name}" for name in objective.whereabouts}
        asked_for = {RECIPE: config.recipe_name, **flatten(run_facts(config, objective))}
        found.setdefault(RECIPE, DEFAULT_RECIPE)
        for name, value in asked_for.items():
            if found.get(name) != value and name not in whereabouts:
                raise OutputError(f"{place} holds a run with {name} {found.get(name)}, not {value}", hint=hint)
        kind = getattr(config.load.preparation, "kind", config.load.preparation)
        if kind != AUTO and found.get(f"{PREPARATION}.kind", kind) != kind:
            other = found[f"{PREPARATION}.kind"]
            raise OutputError(f"{place} holds a run with {PREPARATION} {other}, not {kind}", hint=hint)
        settings = flatten(apply_changes(stored, config.changes).to_dict())
        for key, value in flatten(stored.to_dict()).items():
            if settings[key] != value:
                raise RecipeError(f"{place} was started with {key}={value}, not {settings[key]}", hint=hint)
        return stored
