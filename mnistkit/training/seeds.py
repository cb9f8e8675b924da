"""Seeds derived from a run's one seed.

Every step draws from generators seeded by the run's seed and the step's number. So the state of no generator
has to be saved for a run to resume exactly, and evaluating in between cannot change a result.
"""

from __future__ import annotations

import numpy as np
import torch

_ORDER, _AUGMENTATION, _MODEL, _OBJECTIVE, _OBJECTIVE_SET_UP = range(5)


def _derived(seed: int, purpose: int, number: int) -> int:
    return int(np.random.SeedSequence([seed, purpose, number]).generate_state(1, np.uint64)[0] >> np.uint64(1))


def order_generator(seed: int, epoch: int) -> torch.Generator:
    """Return the generator of the order of the images in ``epoch``."""
    return torch.Generator().manual_seed(_derived(seed, _ORDER, epoch))


def augmentation_generator(seed: int, step: int) -> torch.Generator:
    """Return the generator of the augmentation of the ``step``-th batch of the run."""
    return torch.Generator().manual_seed(_derived(seed, _AUGMENTATION, step))


def seed_model(seed: int, step: int) -> None:
    """Seed what a model draws from in its forward pass (dropout) in the ``step``-th step of the run."""
    torch.manual_seed(_derived(seed, _MODEL, step))


def objective_generator(seed: int, step: int) -> torch.Generator:
    """Return the generator of what the objective draws in the ``step``-th step of the run."""
    return torch.Generator().manual_seed(_derived(seed, _OBJECTIVE, step))


def objective_set_up_generator(seed: int) -> np.random.Generator:
    """Return the generator of what the objective draws once, before the first step."""
    return np.random.default_rng(_derived(seed, _OBJECTIVE_SET_UP, 0))
