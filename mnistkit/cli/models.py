"""``mnistkit models``: the architectures and the bundled models, one architecture in detail, bundling."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mnistkit.cli.help import MODEL_AND_DATA, OUTPUT, CommandGroup, examples
from mnistkit.cli.options import Json, ModelName, Quiet
from mnistkit.exceptions import UsageError

app = CommandGroup(help="List the architectures and the bundled models.")

RunFolder = Annotated[
    str, typer.Argument(metavar="RUN", help="Run folder or checkpoint, trained with validation images held out.")
]
BundleName = Annotated[str, typer.Argument(metavar="NAME", help="Name to give it.")]
Plot = Annotated[
    Path | None,
    typer.Option(
        "--plot",
        metavar="FILE",
        help="Also draw accuracy against parameters, ours and others' (.png, .svg, .pdf).",
        rich_help_panel=OUTPUT,
    ),
]
RecipeName = Annotated[
    str | None,
    typer.Option(
        "--recipe",
        metavar="NAME",
        help="One of the architecture's recipes, such as 'authors'.",
        show_default="the default one",
        rich_help_panel=MODEL_AND_DATA,
    ),
]
Half = Annotated[bool, typer.Option("--half", help="Store the weights in 16 bits instead of 32.")]


@app.callback()
@examples(
    ("mnistkit models", "all of them"),
    ("mnistkit models show lenet5", "one in detail"),
    ("mnistkit models --plot frontier.png", "accuracy against parameters"),
)
def models_command(context: typer.Context, plot: Plot = None, as_json: Json = False) -> None:
    """List the architectures and the bundled models."""
    if context.invoked_subcommand is None:
        _list(as_json, plot)
    elif plot:
        raise UsageError("--plot draws the list of all models", hint=f"mnistkit models --plot {plot}")
    # "mnistkit models --json show lenet5" means the same as "mnistkit models show lenet5 --json".
    context.obj = as_json


@app.command("list")
@examples(
    ("mnistkit models list", "all of them"),
    ("mnistkit models", "the same"),
    ("mnistkit models list --json", "for a program"),
)
def list_command(context: typer.Context, plot: Plot = None, as_json: Json = False) -> None:
    """List the architectures and the bundled models.

    Of each architecture: size, cost, and what each of its recipes was measured to reach, beside what others
    report; of each bundled model its accuracy.
    """
    _list(as_json or bool(context.obj), plot)


def _list(as_json: bool, plot: Path | None) -> None:
    from mnistkit.reporting.frontier import FORMATS
    from mnistkit.reporting.models import print_models
    from mnistkit.reporting.outputs import Output
    from mnistkit.workflows.models import list_models

    Output(as_json=as_json, formats=FORMATS, files=[plot] if plot else ()).show(list_models(), print_models)


@app.command("show")
@examples(
    ("mnistkit models show convnext", "layers, parameters, recipe"),
    ("mnistkit models show compact-7k --recipe authors", "another of its recipes"),
    ("mnistkit models show pictures", "how a bundled model was trained"),
)
def show_command(
    context: typer.Context, name: ModelName, recipe: RecipeName = None, as_json: Json = False
) -> None:
    """Show an architecture's or a trained model's layers and recipe.

    Of a trained model also what its checkpoint says: dataset, accuracy, classes, preparation.
    """
    from mnistkit.reporting.models import print_details
    from mnistkit.reporting.outputs import Output
    from mnistkit.workflows.models import show_model

    Output(as_json=as_json or bool(context.obj)).show(show_model(name, recipe), print_details)


@app.command("bundle", hidden=True)
def bundle_command(run: RunFolder, name: BundleName, half: Half = False, quiet: Quiet = False) -> None:
    """Calibrate a trained model on its validation images and put it among those that ship with mnistkit."""
    from mnistkit.reporting import console
    from mnistkit.reporting.models import print_bundle
    from mnistkit.reporting.progress import LoadProgress
    from mnistkit.workflows.bundle import BundleConfig, bundle

    with LoadProgress() as progress:
        result = bundle(BundleConfig(run, name, half=half, load=progress.options()), announce=console.note)
    print_bundle(console.stdout(), result)


RunFolders = Annotated[
    list[Path], typer.Argument(metavar="RUN...", help="Run folders that differ only in their seed.")
]
TableFile = Annotated[
    Path | None,
    typer.Option("--table", metavar="FILE", help="File of measured rows.", show_default="that of the package"),
]
Replace = Annotated[bool, typer.Option("--replace", help="Let the row take the place of an earlier one.")]


@app.command("record", hidden=True)
def record_command(runs: RunFolders, table: TableFile = None, replace: Replace = False) -> None:
    """Write what finished runs of all seeds gave into the rows that 'mnistkit models' and the README show."""
    from mnistkit.reporting import console
    from mnistkit.reporting.models import print_recorded
    from mnistkit.workflows.record import record_runs
    from mnistkit.zoo import MEASURED

    print_recorded(console.stdout(), record_runs(runs, table or MEASURED, replace_row=replace))


@app.command("refresh", hidden=True)
def refresh_command() -> None:
    """Write down size, cost and recipes of every architecture, so that the list need not build them."""
    from mnistkit.reporting import console
    from mnistkit.workflows.record import refresh_architectures
    from mnistkit.zoo import ARCHITECTURES

    names = refresh_architectures()
    console.note(f"changed: {', '.join(names)}" if names else "nothing has changed")
    console.note(f"wrote {ARCHITECTURES}")
