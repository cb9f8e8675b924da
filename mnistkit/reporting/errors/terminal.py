"""Mistakes in the terminal: the images themselves, each with what it is and what it was taken for."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from rich.console import Console

from mnistkit.evaluation.errors import ErrorsResult
from mnistkit.evaluation.misclassified import Judgement, Mistake, Section
from mnistkit.reporting.console import can_show
from mnistkit.reporting.errors import text as words
from mnistkit.reporting.errors.attribution import beside, reading
from mnistkit.reporting.image_grid import can_show_greys, print_pictures

UNASKED_LIMIT = 12
"""How many images of each section are shown where no limit was asked for: about two screens."""


def print_errors(console: Console, result: ErrorsResult) -> None:
    """Print the mistakes, as many in a row as fit, and below them what marks and colours mean."""
    console.print(words.headline(result), style="bold")
    for line in words.accuracies(result):
        console.print(line)
    if result.cross_validation is not None:
        console.print(words.method(result), style="dim")
    if result.explained:
        console.print(reading(coloured=can_show_greys(console)), style="dim")
    if not any(section.total for section in result.sections):
        console.print()
        console.print(words.nothing(result), style="bold")
        return
    for section in result.sections:
        _print_section(console, result, section)
    for line in _notes(result):
        console.print(line, style="dim")


def first_of(result: ErrorsResult, section: Section, unasked: int) -> tuple[Mistake, ...]:
    """Return the mistakes of a section to show: the first ``unasked`` ones, unless a limit was asked for."""
    return section.mistakes if result.selection.limit is not None else section.mistakes[:unasked]


def entries(result: ErrorsResult, mistakes: tuple[Mistake, ...]) -> Iterator[tuple[Mistake, Judgement | None]]:
    """Yield what gets a picture of its own: each mistake, or, with heat maps, what each model says of it."""
    for mistake in mistakes:
        if result.explained is None:
            yield mistake, None
        else:
            yield from ((mistake, each) for each in mistake.judgements)


def picture(mistake: Mistake, judgement: Judgement | None) -> np.ndarray:
    """Return a mistake's image, with the heat map of a judgement beside it if there is one."""
    if judgement is None or judgement.heat is None:
        return mistake.pixels
    return beside(mistake.pixels, judgement.heat)


def _print_section(console: Console, result: ErrorsResult, section: Section) -> None:
    chosen = first_of(result, section, UNASKED_LIMIT)
    console.print()
    console.print(words.heading(result, section) + words.shown(section, len(chosen)), style="bold")
    console.print()
    if not chosen:
        return
    shown = list(entries(result, chosen))
    images = np.stack([picture(*entry) for entry in shown])
    arrow = _arrow(console)
    captions = [words.pack(words.tokens(result, *entry, arrow), images.shape[2]) for entry in shown]
    print_pictures(console, images, captions)
    console.print()


def _notes(result: ErrorsResult) -> Iterator[str]:
    chosen = [first_of(result, section, UNASKED_LIMIT) for section in result.sections]
    yield from words.footnotes([mistake for mistakes in chosen for mistake in mistakes])
    most = max(section.total for section in result.sections)
    if max(map(len, chosen)) < most:
        yield f"--limit {most} shows all of them, --out FILE.html, .png, .csv or .json writes them"


def _arrow(console: Console) -> str:
    return words.ARROW if can_show(console, words.ARROW) else words.ASCII_ARROW
