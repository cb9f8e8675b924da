"""Misclassified images on standard output: in a terminal's window with the summary last, or as rows on a pipe."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.console import Console

from mnistkit.evaluation.results.errors import ErrorsResult
from mnistkit.reporting import console as consoles
from mnistkit.reporting.errors import text
from mnistkit.reporting.errors.rows import rows
from mnistkit.reporting.errors.window import Part, Window
from mnistkit.reporting.image_grid import can_show_greys
from mnistkit.reporting.wrapping import print_text, wrapped


def print_errors(console: Console, result: ErrorsResult) -> None:
    """Print the misclassified images.

    A terminal gets as many as fit into its window, or as many as were asked for, and the summary last. A pipe gets
    a row for each, and the summary goes to standard error.
    """
    if console.is_terminal:
        _print_window(console, result)
        return
    for row in rows(result):
        # Rich would make spaces of the tabs.
        console.file.write(row + "\n")
    for line, _ in _facts(result):
        consoles.note(line)
    for section in result.sections:
        consoles.note(text.heading(result, section) + text.shown(section, len(section.misclassifications)))
    if not any(section.total for section in result.sections):
        consoles.note(text.nothing(result))


def _print_window(console: Console, result: ErrorsResult) -> None:
    window = Window(console, result)
    parts = window.whole()
    if result.selection.limit is None and parts:
        # The prompt takes the last line.
        room = (
            console.height - 1 - _height(console, _summary(console, result, parts, is_partial=True, can_draw=True))
        )
        parts = window.fitting(room)
    for part in parts:
        window.print(part)
    is_partial = any(window.is_partial(part) for part in parts)
    for line, style in _summary(console, result, parts, is_partial=is_partial, can_draw=window.can_draw):
        print_text(console, line, style, hang="  ")


def _height(console: Console, lines: Sequence[tuple[str, str]]) -> int:
    return sum(len(wrapped(line, console.width, "  ")) for line, _ in lines)


def _summary(
    console: Console, result: ErrorsResult, parts: Sequence[Part], *, is_partial: bool, can_draw: bool
) -> list[tuple[str, str]]:
    """Return the lines below the images, each with its style; if not all are shown, the last says how to."""
    lines = [*_facts(result)]
    if result.explained and any(part.has_pictures for part in parts):
        lines.append((text.legend(coloured=can_show_greys(console)), "dim"))
    if not parts:
        return [*lines, (text.nothing(result), "bold")]
    empty = [section for section in result.sections if not section.total]
    lines.extend((text.heading(result, section), "") for section in empty)
    lines.extend((line, "dim") for line in text.footnotes([image for part in parts for image in part.chosen]))
    if is_partial:
        most, verb = max(section.total for section in result.sections), "draws" if can_draw else "shows"
        lines.append(
            (f"--limit {most} {verb} all of them, --out FILE.html, .png, .csv or .json writes them", "dim")
        )
    return lines


def _facts(result: ErrorsResult) -> Iterator[tuple[str, str]]:
    """Yield what was run and how good it is, each line with its style."""
    yield text.headline(result), "bold"
    for line in text.accuracies(result):
        yield line, ""
    if result.cross_validation is not None:
        yield text.method(result), "dim"
