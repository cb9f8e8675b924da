"""What ``mnistkit datasets`` shows: the list of datasets, a download's outcome, and sample images."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

from mnistkit.reporting.figures import write_picture_grid
from mnistkit.reporting.image_grid import print_pictures
from mnistkit.reporting.tables import Table, print_table
from mnistkit.reporting.wrapping import print_text

if TYPE_CHECKING:
    from mnistkit.workflows.datasets import DatasetEntry, DatasetList, Fetched, Samples

_FETCHED = {"shipped": "ships with mnistkit", "cached": "is in the cache", "to download": "downloaded"}


def print_datasets(console: Console, result: DatasetList) -> None:
    """Print a line for each dataset."""
    numbers = ["classes", "train", "test"]
    rows = [
        (
            entry.name,
            f"{len(entry.classes)}",
            f"{entry.train_size:,}",
            f"{entry.test_size:,}",
            _where(entry),
            entry.licence,
            entry.title,
        )
        for entry in result.datasets
    ]
    print_table(console, Table(["name", *numbers, "where", "licence", "images"], rows, numbers))


def print_fetched(console: Console, fetched: Fetched) -> None:
    """Print where a dataset lies, and whether it was there before."""
    print_text(
        console,
        f"{fetched.name} {_FETCHED[fetched.before]}: {fetched.train:,} training and {fetched.test:,} test images "
        f"in {fetched.location}",
    )


def print_samples(console: Console, samples: Samples) -> None:
    """Print images with their captions."""
    print_text(console, samples.title, "bold")
    print_pictures(console, samples.images, samples.captions)


def write_samples(path: Path, samples: Samples) -> None:
    """Write images with their captions as a figure, in the format that the suffix of ``path`` names.

    Raises:
        OutputError: the file cannot be written.
    """
    write_picture_grid(path, samples.images, samples.captions, samples.title)


def _where(entry: DatasetEntry) -> str:
    if entry.status == "to download":
        return f"download {entry.download_size / 1e6:.0f} MB"
    return entry.status
