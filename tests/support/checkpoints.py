"""Descriptions of checkpoints."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from mnistkit.checkpoint import CheckpointInfo
from mnistkit.recipe import Recipe

DIGITS = tuple("0123456789")


def description(**changes: Any) -> CheckpointInfo:
    """Return the description of a lenet5 for MNIST, with other values for some fields."""
    info = CheckpointInfo(
        architecture="lenet5",
        classes=DIGITS,
        mean=0.1307,
        std=0.3081,
        dataset="mnist",
        split="train 55,000",
        recipe=Recipe().to_dict(),
        seed=0,
        epoch=3,
        metrics={"val_accuracy": 0.99},
    )
    return replace(info, **changes)
