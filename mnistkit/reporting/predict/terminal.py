"""Recognised pictures in the terminal: one drawn beside its probabilities, many as lines with a summary."""

from __future__ import annotations

from itertools import zip_longest

from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from mnistkit.inference.answers import DEFAULT_TOP, Answer, Verdict
from mnistkit.numbers import probability
from mnistkit.reporting.console import can_show, drawing_width
from mnistkit.reporting.image_grid import picture_lines
from mnistkit.reporting.names import escaped
from mnistkit.reporting.predict import text
from mnistkit.reporting.wrapping import print_text, shortened

_GAP = 3
_LONGEST_BAR = 40
_LEAST_BAR = 8
_SHARE_COLUMNS = len("100.0 %")
# Columns of the longest answer without digits: "not-a-digit".
_WORD_COLUMNS = 11
# What is said about a picture goes below its name where less than this is left beside it.
_LEAST_REMARK = 20
# Legible on light and dark terminals alike, which yellow is not.
_REFUSED = "magenta"
# From a whole cell down to an eighth of one.
_EIGHTHS = "█▉▊▋▌▍▎▏"
_WITH_TILE = (Verdict.DIGIT, Verdict.UNSURE, Verdict.NOT_A_DIGIT)


def print_answer(console: Console, answer: Answer, top: int = DEFAULT_TOP) -> None:
    """Print one picture as the model sees it, and beside it a bar for each of the ``top`` classes."""
    style = "bold" if answer.verdict is Verdict.DIGIT else f"bold {_REFUSED}"
    print_text(console, f"{escaped(answer.name)}: {text.sentence(answer)}", style)
    if answer.verdict in _WITH_TILE:
        console.print()
        for line in _drawing(console, answer, top):
            console.print(line, no_wrap=True, crop=True, overflow="crop")
        console.print()
    if answer.verdict is Verdict.UNSURE:
        print_text(console, text.rule(answer.calibration), "dim")
    for note in answer.picture.notes:
        print_text(console, note, "dim")
    if answer.verdict is not Verdict.DIGIT and not answer.picture.steps:
        print_text(console, "--explain FILE.png draws how the picture was read, step by step", "dim")


def _drawing(console: Console, answer: Answer, top: int) -> list[Text]:
    """Return the lines of the tile and of the bars, which stand beside it or, on a narrow screen, below it."""
    picture = picture_lines(console, answer.picture.tile)
    ranking, width = answer.ranking[:top], answer.picture.tile.shape[1]
    beside = drawing_width(console) - width - _GAP
    if beside < _columns_of(ranking) + _LEAST_BAR:
        return [*picture, Text(), *_bars(console, ranking, drawing_width(console))]
    bars = _bars(console, ranking, beside)
    bars = [Text()] * max(0, (len(picture) - len(bars)) // 2) + bars
    lines = []
    for left, right in zip_longest(picture, bars, fillvalue=Text()):
        line = left.copy()
        line.pad_right(width + _GAP - len(line))
        line.append_text(right)
        line.rstrip()
        lines.append(line)
    return lines


def _columns_of(ranking: tuple[tuple[str, float], ...]) -> int:
    """Return the columns of a line of bars that the bar has not."""
    return max((cell_len(name) for name, _ in ranking), default=0) + _SHARE_COLUMNS + 4


def _bars(console: Console, ranking: tuple[tuple[str, float], ...], columns: int) -> list[Text]:
    """Return a line for each class: its name, a bar as long as it is probable, its probability."""
    names = max((cell_len(name) for name, _ in ranking), default=0)
    longest = max(1, min(_LONGEST_BAR, columns - _columns_of(ranking)))
    lines = []
    for place, (name, share) in enumerate(ranking):
        line = Text(" " * (names - cell_len(name)) + name, style="bold" if place == 0 else "")
        line.append("  ")
        line.append(_bar(console, share, longest), style="cyan" if place == 0 else "dim cyan")
        line.append(" " * (longest + names + 2 - line.cell_len))
        line.append(f"  {probability(share):>{_SHARE_COLUMNS}}")
        lines.append(line)
    return lines


def _bar(console: Console, share: float, longest: int) -> str:
    if not can_show(console, _EIGHTHS):
        return "#" * round(share * longest)
    cells, eighths = divmod(round(share * longest * 8), 8)
    return _EIGHTHS[0] * cells + (_EIGHTHS[8 - eighths] if eighths else "")


def print_line(console: Console, answer: Answer, top: int = 1) -> None:
    """Print one of many pictures in a line: answer, probability, path; the answer first, as it is the shortest.

    A path without room is shortened in its middle, and what is to be said of the picture goes below it.
    """
    # A probability beside "not-a-digit" would read as that of its being none.
    ranking = () if answer.verdict is Verdict.NOT_A_DIGIT else answer.ranking
    share = probability(ranking[0][1]) if ranking else ""
    line = Text()
    line.append(f"{escaped(answer.word):<{_WORD_COLUMNS}}", "bold" if answer.digit else _REFUSED)
    line.append(f" {share:>{_SHARE_COLUMNS}}  ")
    room = console.width - line.cell_len
    line.append(shortened(escaped(answer.name), room))
    remarks = _remarks(answer, ranking[1:top])
    if cell_len(f"  {remarks}") <= console.width - line.cell_len:
        line.append(f"  {remarks}" if remarks else "", "dim")
        remarks = ""
    console.print(line, soft_wrap=True)
    if remarks:
        indent = " " * (console.width - room if room >= _LEAST_REMARK else 2)
        print_text(console, indent + remarks, "dim")


def _remarks(answer: Answer, others: tuple[tuple[str, float], ...]) -> str:
    ranked = ", ".join(f"{name} with {probability(share)}" for name, share in others)
    remarks = [*([f"then {ranked}"] if ranked else []), *answer.picture.notes]
    return f"({'; '.join(remarks)})" if remarks else ""


def print_summary(console: Console, summary: text.Summary) -> None:
    """Print how many pictures there were, of which kind."""
    console.print()
    for line in summary.lines():
        print_text(console, line, "bold")
