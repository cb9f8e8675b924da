"""What ``mnistkit train --dry-run`` shows in the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Console

from mnistkit.recipe import DEFAULT_RECIPE, flatten
from mnistkit.reporting.recipes import print_recipe
from mnistkit.reporting.training.text import about_choices, about_data
from mnistkit.reporting.wrapping import print_text
from mnistkit.workflows.models import recipe_settings

if TYPE_CHECKING:
    from mnistkit.workflows.train_plan import TrainPlan


def print_plan(console: Console, plan: TrainPlan) -> None:
    """Print what would be trained and where, then the recipe as TOML."""
    images = plan.images
    sizes = about_data(images["train"], images["val"], images["test"])
    lines = [
        f"{plan.architecture} on {plan.dataset}: {sizes}",
        *about_choices(plan.preparation, plan.preparation_reason, plan.init, plan.fitted),
        f"{plan.steps:,} steps of {plan.recipe.batch_size} images in {plan.recipe.epochs} epochs",
        f"run folder: {plan.folder} ({plan.outcome})",
    ]
    for line in lines:
        print_text(console, line, hang="  ")
    console.print()
    changed = "" if plan.recipe_name == DEFAULT_RECIPE else f", from {plan.architecture}'s '{plan.recipe_name}'"
    print_recipe(console, f"The resolved recipe{changed}", recipe_settings(flatten(plan.recipe.to_dict())))
