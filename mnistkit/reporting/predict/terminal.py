"""Recognised pictures in the terminal: one drawn beside its probabilities, many as lines with a summary."""

from __future__ import annotations

from itertools import zip_longest

from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from mnistkit.inference.answers import Answer, Verdict
from mnistkit.numbers import percentage
from mnistkit.reporting.console import can_show, drawing_width
from mnistkit.reporting.image_grid import picture_lines
from mnistkit.reporting.names import escaped
from mnistkit.reporting.predict import text

DEFAULT_TOP = 3
"""How many classes are shown of a picture where nothing else is asked for."""

_GAP = 3
_LONGEST_BAR = 40
_SHARE_COLUMNS = len("100.00 %")
# From a whole cell down to an eighth of one.
_EIGHTHS = "█▉▊▋▌▍▎▏"
_WITH_TILE = (Verdict.DIGIT, Verdict.UNSURE, Verdict.NOT_A_DIGIT)


def print_answer(console: Console, answer: Answer, top: int = DEFAULT_TOP) -> None:
    """Print one picture as the model sees it, and beside it a bar for each of the ``top`` classes."""
    style = "bold" if answer.verdict is Verdict.DIGIT else "bold yellow"
    console.print(Text(f"{escaped(answer.name)}: {text.sentence(answer)}", style=style))
    if answer.verdict in _WITH_TILE:
        console.print()
        width = answer.picture.tile.shape[1]
        bars = _bars(console, answer.ranking[:top], drawing_width(console) - width - _GAP)
        picture = picture_lines(console, answer.picture.tile)
        lines = [Text()] * max(0, (len(picture) - len(bars)) // 2) + bars
        for left, right in zip_longest(picture, lines, fillvalue=Text()):
            line = left.copy()
            line.pad_right(width + _GAP - len(line))
            line.append_text(right)
            line.rstrip()
            console.print(line, no_wrap=True, crop=True, overflow="crop")
        console.print()
    if answer.verdict is Verdict.UNSURE:
        console.print(text.rule(answer.calibration), style="dim")
    for note in answer.picture.notes:
        console.print(note, style="dim")
    if answer.verdict is not Verdict.DIGIT and not answer.picture.steps:
        console.print("--explain FILE.png draws how the picture was read, step by step", style="dim")


def _bars(console: Console, ranking: tuple[tuple[str, float], ...], columns: int) -> list[Text]:
    """Return a line for each class: its name, a bar as long as it is probable, its probability."""
    names = max((cell_len(name) for name, _ in ranking), default=0)
    longest = max(1, min(_LONGEST_BAR, columns - names - _SHARE_COLUMNS - 4))
    lines = []
    for place, (name, share) in enumerate(ranking):
        line = Text(" " * (names - cell_len(name)) + name, style="bold" if place == 0 else "")
        line.append("  ")
        line.append(_bar(console, share, longest), style="cyan" if place == 0 else "dim cyan")
        line.append(" " * (longest + names + 2 - line.cell_len))
        line.append(f"  {percentage(share):>{_SHARE_COLUMNS}}")
        lines.append(line)
    return lines


def _bar(console: Console, share: float, longest: int) -> str:
    if not can_show(console, _EIGHTHS):
        return "#" * round(share * longest)
    cells, eighths = divmod(round(share * longest * 8), 8)
    return _EIGHTHS[0] * cells + (_EIGHTHS[8 - eighths] if eighths else "")


def print_line(console: Console, answer: Answer, top: int = 1) -> None:
    """Print one of many pictures in a line: answer, probability, path; the answer first, as it is the shortest."""
    style = "bold" if answer.verdict is Verdict.DIGIT else "yellow"
    # A probability beside "not-a-digit" would read as that of its being none.
    ranking = () if answer.verdict is Verdict.NOT_A_DIGIT else answer.ranking
    share = percentage(ranking[0][1], 1) if ranking else ""
    line = Text(f"{escaped(answer.word):<11}", style=style)
    line.append(f" {share:>7}  ", style="none")
    line.append(escaped(answer.name), style="none")
    others = ", ".join(f"{name} {percentage(share, 1)}" for name, share in ranking[1:top])
    remarks = [*([f"then {others}"] if others else []), *answer.picture.notes]
    if remarks:
        line.append(f"  ({'; '.join(remarks)})", style="dim")
    console.print(line, soft_wrap=True)


def print_summary(console: Console, summary: text.Summary) -> None:
    """Print how many pictures there were, of which kind."""
    console.print()
    for line in summary.lines():
        console.print(line, style="bold")
