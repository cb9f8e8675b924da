"""What a training writes into its run folder, and what is read back from it."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields, replace
from typing import TYPE_CHECKING, Any

from mnistkit.checkpoint import CheckpointInfo, load_tensors, package_versions, save_checkpoint
from mnistkit.exceptions import OutputError, RecipeError
from mnistkit.files import write_text
from mnistkit.recipe import Recipe, flatten
from mnistkit.recipe_sources import RUN_TABLE, apply_changes, read_recipe_file, read_toml
from mnistkit.training.events import EpochRecord

if TYPE_CHECKING:
    from mnistkit.data.base import Dataset
    from mnistkit.evaluation.metrics import Metrics
    from mnistkit.runs import RunFolder
    from mnistkit.training.loop import TrainingJob
    from mnistkit.training.state import TrainingState
    from mnistkit.workflows.train_config import TrainConfig

METRICS_SCHEMA = "mnistkit/metrics/1"


def write_recipe(folder: RunFolder, config: TrainConfig, recipe: Recipe) -> None:
    """Write ``recipe.toml``: the resolved recipe, usable with ``--recipe``, and what it was used on."""
    import tomli_w

    write_text(folder.recipe, tomli_w.dumps({RUN_TABLE: _run_facts(config), **recipe.to_dict()}))


def check_same_run(folder: RunFolder, config: TrainConfig, recipe: Recipe) -> Recipe:
    """Return the recipe of the run in ``folder``, if it is the run that ``config`` asks for.

    Only what the user set counts: a default that has changed since does not make it another run.

    Raises:
        OutputError: the run trained something else.
        RecipeError: a setting given now differs from the run's.
    """
    if not folder.recipe.exists():
        return recipe
    facts = read_toml(folder.recipe).get(RUN_TABLE, {})
    hint = "choose another folder with --out, or --overwrite it"
    for name, value in _run_facts(config).items():
        if facts.get(name) != value:
            raise OutputError(f"{folder.path} holds a run with {name} {facts.get(name)}, not {value}", hint=hint)
    stored = Recipe().merged(read_recipe_file(folder.recipe), str(folder.recipe))
    wanted = flatten(apply_changes(stored, config.changes).to_dict())
    for key, value in flatten(stored.to_dict()).items():
        if wanted[key] != value:
            raise RecipeError(f"{folder.path} was started with {key}={value}, not {wanted[key]}", hint=hint)
    return stored


def read_metrics(folder: RunFolder) -> dict[str, Any]:
    """Return the final figures of a finished run.

    Raises:
        OutputError: its ``metrics.json`` is damaged.
    """
    try:
        metrics: dict[str, Any] = json.loads(folder.metrics.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise OutputError(f"{folder.metrics} cannot be read", hint="--overwrite trains the run again") from error
    return metrics


def write_history(folder: RunFolder, history: Sequence[EpochRecord]) -> None:
    """Write ``history.csv``, one line per epoch."""
    text = io.StringIO()
    writer = csv.DictWriter(text, [f.name for f in fields(EpochRecord)], lineterminator="\n")
    writer.writeheader()
    writer.writerows(asdict(record) for record in history)
    write_text(folder.history, text.getvalue())


def read_history(folder: RunFolder) -> list[EpochRecord]:
    """Return the epochs that :func:`write_history` wrote; none if there is no such file."""
    if not folder.history.exists():
        return []
    with folder.history.open(encoding="utf-8", newline="") as file:
        return [_epoch_record(row) for row in csv.DictReader(file)]


def _epoch_record(row: Mapping[str, str]) -> EpochRecord:
    values: dict[str, Any] = {name: float(text) if text else None for name, text in row.items()}
    return EpochRecord(**{**values, "epoch": int(row["epoch"])})


def save_model(
    folder: RunFolder,
    config: TrainConfig,
    recipe: Recipe,
    dataset: Dataset,
    state: TrainingState,
) -> None:
    """Write the weights of the epoch just finished as the run's checkpoint."""
    record = state.history[-1]
    figures = {"val_loss": record.val_loss, "val_accuracy": record.val_accuracy}
    info = CheckpointInfo(
        architecture=config.architecture,
        classes=dataset.classes,
        mean=dataset.mean,
        std=dataset.std,
        preparation=dataset.preparation,
        dataset=config.dataset,
        split=_split_text(config, recipe, dataset),
        recipe=recipe.to_dict(),
        seed=recipe.seed,
        epoch=record.epoch,
        metrics={name: value for name, value in figures.items() if value is not None},
    )
    save_checkpoint(folder.model, state.evaluated_model.state_dict(), info)


