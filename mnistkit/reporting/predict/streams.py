"""Recognised pictures on standard output: for people on a terminal, for programs in the form they ask for."""

from __future__ import annotations

import csv
import sys
from collections.abc import Callable
from typing import Any, Protocol

from mnistkit.inference.answers import DEFAULT_TOP, LINE_SCHEMA, SCHEMA, Answer, Failure, answers_document
from mnistkit.json_text import json_line, json_text
from mnistkit.reporting import console as consoles
from mnistkit.reporting.names import escaped
from mnistkit.reporting.predict import terminal
from mnistkit.reporting.predict.text import Summary
from mnistkit.workflows.predict import PredictRun


class Stream(Protocol):
    """Takes results one after the other."""

    def add(self, result: Answer | Failure) -> None:
        """Take the next result."""

    def close(self) -> None:
        """Write what stands after the last result."""


def make_stream(run: PredictRun, form: str | None, clear: Callable[[], None]) -> Stream:
    """Return where results go.

    Args:
        run: What they are results of.
        form: "json", "jsonl" or "csv"; None for what standard output is made for: a terminal gets pictures, a pipe
            tab-separated values.
        clear: Removes a progress bar from the terminal before something is printed there.
    """
    top = run.config.top
    if form == "json":
        return _Json(run, top or DEFAULT_TOP)
    if form == "jsonl":
        return _JsonLines(top or DEFAULT_TOP)
    if form == "csv":
        return _Csv(top or DEFAULT_TOP)
    # Asked of the stream itself: a console also counts as a terminal where colours are merely forced.
    if sys.stdout.isatty():
        return _Terminal(run, top, clear)
    return _TabSeparated(top or 1)


class _Terminal:
    def __init__(self, run: PredictRun, top: int | None, clear: Callable[[], None]) -> None:
        self._run, self._top, self._clear = run, top, clear
        self._console, self._summary = consoles.stdout(), Summary()

    def add(self, result: Answer | Failure) -> None:
        self._summary.add(result if isinstance(result, Answer) else None)
        if isinstance(result, Failure):
            return
        self._clear()
        if len(self._run.inputs) == 1:
            top = self._top or DEFAULT_TOP
            terminal.print_answer(self._console, result, top)
        else:
            terminal.print_line(self._console, result, self._top or 1)

    def close(self) -> None:
        if len(self._run.inputs) > 1:
            self._clear()
            terminal.print_summary(self._console, self._summary)


class _TabSeparated:
    """Path, answer (:attr:`Answer.word`) and probability, then as many more pairs of both as asked for.

    The probability is that of the most probable class, and empty where no class was considered. Pictures that
    cannot be read have no line.
    """

    def __init__(self, top: int) -> None:
        self._top = top

    def add(self, result: Answer | Failure) -> None:
        if isinstance(result, Answer):
            share = "" if result.probability is None else f"{result.probability:.6f}"
            others = [text for pair in _padded(result.ranking[1 : self._top], self._top - 1) for text in pair]
            values = [escaped(result.name), escaped(result.word), share, *others]
            sys.stdout.write("\t".join(values) + "\n")

    def close(self) -> None:
        """Nothing follows."""


class _Csv:
    def __init__(self, top: int) -> None:
        self._top = top
        self._writer = csv.writer(sys.stdout, lineterminator="\n")
        ranks = [f"{name}_{place}" for place in range(2, top + 1) for name in ("guess", "probability")]
        self._columns = ["path", "verdict", "digit", "guess", "probability", "count", "width", "height"]
        self._writer.writerow([*self._columns, *ranks, "notes", "error"])

    def add(self, result: Answer | Failure) -> None:
        values: dict[str, Any] = {**result.to_json(self._top), "path": escaped(result.name)}
        others = result.ranking[1 : self._top] if isinstance(result, Answer) else ()
        ranks = [text for pair in _padded(others, self._top - 1) for text in pair]
        notes = "; ".join(values.get("notes", ()))
        row = [values.get(name) for name in self._columns]
        self._writer.writerow([*row, *ranks, notes, values.get("error")])

    def close(self) -> None:
        """Nothing follows."""


class _JsonLines:
    def __init__(self, top: int) -> None:
        self._top = top

    def add(self, result: Answer | Failure) -> None:
        sys.stdout.write(json_line(result.to_json(self._top), LINE_SCHEMA))

    def close(self) -> None:
        """Nothing follows."""


class _Json:
    def __init__(self, run: PredictRun, top: int) -> None:
        self._run, self._top = run, top
        self._pictures: list[dict[str, Any]] = []

    def add(self, result: Answer | Failure) -> None:
        self._pictures.append(result.to_json(self._top))

    def close(self) -> None:
        found = self._run.checkpoint
        document = answers_document(str(found.path), found.info, self._pictures)
        sys.stdout.write(json_text(document, SCHEMA))


def _padded(ranking: tuple[tuple[str, float], ...], count: int) -> list[tuple[str, str]]:
    """Return ``count`` pairs of texts, empty ones where there is no ranking."""
    pairs = [(escaped(name), f"{share:.6f}") for name, share in ranking]
    return pairs + [("", "")] * (count - len(pairs))
