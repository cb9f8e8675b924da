"""``mnistkit models``: the architectures and the bundled models, one architecture in detail, bundling."""

from __future__ import annotations

from typing import Annotated

import typer

from mnistkit.cli.options import Json, ModelName

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
    from mnistkit.reporting.models import print_models
    from mnistkit.reporting.outputs import Output
    from mnistkit.workflows.models import list_models

    Output(as_json=json).show(list_models(), print_models)


@app.command("show")
def show_command(context: typer.Context, name: ModelName, json: Json = False) -> None:
    """Show an architecture's layers (shape, parameters) and its recipe."""
    from mnistkit.reporting.models import print_details
    from mnistkit.reporting.outputs import Output
    from mnistkit.workflows.models import show_model

    Output(as_json=json or bool(context.obj)).show(show_model(name), print_details)


@app.command("bundle", hidden=True)
def bundle_command(run: RunFolder, name: BundleName, half: Half = False) -> None:
    """Calibrate a trained model on its validation images and put it among those that ship with mnistkit."""
    from mnistkit.reporting import console
    from mnistkit.reporting.models import print_bundle
    from mnistkit.reporting.progress import LoadProgress
    from mnistkit.workflows.bundle import BundleConfig, bundle

    with LoadProgress() as progress:
        result = bundle(BundleConfig(run, name, half=half, load=progress.options()), announce=console.note)
    print_bundle(console.stdout(), result)
