"""Misclassified images in the terminal: each, each with what it is and what it was taken for."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from rich.console import Console

from mnistkit.evaluation.results.errors import ErrorsResult, Section
from mnistkit.reporting.console import can_show
from mnistkit.reporting.errors import text
from mnistkit.reporting.errors.images import entries, first_of, picture
from mnistkit.reporting.image_grid import can_show_greys, print_pictures

UNASKED_LIMIT = 12
"""How many images of each section are shown where no limit was asked for: about two screens."""


def print_errors(console: Console, result: ErrorsResult) -> None:
    """Print the misclassified images, as many in a row as fit, and below them what marks and colours mean."""
    console.print(text.headline(result), style="bold")
    for line in text.accuracies(result):
        console.print(line)
    if result.cross_validation is not None:
        console.print(text.method(result), style="dim")
    if result.explained:
        console.print(text.legend(coloured=can_show_greys(console)), style="dim")
    if not any(section.total for section in result.sections):
        console.print()
        console.print(text.nothing(result), style="bold")
        return
    for section in result.sections:
        _print_section(console, result, section)
    for line in _notes(result):
        console.print(line, style="dim")


def _print_section(console: Console, result: ErrorsResult, section: Section) -> None:
    chosen = first_of(result, section, UNASKED_LIMIT)
    console.print()
    console.print(text.heading(result, section) + text.shown(section, len(chosen)), style="bold")
    console.print()
    if not chosen:
        return
    shown = list(entries(result, chosen))
    images = np.stack([picture(*entry) for entry in shown])
    arrow = _arrow(console)
    captions = [text.pack(text.tokens(result, *entry, arrow), images.shape[2]) for entry in shown]
    print_pictures(console, images, captions)
    console.print()


def _notes(result: ErrorsResult) -> Iterator[str]:
    chosen = [first_of(result, section, UNASKED_LIMIT) for section in result.sections]
    yield from text.footnotes([image for images in chosen for image in images])
    most = max(section.total for section in result.sections)
    if max(map(len, chosen)) < most:
        yield f"--limit {most} shows all of them, --out FILE.html, .png, .csv or .json writes them"


def _arrow(console: Console) -> str:
    return text.ARROW if can_show(console, text.ARROW) else text.ASCII_ARROW
