"""mnistkit: train, evaluate and compare handwritten-digit classifiers, with MNIST in the box."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mnistkit.api import (
        Limits,
        MnistkitError,
        TrainingEvents,
        choose_threads,
        confusion,
        distill,
        errors,
        evaluate,
        list_datasets,
        list_models,
        load,
        load_dataset,
        summarise,
        train,
    )
else:
    # Type checkers are to know the names above and no others.
    def __getattr__(name: str) -> object:
        # Lazily (PEP 562): ``import mnistkit`` must stay instant, also for the command line's help.
        if name in __all__:
            from mnistkit import api

            return getattr(api, name)
        raise AttributeError(f"module 'mnistkit' has no attribute '{name}'")


__version__ = "0.1.0"

__all__ = [
    "Limits",
    "MnistkitError",
    "TrainingEvents",
    "choose_threads",
    "confusion",
    "distill",
    "errors",
    "evaluate",
    "list_datasets",
    "list_models",
    "load",
    "load_dataset",
    "summarise",
    "train",
]


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
