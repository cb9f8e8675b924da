"""``mnistkit datasets``: list the datasets, download one, look at one."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mnistkit.cli.help import OUTPUT, CommandGroup, examples
from mnistkit.cli.options import DATASETS, DatasetName, Json, Quiet, SkipBad, Split
from mnistkit.exceptions import UsageError

app = CommandGroup(help="List the datasets, download or show one.")

FetchName = Annotated[
    str,
    typer.Argument(
        metavar="NAME", help="Dataset to download.", autocompletion=DATASETS.complete, show_default=False
    ),
]
Count = Annotated[
    int | None,
    typer.Option(
        "--count",
        "-n",
        metavar="N",
        help="Images in all.",
        show_default="one of each class, ten at least",
        rich_help_panel=OUTPUT,
    ),
]
PictureOut = Annotated[
    Path | None,
    typer.Option(
        "--out",
        "-o",
        metavar="FILE",
        help="Also write the grid as a picture: .png, .pdf or .svg.",
        rich_help_panel=OUTPUT,
    ),
]


@app.callback()
@examples(
    ("mnistkit datasets", "all of them"),
    ("mnistkit datasets fetch kmnist", "download one"),
    ("mnistkit datasets show mnist", "look at one"),
)
def datasets_command(context: typer.Context, as_json: Json = False) -> None:
    """List the datasets, download or show one."""
    if context.invoked_subcommand is None:
        _list(as_json)
    elif as_json and context.invoked_subcommand != "list":
        raise UsageError(
            "--json lists the datasets; it goes with no other subcommand", hint="mnistkit datasets --json"
        )
    context.obj = as_json


@app.command("list")
@examples(
    ("mnistkit datasets list", "all of them"),
    ("mnistkit datasets", "the same"),
    ("mnistkit datasets list --json", "for a program"),
)
def list_command(context: typer.Context, as_json: Json = False) -> None:
    """List the datasets: classes, sizes, where they are, licence."""
    _list(as_json or bool(context.obj))


def _list(as_json: bool) -> None:
    from mnistkit.reporting.datasets import print_datasets
    from mnistkit.reporting.outputs import Output
    from mnistkit.workflows.datasets import list_datasets

    Output(as_json=as_json).show(list_datasets(), print_datasets)


@app.command("fetch")
@examples(
    ("mnistkit datasets fetch fashion-mnist", "31 MB, once"),
    ("mnistkit datasets fetch emnist-letters -q", "without a progress bar"),
    ("MNISTKIT_CACHE=/data mnistkit datasets fetch usps", "to a place of your own"),
)
def fetch_command(name: FetchName, quiet: Quiet = False) -> None:
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
@examples(
    ("mnistkit datasets show mnist", "one test image of each class"),
    ("mnistkit datasets show mnist -n 100 -o mnist.png", "a hundred, as a picture"),
    ("mnistkit datasets show my-digits/ --split train", "what training would see of yours"),
)
def show_command(
    name: DatasetName,
    split: Split = "test",
    count: Count = None,
    out: PictureOut = None,
    skip_bad: SkipBad = False,
    quiet: Quiet = False,
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