def check_space(folder: RunFolder, state: TrainingState) -> None:
    """Raise if the disk has no room for the run's files.

    Raises:
        OutputError: too little space.
    """
    weights = sum(value.numel() * value.element_size() for value in state.model.state_dict().values())
    # Model, state (weights, two moments, average) and a temporary copy of the larger one; then the small files.
    folder.check_space(10 * weights + 2_000_000)


def finish(
    folder: RunFolder,
    config: TrainConfig,
    recipe: Recipe,
    dataset: Dataset,
    job: TrainingJob,
    state: TrainingState,
) -> dict[str, Any]:
    """Measure the kept weights on the test images and write the run's last files, ``metrics.json`` at the end.

    Returns:
        The content of ``metrics.json``.
    """
    from mnistkit.checkpoint import read_info
    from mnistkit.reporting.numbers import percentage
    from mnistkit.reporting.training.curves import write_curves

    weights = load_tensors(folder.model)
    info = read_info(folder.model)
    state.evaluated_model.load_state_dict(weights)
    test = _test_figures(job, state, dataset)
    save_checkpoint(folder.model, weights, replace(info, metrics={**info.metrics, **_headline(test)}))
    title = f"{config.architecture} on {config.dataset}, seed {recipe.seed}: test accuracy {percentage(test.top1)}"
    write_curves(folder.curves, state.history, None if config.full else info.epoch, title)
    metrics = {
        "schema": METRICS_SCHEMA,
        **_run_facts(config),
        "seed": recipe.seed,
        "parameters": sum(p.numel() for p in state.model.parameters()),
        "split": info.split,
        "epochs": len(state.history),
        "kept_epoch": info.epoch,
        "validation": {name: info.metrics[name] for name in info.metrics if name.startswith("val_")},
        "test": asdict(test),
        "train_seconds": sum(record.seconds for record in state.history),
        **_machine(job),
        "command": config.command,
        "versions": package_versions(),
    }
    write_text(folder.metrics, json.dumps(metrics, indent=2) + "\n")
    return read_metrics(folder)


def summarise(runs: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return mean, standard deviation and pooled interval of the test figures of several runs.

    Args:
        runs: The ``metrics.json`` of each, at least one.
    """
    from mnistkit.evaluation.intervals import pooled_interval, summarise_seeds

    tests = [run["test"] for run in runs]
    names = ("top1", "top2", "errors", "nll", "ece")
    return {
        "seeds": [run["seed"] for run in runs],
        "n": tests[0]["n"],
        **{name: asdict(summarise_seeds([float(test[name]) for test in tests])) for name in names},
        "interval": pooled_interval([test["errors"] for test in tests], tests[0]["n"]),
        "train_seconds": asdict(summarise_seeds([run["train_seconds"] for run in runs])),
    }


def _run_facts(config: TrainConfig) -> dict[str, Any]:
    return {"architecture": config.architecture, "dataset": config.dataset, "full": config.full}


def _split_text(config: TrainConfig, recipe: Recipe, dataset: Dataset) -> str:
    total = len(dataset.train)
    if config.full:
        return f"trained on all {total} training images; last weights, nothing chosen"
    train = total - dataset.validation_size
    chosen = "epoch chosen by the loss on" if recipe.selection == "best" else "last epoch; checked on"
    return f"trained on {train} images; {chosen} {dataset.validation_size} validation images"


def _test_figures(job: TrainingJob, state: TrainingState, dataset: Dataset) -> Metrics:
    from mnistkit.data.batches import DeviceImages
    from mnistkit.evaluation.metrics import measure
    from mnistkit.inference.logits import predict_logits

    test = DeviceImages.of(dataset.test, job.train.labels.device)
    logits = predict_logits(
        state.evaluated_model,
        test.images,
        job.normaliser,
        batch_size=job.recipe.eval_batch_size,
    )
    return measure(logits, test.labels)


def _headline(test: Metrics) -> dict[str, float]:
    return {"test_accuracy": test.top1, "test_top2": test.top2, "test_nll": test.nll, "test_n": test.n}


def _machine(job: TrainingJob) -> dict[str, Any]:
    from mnistkit.device import device_title

    return {"device": device_title(job.train.labels.device), "precision": job.precision.name}
