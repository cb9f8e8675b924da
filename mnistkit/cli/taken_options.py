"""Giving a command all options of another one, which stay declared in one place."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection
from typing import Any, TypeVar, get_type_hints

F = TypeVar("F", bound=Callable[..., Any])


def with_options_of(other: Callable[..., Any], without: Collection[str] = ()) -> Callable[[F], F]:
    """Give the decorated command function the options of ``other`` besides its own.

    Args:
        other: Another command's function.
        without: Names of its parameters that are left out.

    Returns:
        A decorator for a function that takes them as ``**options``, by the names that they have there.
    """

    def decorate(function: F) -> F:
        own, taken = _parameters(function), _parameters(other)
        parameters = [
            *(each for each in own if each.kind is not inspect.Parameter.VAR_KEYWORD),
            *(each for each in taken if each.name not in {*without, *(one.name for one in own)}),
        ]
        function.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
        function.__annotations__ = {each.name: each.annotation for each in parameters}
        return function

    return decorate


def _parameters(function: Callable[..., Any]) -> list[inspect.Parameter]:
    """Return the parameters of a function, their annotations evaluated in its own module."""
    hints = get_type_hints(function, include_extras=True)
    return [
        each.replace(annotation=hints.get(each.name, each.annotation))
        for each in inspect.signature(function).parameters.values()
    ]
