"""``mnistkit datasets``: list the datasets, download one, look at one."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mnistkit.cli.options import DATASETS, DatasetName, Json, SkipBad, Split
from mnistkit.exceptions import UsageError

app = typer.Typer(help="List the datasets, download or show one.", invoke_without_command=True)

FetchName = Annotated[
    str,
    typer.Argument(
        metavar="NAME", help="Dataset to download.", autocompletion=DATASETS.complete, show_default=False
    ),
]
Count = Annotated[
    int | None,
    typer.Option("--count", "-n", metavar="N", help="Images in all; default: one of each class, ten at least."),
]
PictureOut = Annotated[
    Path | None,
    typer.Option("--out", "-o", metavar="FILE", help="Also write the grid as a picture: .png, .pdf or .svg."),
]


@app.callback()
def list_command(context: typer.Context, json: Json = False) -> None:
    """List the datasets: classes, sizes, where they are, licence."""
    if context.invoked_subcommand is not None:
        if json:
            raise UsageError(
                "--json lists the datasets; it goes with no subcommand", hint="mnistkit datasets --json"
            )
        return
    from mnistkit.reporting.datasets import print_datasets
    from mnistkit.reporting.outputs import Output
    from mnistkit.workflows.datasets import list_datasets

    Output(as_json=json).show(list_datasets(), print_datasets)


@app.command("fetch")
def fetch_command(name: FetchName) -> None:
    """Download a dataset into the cache, or say that it is there."""
    from mnistkit.data import get_dataset_info
    from mnistkit.reporting import console
    from mnistkit.reporting.datasets import print_fetched
    from mnistkit.reporting.progress import LoadProgress
    from mnistkit.workflows.datasets import fetch_dataset

    get_dataset_info(name)
    with LoadProgress() as progress:
        fetched = fetch_dataset(name, progress.options())
    print_fetched(console.stdout(), fetched)


@app.command("show")
def show_command(
    name: DatasetName,
    split: Split = "test",
    count: Count = None,
    out: PictureOut = None,
    skip_bad: SkipBad = False,
) -> None:
    """Show some images of each class in the terminal.

    A caption tells the class and the image's place in the original training or test file.
    """
    from mnistkit.reporting import console
    from mnistkit.reporting.datasets import print_samples, write_samples
    from mnistkit.reporting.figures import check_figure_path
    from mnistkit.reporting.progress import LoadProgress
    from mnistkit.workflows.datasets import check_request, sample_dataset

    check_request(name, split, count)
    if out is not None:
        check_figure_path(out)
    with LoadProgress() as progress:
        samples = sample_dataset(name, split, count, progress.options(skip_bad=skip_bad))
    print_samples(console.stdout(), samples)
    if out is not None:
        write_samples(out, samples)
        console.note(f"wrote {out}")


@app.command("pack", hidden=True)
def pack_command(
    folder: Annotated[Path, typer.Argument(metavar="IDX_DIR", help="Folder of the four IDX files of MNIST.")],
    out: Annotated[Path, typer.Argument(metavar="OUT", help="The packed file to write.")],
) -> None:
    """Pack the IDX files of MNIST into the one file that ships with mnistkit; takes a minute or two."""
    from mnistkit.workflows.datasets import pack_mnist

    size = pack_mnist(folder, out)
    typer.echo(f"{out}: {size:,} bytes")
