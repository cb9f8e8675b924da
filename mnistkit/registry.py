"""The one registry class: names to things, with close matches for names that are not there."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Generic, TypeVar

from mnistkit.exceptions import UnknownNameError

T = TypeVar("T")
# How much of a mistaken name is repeated to the user.
_LONGEST = 60
# How many names are listed at most where none is close.
_LONGEST_LIST = 20
# How many names are suggested at most, and how many letters of a name must be right for one mistake.
_MOST = 3
_LETTERS_PER_MISTAKE = 3


def shorten(text: str) -> str:
    """Return a mistaken name as messages repeat it: whole, or its beginning and its end."""
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST // 3]}...{text[-2 * _LONGEST // 3 :]}"


def close_names(name: str, known: Iterable[str]) -> list[str]:
    """Return those ``known`` names that ``name`` was probably meant to be, the likeliest first; none is common.

    They begin with it or have it as one of their parts ("emnist" of "emnist-letters"); or else a third of its
    letters at most is wrong, missing, too many or swapped.
    """
    wanted, names = name.lower(), list(known)
    letters = len(wanted.lstrip("-"))
    if letters >= _LETTERS_PER_MISTAKE:
        beginning = [each for each in names if each.lower().startswith(wanted)]
        part = [each for each in names if wanted in re.split(r"[-._/]", each.lower())]
        if found := beginning or part:
            return found[:_MOST]
    allowed = min(letters // _LETTERS_PER_MISTAKE, _MOST)
    mistakes = {each: _mistakes(wanted, each.lower()) for each in names if abs(len(each) - len(wanted)) <= allowed}
    fewest = min(mistakes.values(), default=allowed + 1)
    return [each for each, count in mistakes.items() if count == fewest <= allowed][:_MOST]


def _mistakes(typed: str, meant: str) -> int:
    """Return how many letters are to be put in, taken out, replaced or swapped with the next to get ``meant``."""
    before: list[int] = []
    last = list(range(len(meant) + 1))
    for row, letter in enumerate(typed, 1):
        line = [row]
        for column, other in enumerate(meant, 1):
            cost = min(last[column] + 1, line[-1] + 1, last[column - 1] + (letter != other))
            is_swapped = row > 1 and column > 1 and letter == meant[column - 2] and typed[row - 2] == other
            line.append(min(cost, before[column - 2] + 1) if is_swapped else cost)
        before, last = last, line
    return last[-1]


def unknown_name(kind: str, name: str, known: Iterable[str], *, hint: str | None = None) -> UnknownNameError:
    """Return the error for a ``name`` that is not among the ``known`` ones of its ``kind``.

    The message names the close matches where there are some, and otherwise every known name, if they are few.
    """
    names = list(known)
    close = [f"'{each}'" for each in close_names(name, names)]
    if close:
        suggestion = f"; did you mean {either(close)}?"
    else:
        suggestion = f"; known: {', '.join(names)}" if len(names) <= _LONGEST_LIST else ""
    return UnknownNameError(f"unknown {kind} '{shorten(name)}'{suggestion}", hint=hint)


def either(names: list[str]) -> str:
    """Return names as a choice: "a, b or c"."""
    return " or ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def check_name(kind: str, name: str, known: Iterable[str]) -> str:
    """Return ``name`` if it is among the ``known`` ones of its ``kind``.

    Raises:
        UnknownNameError: it is not; the message holds the closest match.
    """
    names = list(known)
    if name not in names:
        raise unknown_name(kind, name, names)
    return name


class Registry(Generic[T]):
    """Maps public names to values of one kind.

    Args:
        kind: What the values are, in the singular, for messages ("architecture", "dataset").
        hint: What to type to see all names, added to the error for an unknown one.
    """

    def __init__(self, kind: str, *, hint: str | None = None) -> None:
        self.kind = kind
        self._hint = hint
        self._values: dict[str, T] = {}

    def register(self, name: str, value: T) -> T:
        """Add ``value`` under ``name`` and return it.

        Raises:
            ValueError: ``name`` is taken; silently replacing an entry would hide a mistake.
        """
        if name in self._values:
            raise ValueError(f"{self.kind} '{name}' is registered twice")
        self._values[name] = value
        return value

    def names(self) -> tuple[str, ...]:
        """Return all names in alphabetical order."""
        return tuple(sorted(self._values))

    def get(self, name: str) -> T:
        """Return the value registered under ``name``.

        Raises:
            UnknownNameError: no such name; the message holds the closest match.
        """
        try:
            return self._values[name]
        except KeyError:
            raise unknown_name(self.kind, name, self.names(), hint=self._hint) from None

    def __contains__(self, name: object) -> bool:
        return name in self._values

    def __len__(self) -> int:
        return len(self._values)


def brief(classes: Sequence[str], longest: int = 12) -> str:
    """Return the class names, the middle ones left out where there are many."""
    if len(classes) <= longest:
        return ", ".join(classes)
    return f"{', '.join(classes[:3])} ... {classes[-1]}, {len(classes)} in all"
