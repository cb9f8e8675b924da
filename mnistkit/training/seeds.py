"""Seeds derived from a run's one seed.

Every step draws from generators seeded by the run's seed and the step's number. So the state of no generator
has to be saved for a run to resume exactly, and evaluating in between cannot change a result.
"""

from __future__ import annotations

import numpy as np
import torch

_ORDER, _AUGMENTATION, _MODEL, _OBJECTIVE, _OBJECTIVE_SET_UP, _VIEW = range(6)


def _derived(seed: int, purpose: int, *numbers: int) -> int:
    return int(np.random.SeedSequence([seed, purpose, *numbers]).generate_state(1, np.uint64)[0] >> np.uint64(1))


def _generator(seed: int, purpose: int, *numbers: int) -> torch.Generator:
    return torch.Generator().manual_seed(_derived(seed, purpose, *numbers))


def order_generator(seed: int, epoch: int) -> torch.Generator:
    """Return the generator of the order of the images in ``epoch``."""
    return _generator(seed, _ORDER, epoch)


def augmentation_generator(seed: int, step: int, shard: int) -> torch.Generator:
    """Return the generator of the augmentation of a shard of the ``step``-th batch of the run."""
    return _generator(seed, _AUGMENTATION, step, shard)


def view_generator(view: int, block: int) -> torch.Generator:
    """Return the generator of the augmentation of a block of images in a view, which all runs have in common."""
    return _generator(0, _VIEW, view, block)


def model_generator(seed: int, step: int, shard: int) -> torch.Generator:
    """Return the generator of a model's dropout for a shard of the ``step``-th batch of the run."""
    return _generator(seed, _MODEL, step, shard)


def seed_model(seed: int, step: int, shard: int) -> None:
    """Seed torch's one generator, for a shard of the ``step``-th batch of the run."""
    torch.manual_seed(_derived(seed, _MODEL, step, shard))


def objective_generator(seed: int, step: int) -> torch.Generator:
    """Return the generator of what the objective draws in the ``step``-th step of the run."""
    return _generator(seed, _OBJECTIVE, step)


def objective_set_up_generator(seed: int) -> np.random.Generator:
    """Return the generator of what the objective draws once, before the first step."""
    return np.random.default_rng(_derived(seed, _OBJECTIVE_SET_UP, 0))
