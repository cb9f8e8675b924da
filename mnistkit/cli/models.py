"""``mnistkit models``: the architectures and the bundled models, one architecture in detail, bundling."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from mnistkit.cli.options import Json, ModelName
from mnistkit.reporting.numbers import percentage

if TYPE_CHECKING:
    from mnistkit.workflows.models import BundledModel, ModelDetails, ModelEntry

app = typer.Typer(help="List the architectures and the bundled models.", invoke_without_command=True)

RunFolder = Annotated[
    str, typer.Argument(metavar="RUN", help="Run folder or checkpoint, trained with validation images held out.")
]
BundleName = Annotated[str, typer.Argument(metavar="NAME", help="Name to give it.")]
Half = Annotated[bool, typer.Option("--half", help="Store the weights in 16 bits instead of 32.")]


@app.callback()
def list_command(context: typer.Context, json: Json = False) -> None:
    """List the architectures: size, cost, recipe epochs; and the trained models that ship with mnistkit."""
    if context.invoked_subcommand is not None:
        # "mnistkit models --json show lenet5" means the same as "mnistkit models show lenet5 --json".
        context.obj = json
        return
    from mnistkit.reporting.console import print_json
    from mnistkit.workflows.models import CLASSES, list_bundled, list_models

    bundled = list_bundled()
    entries = list_models(bundled)
    if json:
        models = [asdict(entry) for entry in entries]
        document = {"classes": CLASSES, "models": models, "bundled": [asdict(each) for each in bundled]}
        print_json(document, "mnistkit/models/1")
    else:
        _print_list(entries)
        _print_bundled(bundled)


@app.command("show")
def show_command(context: typer.Context, name: ModelName, json: Json = False) -> None:
    """Show an architecture's layers (shape, parameters) and its recipe."""
    from mnistkit.reporting.console import print_json
    from mnistkit.workflows.models import CLASSES, show_model

    details = show_model(name)
    if json or context.obj:
        print_json({"classes": CLASSES, **asdict(details)}, "mnistkit/model/1")
    else:
        _print_details(details)


@app.command("bundle", hidden=True)
def bundle_command(run: RunFolder, name: BundleName, half: Half = False) -> None:
    """Calibrate a trained model on its validation images and put it among those that ship with mnistkit."""
    from mnistkit.data.base import LoadOptions
    from mnistkit.reporting import console
    from mnistkit.reporting.progress import LoadProgress
    from mnistkit.workflows.bundle import BundleConfig, bundle

    with LoadProgress() as progress:
        load = LoadOptions(progress=progress, warn=progress.warn)
        result = bundle(BundleConfig(run, name, half=half, load=load), announce=console.note)
    calibration = result.calibration
    console.stdout().print(
        f"{result.path}: {result.size:,} bytes, {result.total:,} of {result.limit:,} with all bundled models\n"
        f"temperature {calibration.temperature:.4f}, threshold {calibration.threshold:.4f}, which refuses "
        f"{percentage(calibration.false_alarm_rate)} of {calibration.n:,} validation images",
        soft_wrap=True,
    )


def _print_list(entries: list[ModelEntry]) -> None:
    from mnistkit.reporting.console import stdout
    from mnistkit.reporting.tables import make_table

    numbers = ["parameters", "MACs", "epochs"]
    table = make_table(["name", *numbers, "description"], numbers=numbers)
    for entry in entries:
        counts = (f"{entry.parameters:,}", f"{entry.macs:,}", str(entry.epochs))
        table.add_row(entry.name, *counts, entry.description)
    stdout().print(table)


def _print_bundled(bundled: list[BundledModel]) -> None:
    from mnistkit.reporting.console import stdout
    from mnistkit.reporting.tables import make_table

    if not bundled:
        return
    numbers = ["test accuracy", "validation"]
    title = "trained models that ship with mnistkit, usable as a checkpoint"
    table = make_table(["bundled", "architecture", "trained on", *numbers, ""], numbers=numbers, title=title)
    for each in bundled:
        accuracies = [_accuracy(each.metrics.get(f"{split}_accuracy")) for split in ("test", "val")]
        table.add_row(each.name, each.architecture, each.dataset, *accuracies, "default" if each.default else "")
    console = stdout()
    console.print()
    console.print(table)


def _accuracy(share: float | None) -> str:
    return "-" if share is None else percentage(share)


def _print_details(details: ModelDetails) -> None:
    from mnistkit.reporting.console import stdout
    from mnistkit.reporting.tables import make_table
    from mnistkit.workflows.models import CLASSES

    console = stdout()
    summary = details.summary
    console.print(f"{details.name}: {details.description}")
    console.print(
        f"{summary.parameters:,} parameters, {summary.macs:,} multiply-accumulates per image, {CLASSES} classes"
    )
    numbers = ["parameters", "MACs"]
    table = make_table(["layer", "kind", "output", *numbers], numbers=numbers)
    for layer in summary.layers:
        table.add_row(
            layer.name or "(itself)",
            layer.kind,
            _shape(layer.output_shape),
            _count(layer.parameters),
            _count(layer.macs),
        )
    table.add_section()
    table.add_row("total", "", "", f"{summary.parameters:,}", f"{summary.macs:,}")
    console.print(table)
    _print_recipe(details)


def _print_recipe(details: ModelDetails) -> None:
    """Print the recipe as TOML with comments: copied to a file, it is a recipe file."""
    import tomli_w

    from mnistkit.reporting.console import stdout

    console = stdout()
    console.print(f"# The recipe of {details.name}, in the form of a --recipe file", soft_wrap=True)
    section = ""
    lines = []
    for setting in details.recipe:
        table, _, key = setting.key.rpartition(".")
        if table != section:
            section = table
            lines.append(("", ""))
            lines.append((f"[{table}]", ""))
        lines.append((tomli_w.dumps({key: setting.value}).strip(), setting.meaning))
    width = max(len(text) for text, _ in lines)
    for text, meaning in lines:
        console.print(f"{text:<{width}}  # {meaning}" if meaning else text, soft_wrap=True)


def _shape(shape: tuple[int, ...] | None) -> str:
    return "-" if shape is None else "×".join(map(str, shape))


def _count(number: int) -> str:
    return f"{number:,}" if number else "-"
