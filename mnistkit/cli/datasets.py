"""``mnistkit datasets``: list the datasets, download one, look at one."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mnistkit.cli.options import DatasetName, Json, SkipBad, Split, complete_dataset
from mnistkit.exceptions import UsageError

if TYPE_CHECKING:
    from mnistkit.workflows.datasets import DatasetEntry, Fetched

app = typer.Typer(help="List the datasets, download or show one.", invoke_without_command=True)

# Columns from which there is room to say what is in each dataset.
_TITLES_WIDTH = 119

FetchName = Annotated[
    str,
    typer.Argument(
        metavar="NAME", help="Dataset to download.", autocompletion=complete_dataset, show_default=False
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
    from mnistkit.reporting.console import print_json
    from mnistkit.workflows.datasets import SCHEMA, list_datasets

    entries = list_datasets()
    if json:
        print_json({"datasets": [asdict(entry) for entry in entries]}, SCHEMA)
    else:
        _print_list(entries)


@app.command("fetch")
def fetch_command(name: FetchName) -> None:
    """Download a dataset into the cache, or say that it is there."""
    from mnistkit.data import get_dataset_info
    from mnistkit.data.base import LoadOptions
    from mnistkit.reporting.progress import LoadProgress
    from mnistkit.workflows.datasets import fetch_dataset

    get_dataset_info(name)
    with LoadProgress() as progress:
        fetched = fetch_dataset(name, LoadOptions(progress=progress, warn=progress.warn))
    _print_fetched(fetched)


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
    from mnistkit.data.base import LoadOptions
    from mnistkit.reporting import console, figures
    from mnistkit.reporting.image_grid import print_pictures
    from mnistkit.reporting.progress import LoadProgress
    from mnistkit.workflows.datasets import check_request, sample_dataset

    check_request(name, split, count)
    if out is not None:
        figures.check_figure_path(out)
    with LoadProgress() as progress:
        options = LoadOptions(skip_bad=skip_bad, progress=progress, warn=progress.warn)
        samples = sample_dataset(name, split, count, options)
    stdout = console.stdout()
    stdout.print(samples.title, style="bold", soft_wrap=True)
    print_pictures(stdout, samples.images, samples.captions)
    if out is not None:
        figures.write_picture_grid(out, samples.images, samples.captions, samples.title)
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


def _print_list(entries: list[DatasetEntry]) -> None:
    from mnistkit.reporting.console import stdout
    from mnistkit.reporting.tables import make_table

    console = stdout()
    numbers = ["classes", "train", "test"]
    titles = ["images"] if console.width >= _TITLES_WIDTH else []
    table = make_table(["name", *numbers, "where", "licence", *titles], numbers=numbers)
    for entry in entries:
        counts = (f"{len(entry.classes)}", f"{entry.train_size:,}", f"{entry.test_size:,}")
        table.add_row(entry.name, *counts, _where(entry), entry.licence, *([entry.title] if titles else []))
    console.print(table)


def _where(entry: DatasetEntry) -> str:
    if entry.status == "to download":
        return f"download {entry.download_size / 1e6:.0f} MB"
    return entry.status


def _print_fetched(fetched: Fetched) -> None:
    from mnistkit.reporting.console import stdout

    words = {"shipped": "ships with mnistkit", "cached": "is in the cache", "to download": "downloaded"}
    stdout().print(
        f"{fetched.name} {words[fetched.before]}: {fetched.train:,} training and {fetched.test:,} test images "
        f"in {fetched.location}",
        soft_wrap=True,
    )
