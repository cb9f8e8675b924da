"""Run folders without a training."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mnistkit.models import get_architecture
from mnistkit.runs import RunFolder
from mnistkit.workflows.run_files import write_recipe


def finished_run(name: str, when: int) -> RunFolder:
    """Make a folder in ``runs`` that counts as a run finished at the time ``when``."""
    run = RunFolder(Path("runs") / name)
    run.path.mkdir(parents=True)
    run.recipe.write_text("[run]\n")
    run.model.write_text("x")
    run.metrics.write_text('{"schema": "mnistkit/metrics/1"}')
    os.utime(run.metrics, (when, when))
    return run


def measured_run(
    path: Path,
    seed: int,
    errors: int = 50,
    *,
    settings: Mapping[str, Any] | None = None,
    facts: Mapping[str, Any] | None = None,
    figures: Mapping[str, Any] | None = None,
) -> Path:
    """Make the folder of a lenet5 that was trained on MNIST with a seed, as far as that is read without weights.

    Args:
        path: The folder.
        seed: Its seed.
        errors: How many of the 10,000 test images it got wrong.
        settings: Recipe keys that differ from the architecture's recipe.
        facts: What it was besides its recipe, where that is something else.
        figures: What else its ``metrics.json`` says.
    """
    recipe = get_architecture("lenet5").recipe.merged({**(settings or {}), "seed": seed}, "test")
    run = RunFolder(path)
    path.mkdir(parents=True)
    known = {
        "architecture": "lenet5",
        "dataset": "mnist",
        "full": False,
        "objective": {"name": "cross-entropy"},
        **(facts or {}),
    }
    write_recipe(run, recipe, known)
    metrics = {
        "schema": "mnistkit/metrics/1",
        **known,
        "seed": seed,
        "parameters": 61_706,
        "images": {"train": 55_000, "val": 5_000, "test": 10_000},
        "epochs": recipe.epochs,
        "kept_epoch": recipe.epochs - 1,
        "validation": {"val_accuracy": 0.99, "val_loss": 0.03},
        "test": {"n": 10_000, "errors": errors, "top1": 1 - errors / 10_000, "top2": 1 - errors / 100_000},
        "train_seconds": 5.0 * recipe.epochs,
        "device": "cpu (1 thread)",
        "precision": "fp32",
        "versions": {"torch": "2.15.0"},
        **(figures or {}),
    }
    run.metrics.write_text(json.dumps(metrics), encoding="utf-8")
    return path
