"""Compare recipes, and shapes of the micro networks, on the validation images: how ours were chosen.

    OMP_NUM_THREADS=1 python tests/benchmarks/search.py micro-8k --jobs 2 --seeds 2 --epochs 8 \
        --try "" --try "learning_rate=2e-2" --try "shape=8-8-8-p-16-16-20 augmentation.rotation=15"

Each ``--try`` is a list of changes to the architecture's own recipe, as ``--set`` takes them; ``""`` changes
nothing. ``shape`` replaces the layers of a micro network, as :func:`mnistkit.models.micro.shaped` describes them.
A line for each training and each change goes to the terminal, and to ``--log`` as JSON, so that a search can be
broken off and what was tried can be told: docs/search.jsonl is the log of what is in docs/search.md, which
``--report`` writes. The validation loss and errors are those of the weights that the recipe
keeps, so of their moving average where it has one. The test images are not read.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

import torch
from torch import nn

from mnistkit.data import load_dataset
from mnistkit.device import set_up_machine
from mnistkit.models import build_model, get_architecture, model_names
from mnistkit.models.cpu_forms import use_cpu_forms
from mnistkit.models.micro import shaped
from mnistkit.recipe_sources import apply_changes, recipe_changes
from mnistkit.training.loop import run_training
from mnistkit.training.objectives import choose_objective
from mnistkit.training.setup import TrainingSetup
from mnistkit.training.state import TrainingState

SHAPE = "shape="
DOCS = Path(__file__).parents[2] / "docs"
LOG = DOCS / "search.jsonl"
REPORT = DOCS / "search.md"

INTRODUCTION = """\
# What was tried

Written by `python tests/benchmarks/search.py --report` from `docs/search.jsonl`, into which the same script puts
what it trains; do not edit it. Every figure is on the 5,000 validation images; no test image was read. Changes are
to the architecture's recipe as it stood at the time, and the seeds are not those of the results (100, 101, ...).
"""


@dataclass(frozen=True)
class Trial:
    """One training: an architecture, the changes to its recipe, its epochs and its seed."""

    architecture: str
    changes: str
    epochs: int
    seed: int

    @property
    def shape(self) -> str | None:
        """The layers that replace the architecture's own."""
        return next((each.removeprefix(SHAPE) for each in self.changes.split() if each.startswith(SHAPE)), None)

    @property
    def settings(self) -> list[str]:
        """The changes of the recipe."""
        return [each for each in self.changes.split() if not each.startswith(SHAPE)]

    def model(self) -> nn.Module:
        """Return the network before training."""
        return use_cpu_forms(shaped(self.shape)) if self.shape else build_model(self.architecture, 10)


def measure(trial: Trial) -> dict[str, Any]:
    """Train, and return what the validation images say."""
    torch.set_num_threads(1)
    recipe = get_architecture(trial.architecture).recipe
    recipe = apply_changes(recipe, recipe_changes(settings=trial.settings, environment={}))
    recipe = replace(recipe, epochs=trial.epochs, seed=trial.seed, patience=0)
    dataset = load_dataset("mnist")
    setup = TrainingSetup(trial.architecture, recipe, dataset, set_up_machine("cpu"), {})
    train, val = (setup.on_device(dataset.split(part)) for part in ("train", "val"))
    fresh = setup.fresh_state()
    model = trial.model()
    state = TrainingState.fresh(model, recipe, scale_loss=False) if trial.shape else fresh
    started = time.perf_counter()
    run_training(setup.job(choose_objective(recipe), train, val), state)
    kept = state.history[state.best_epoch - 1 if recipe.selection == "best" else -1]
    return {
        "architecture": trial.architecture,
        "changes": trial.changes,
        "params": sum(each.numel() for each in model.parameters()),
        "epochs": recipe.epochs,
        "seed": trial.seed,
        "val_loss": kept.val_loss,
        "val_errors": round((1 - (kept.val_accuracy or 0.0)) * len(val)),
        "seconds": time.perf_counter() - started,
    }


