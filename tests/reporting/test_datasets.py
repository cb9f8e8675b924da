"""Datasets in the terminal: where each lies, what was fetched, and samples."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mnistkit.data.base import Status
from mnistkit.reporting.datasets import print_datasets, print_fetched, print_samples, write_samples
from mnistkit.workflows.datasets import DatasetEntry, DatasetList, Fetched, Samples
from tests.support.console import console_of, text_on

MNIST = DatasetEntry(
    "mnist", "digits", tuple("0123456789"), 60_000, 10_000, "shipped", 0, "a licence", "somebody", "/lib/mnist"
)
OTHER = DatasetEntry(
    "other", "letters", ("a", "b"), 1234, 56, "to download", 34_567_000, "none", "nobody", "/cache"
)


def shown(width: int) -> list[str]:
    console = console_of(width=width)
    print_datasets(console, DatasetList((MNIST, OTHER, replace(OTHER, name="third", status="cached"))))
    return [" ".join(line.split()) for line in text_on(console).splitlines()]


def test_a_line_tells_sizes_where_the_data_is_and_what_it_shows() -> None:
    lines = shown(120)
    assert "mnist 10 60,000 10,000 shipped a licence digits" in lines
    assert "other 2 1,234 56 download 35 MB none letters" in lines
    assert "third 2 1,234 56 cached none letters" in lines


@pytest.mark.parametrize("width", [40, 80, 120])
def test_what_is_in_them_is_said_at_every_width(width: int) -> None:
    lines = shown(width)
    assert max(map(len, lines)) <= width
    text = " ".join(lines)
    assert text.count("letters") == 2 and text.count("digits") == 1 and "images" in text


@pytest.mark.parametrize(
    ("before", "said"),
    [("shipped", "ships with mnistkit"), ("cached", "is in the cache"), ("to download", "downloaded")],
)
def test_what_was_fetched(before: Status, said: str) -> None:
    console = console_of(width=200)
    print_fetched(console, Fetched("other", before, Path("/cache/other"), 1234, 56))
    assert text_on(console) == f"other {said}: 1,234 training and 56 test images in {Path('/cache/other')}\n"


def test_samples_are_shown_and_written_under_their_title(tmp_path: Path) -> None:
    samples = Samples("a title", np.full((3, 28, 28), 255, np.uint8), ("zero", "one", "two"))
    console = console_of(width=120)
    print_samples(console, samples)
    lines = text_on(console).splitlines()
    assert lines[0] == "a title"
    assert ["zero", "one", "two"] in [line.split() for line in lines]
    write_samples(tmp_path / "samples.svg", samples)
    text = (tmp_path / "samples.svg").read_text(encoding="utf-8")
    # Text is drawn as shapes; each is preceded by a comment that holds it.
    assert all(f"<!-- {each} -->" in text for each in ("a title", "zero", "one", "two"))
