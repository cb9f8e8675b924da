"""``mnistkit models``: the architectures, and one of them in detail."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

import typer

from mnistkit.cli.options import Json, ModelName

if TYPE_CHECKING:
    from mnistkit.workflows.models import ModelDetails, ModelEntry

app = typer.Typer(help="List the architectures, or show one.", invoke_without_command=True)


@app.callback()
def list_command(context: typer.Context, json: Json = False) -> None:
    """List the architectures: size, cost, recipe epochs."""
    if context.invoked_subcommand is not None:
        # "mnistkit models --json show lenet5" means the same as "mnistkit models show lenet5 --json".
        context.obj = json
        return
    from mnistkit.reporting.console import print_json
    from mnistkit.workflows.models import CLASSES, list_models

    entries = list_models()
    if json:
        print_json({"classes": CLASSES, "models": [asdict(entry) for entry in entries]}, "mnistkit/models/1")
    else:
        _print_list(entries)


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


def _print_list(entries: list[ModelEntry]) -> None:
    from mnistkit.reporting.console import stdout
    from mnistkit.reporting.tables import make_table

    numbers = ["parameters", "MACs", "epochs"]
    with_weights = any(entry.bundled for entry in entries)
    headers = ["name", *numbers, *(["bundled"] if with_weights else []), "description"]
    table = make_table(headers, numbers=numbers)
    for entry in entries:
        bundled = [", ".join(entry.bundled)] if with_weights else []
        counts = (f"{entry.parameters:,}", f"{entry.macs:,}", str(entry.epochs))
        table.add_row(entry.name, *counts, *bundled, entry.description)
    stdout().print(table)


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
    return "not called" if shape is None else "×".join(map(str, shape))


def _count(number: int) -> str:
    return f"{number:,}" if number else "-"
