"""What ``mnistkit models`` shows in the terminal: the architectures and bundled models, and one in detail."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Console

from mnistkit.numbers import percentage
from mnistkit.registry import brief
from mnistkit.reporting.recipes import print_recipe
from mnistkit.reporting.tables import Table, print_named, print_table
from mnistkit.reporting.wrapping import print_text

if TYPE_CHECKING:
    from mnistkit.workflows.bundle import BundleResult
    from mnistkit.workflows.models import BundledModel, ModelDetails, ModelEntry, ModelList, TrainedModel


def print_models(console: Console, result: ModelList) -> None:
    """Print a line for each architecture, and for each model that ships."""
    _print_architectures(console, result.models)
    if result.bundled:
        console.print()
        _print_bundled(console, result.bundled)


def print_details(console: Console, details: ModelDetails) -> None:
    """Print the layers of an architecture or a trained model, and its recipe as a recipe file has it."""
    summary = details.summary
    print_text(console, f"{details.name}: {details.description}")
    print_text(
        console,
        f"{summary.parameters:,} parameters, {summary.macs:,} multiply-accumulates per image, "
        f"{details.classes} classes",
    )
    if details.trained:
        console.print()
        _print_trained(console, details.trained)
    console.print()
    numbers = ["parameters", "MACs"]
    rows = [
        (
            layer.name or "(itself)",
            layer.kind,
            _shape(layer.output_shape),
            _count(layer.parameters),
            _count(layer.macs),
        )
        for layer in summary.layers
    ]
    total = ("total", "", "", f"{summary.parameters:,}", f"{summary.macs:,}")
    print_table(console, Table(["layer", "kind", "output", *numbers], rows, numbers, total=total))
    console.print()
    print_recipe(console, f"The recipe of {details.name}", details.recipe)


def print_bundle(console: Console, result: BundleResult) -> None:
    """Print where a model was bundled, how large it is, and how it was calibrated."""
    calibration = result.calibration
    print_text(
        console,
        f"{result.path}: {result.size:,} bytes, {result.total:,} of {result.limit:,} with all bundled models\n"
        f"temperature {calibration.temperature:.4f}, threshold {calibration.threshold:.4f}, which refuses "
        f"{percentage(calibration.false_alarm_rate)} of {calibration.n:,} validation images",
    )


def _print_architectures(console: Console, entries: tuple[ModelEntry, ...]) -> None:
    numbers = ["parameters", "MACs", "epochs"]
    rows = [
        (entry.name, f"{entry.parameters:,}", f"{entry.macs:,}", str(entry.epochs), entry.description)
        for entry in entries
    ]
    print_table(console, Table(["name", *numbers, "description"], rows, numbers))


def _print_bundled(console: Console, bundled: tuple[BundledModel, ...]) -> None:
    numbers = ["test accuracy", "validation"]
    title = "trained models that ship with mnistkit, usable as a checkpoint"
    rows = [
        (
            each.name,
            each.architecture,
            each.dataset,
            *(_accuracy(each.metrics.get(f"{split}_accuracy")) for split in ("test", "val")),
            "default" if each.default else "",
        )
        for each in bundled
    ]
    headers = ["bundled", "architecture", "trained on", *numbers, ""]
    print_table(console, Table(headers, rows, numbers, title=title))


def _print_trained(console: Console, trained: TrainedModel) -> None:
    """Print what a checkpoint says of itself."""
    accuracies = [
        f"{meaning} {percentage(trained.metrics[key])}"
        for key, meaning in (("test_accuracy", "test accuracy"), ("val_accuracy", "validation accuracy"))
        if key in trained.metrics
    ]
    lines = {
        "file": trained.path,
        "architecture": trained.architecture,
        "trained on": f"{trained.dataset}, {trained.split.removeprefix('trained on ')}",
        "measured": ", ".join(accuracies),
        "weights of": f"epoch {trained.epoch}, seed {trained.seed}",
        "classes": brief(trained.classes),
        "preparation": trained.preparation,
        "made with": ", ".join(f"{name} {version}" for name, version in trained.versions.items()),
    }
    if trained.calibration:
        lines["calibrated"] = f"temperature {trained.calibration['temperature']:.3f}"
    print_named(console, [(name, text) for name, text in lines.items() if text])


def _accuracy(share: float | None) -> str:
    return "-" if share is None else percentage(share)


def _shape(shape: tuple[int, ...] | None) -> str:
    return "-" if shape is None else "×".join(map(str, shape))


def _count(number: int) -> str:
    return f"{number:,}" if number else "-"
