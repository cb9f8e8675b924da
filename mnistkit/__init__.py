"""mnistkit: train, evaluate and compare handwritten-digit classifiers, with MNIST in the box."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mnistkit.api import list_datasets, list_models, load, load_dataset, train

__version__ = "0.1.0"

__all__ = ["list_datasets", "list_models", "load", "load_dataset", "train"]


def __getattr__(name: str) -> Any:
    # Lazily (PEP 562): ``import mnistkit`` must stay instant, also for the command line's help.
    if name in __all__:
        from mnistkit import api

        return getattr(api, name)
    raise AttributeError(f"module 'mnistkit' has no attribute '{name}'")


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
