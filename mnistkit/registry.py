"""The one registry class: names to things, with close matches for names that are not there."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from typing import Generic, TypeVar

from mnistkit.exceptions import UnknownNameError

T = TypeVar("T")
# How much of a mistaken name is repeated to the user.
_LONGEST = 60


def unknown_name(kind: str, name: str, known: Iterable[str], *, hint: str | None = None) -> UnknownNameError:
    """Return the error for a ``name`` that is not among the ``known`` ones of its ``kind``.

    The message names the closest match where there is one, and otherwise every known name.
    """
    names = list(known)
    matches = get_close_matches(name.lower(), names, n=1, cutoff=0.5)
    suggestion = f"did you mean '{matches[0]}'?" if matches else f"known: {', '.join(names)}"
    shown = name if len(name) <= _LONGEST else f"{name[:_LONGEST]}..."
    return UnknownNameError(f"unknown {kind} '{shown}'; {suggestion}", hint=hint)


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
