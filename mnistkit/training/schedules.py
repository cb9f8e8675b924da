"""Learning-rate schedules and early stopping, as pure functions of the step and the history.

Nothing here has a state of its own, so a resumed run continues exactly.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from mnistkit.recipe import Recipe

# The one-cycle policy starts this far below its peak (Smith and Topin 2018, "Super-convergence", section 4).
_ONE_CYCLE_START = 1 / 25


def learning_rate(recipe: Recipe, step: int, steps_per_epoch: int, losses: Sequence[float]) -> float:
    """Return the learning rate of one training step.

    Args:
        recipe: Names the schedule and its numbers.
        step: Steps taken before this one, over all epochs.
        steps_per_epoch: Steps in an epoch.
        losses: Validation loss of each finished epoch, for the plateau schedule.
    """
    total = recipe.epochs * steps_per_epoch
    warmup = round(recipe.warmup * total)
    if step < warmup:
        return recipe.learning_rate * _rise(recipe.schedule, (step + 1) / warmup)
    progress = (step - warmup) / max(1, total - warmup)
    return recipe.learning_rate * _decay(recipe, progress, step // steps_per_epoch, losses)


def _rise(schedule: str, progress: float) -> float:
    if schedule == "one-cycle":
        return _ONE_CYCLE_START + (1 - _ONE_CYCLE_START) * (1 - math.cos(math.pi * progress)) / 2
    return progress


def _decay(recipe: Recipe, progress: float, epoch: int, losses: Sequence[float]) -> float:
    if recipe.schedule in ("cosine", "one-cycle"):
        return recipe.final_lr + (1 - recipe.final_lr) * (1 + math.cos(math.pi * progress)) / 2
    if recipe.schedule == "step":
        return float(recipe.decay_factor ** (epoch // recipe.decay_epochs))
    if recipe.schedule == "plateau":
        return float(recipe.decay_factor ** plateau_count(losses, recipe.plateau_patience))
    return 1.0


def plateau_count(losses: Sequence[float], patience: int) -> int:
    """Return how often the loss has stayed above its best for more than ``patience`` epochs in a row."""
    best, waited, count = math.inf, 0, 0
    for loss in losses:
        if loss < best:
            best, waited = loss, 0
            continue
        waited += 1
        if waited > patience:
            count, waited = count + 1, 0
    return count


def should_stop_early(losses: Sequence[float], patience: int) -> bool:
    """Say whether the last ``patience`` epochs were all no better than the best before; 0 means never."""
    return 0 < patience < len(losses) and min(losses[-patience:]) >= min(losses[:-patience])
