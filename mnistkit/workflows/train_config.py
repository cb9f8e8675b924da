"""What ``mnistkit train`` is asked to do, and by what the run that does it is known again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mnistkit.data.base import LoadOptions
from mnistkit.recipe import DEFAULT_RECIPE

if TYPE_CHECKING:
    from mnistkit.training.objectives.base import Objective

DEFAULT_ARCHITECTURE = "convnext"
DEFAULT_DATASET = "mnist"
PREPARATION = "preparation"
"""What a run's facts call the preparation of its pictures, which is known once they were looked at."""

RECIPE = "recipe"
"""What a run's facts call the recipe of the architecture that was chosen, where it is not the default."""

SHARES = "shares"
"""What a run's facts call the shares of the splits, where they are not the usual ones."""


@dataclass(frozen=True)
class TrainConfig:
    """What to train.

    Attributes:
        architecture: Name in the model registry.
        dataset: A registered name or a folder.
        changes: Changes to the recipe, as
            :func:`mnistkit.recipe_sources.recipe_changes` collects them.
        device: As ``--device`` takes it.
        out: The run folder; None for ``runs/<architecture>-<dataset>-seed<seed>``.
        resume: Go on with an unfinished run.
        overwrite: Remove an earlier run from the folder first.
        full: Train on all training images, validation images included, and choose nothing.
        load: How to read the data.
        init: The checkpoint whose weights the training starts from, as
            :func:`mnistkit.locate.locate_checkpoint` takes it; None for new weights.
        command: The command line to write into ``metrics.json``, for whoever wants to do it again.
        recipe_name: Which of the architecture's recipes.
    """

    architecture: str = DEFAULT_ARCHITECTURE
    dataset: str = DEFAULT_DATASET
    changes: tuple[tuple[str, Mapping[str, Any]], ...] = ()
    device: str = "auto"
    out: Path | None = None
    resume: bool = False
    overwrite: bool = False
    full: bool = False
    load: LoadOptions = field(default_factory=LoadOptions)
    command: str = ""
    init: str | None = None
    recipe_name: str = DEFAULT_RECIPE


def given_keys(config: TrainConfig) -> set[str]:
    """Return the recipe keys that the user has set, wherever."""
    return {key for _, values in config.changes for key in values}


def run_facts(config: TrainConfig, objective: Objective) -> dict[str, Any]:
    """Return what a run is besides its recipe: it is recorded, and only a run of the same is resumed."""
    facts: dict[str, Any] = {
        "architecture": config.architecture,
        "dataset": config.dataset,
        "full": config.full,
        "objective": objective.describe(),
    }
    if config.recipe_name != DEFAULT_RECIPE:
        facts[RECIPE] = config.recipe_name
    return {**facts, SHARES: str(config.load.shares)} if config.load.shares else facts