def measured_already(log: Path) -> list[dict[str, Any]]:
    """Return the lines of the log."""
    return [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []


def is_of(line: dict[str, Any], trial: Trial) -> bool:
    """Return whether a line of the log tells of this trial."""
    same = line["architecture"] == trial.architecture and line["changes"] == trial.changes
    return bool(same and line["seed"] == trial.seed and line["epochs"] == trial.epochs)


def measure_all(trials: Sequence[Trial], jobs: int, log: Path) -> Iterator[dict[str, Any]]:
    """Yield a line for every trial, those of the log first."""
    known = measured_already(log)
    yield from (line for line in known if any(is_of(line, trial) for trial in trials))
    missing = [trial for trial in trials if not any(is_of(line, trial) for line in known)]
    with multiprocessing.get_context("spawn").Pool(jobs, maxtasksperchild=1) as pool:
        for line in pool.imap_unordered(measure, missing):
            with log.open("a") as file:
                file.write(json.dumps(line) + "\n")
            yield line


def main() -> None:
    """Print a line for each training, then one for each change, the best first."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("architecture", nargs="?", choices=model_names())
    parser.add_argument("--try", dest="tries", action="append", default=[], help="changes of the recipe")
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--first-seed", type=int, default=100, help="other seeds than those of measured rows")
    parser.add_argument("--epochs", type=int)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--log", type=Path, default=LOG)
    parser.add_argument(
        "--report", action="store_true", help=f"write {REPORT.name} from the log, and train nothing"
    )
    options = parser.parse_args()
    if options.report:
        REPORT.write_text(report(measured_already(options.log)))
        return
    seeds = range(options.first_seed, options.first_seed + options.seeds)
    epochs = options.epochs or get_architecture(options.architecture).recipe.epochs
    trials = [Trial(options.architecture, changes, epochs, seed) for seed in seeds for changes in options.tries]
    lines = []
    for line in measure_all(trials, options.jobs, options.log):
        print(told([line]), flush=True)
        lines.append(line)
    print()
    for group in groups(lines):
        print(told(group))


def groups(lines: Sequence[dict[str, Any]]) -> list[list[dict[str, Any]]]:
    """Return the lines of each change, of as many epochs, together: the lowest loss first."""
    found: dict[tuple[str, int], list[dict[str, Any]]] = {}
    for line in lines:
        found.setdefault((line["changes"], line["epochs"]), []).append(line)
    return sorted(found.values(), key=lambda group: fmean(line["val_loss"] for line in group))


def told(lines: Sequence[dict[str, Any]]) -> str:
    """Return what is known of a change in one line."""
    loss, errors, seconds = figures(lines)
    return (
        f"validation loss {loss}, {errors} errors, n = {len(lines)}, {lines[0]['epochs']} epochs, "
        f"{lines[0]['params']:,} parameters, {seconds} s: {lines[0]['changes'] or 'as it is'}"
    )


def report(lines: Sequence[dict[str, Any]]) -> str:
    """Return the page: a table for each architecture."""
    parts = [INTRODUCTION]
    for name in sorted({line["architecture"] for line in lines}):
        parts += [f"## {name}", ""]
        parts += ["| changes | parameters | epochs | n | validation loss | errors |", "| --- |" + " --- |" * 5]
        for group in groups([line for line in lines if line["architecture"] == name]):
            loss, errors, _ = figures(group)
            cells = (
                f"`{group[0]['changes']}`" if group[0]["changes"] else "none",
                f"{group[0]['params']:,}",
                str(group[0]["epochs"]),
                str(len(group)),
                loss,
                errors,
            )
            parts.append(f"| {' | '.join(cells)} |")
        parts.append("")
    return "\n".join(parts)


def figures(lines: Sequence[dict[str, Any]]) -> tuple[str, str, str]:
    """Return the mean loss with its standard deviation, the mean errors and the mean seconds, as texts."""
    losses = [line["val_loss"] for line in lines]
    spread = f" ± {stdev(losses):.5f}" if len(losses) > 1 else ""
    errors, seconds = (fmean(line[key] for line in lines) for key in ("val_errors", "seconds"))
    return f"{fmean(losses):.5f}{spread}", f"{errors:.1f}", f"{seconds:.0f}"


if __name__ == "__main__":
    main()
