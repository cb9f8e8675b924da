"""What is given on the command line stays a text where a text is wanted, without pydantic.

typer converts every value by pydantic, also those that need no conversion; importing that takes as long as numpy.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

# What typer calls for the object that converts a parameter's value; that imports pydantic.
_HOOK = "get_runtime_param"


def spare_conversions(parameters: list[Any]) -> list[Any]:
    """Let typer convert only what is given and is no text already; return the parameters.

    Args:
        parameters: Those of a command, as typer makes them. They stay as they are where it converts otherwise.
    """
    for parameter in parameters:
        convert = getattr(parameter, _HOOK, None)
        if convert is not None and _HOOK not in vars(parameter):
            setattr(parameter, _HOOK, _Sparing(parameter.type_descriptor.annotation, convert).itself)
    return parameters


class _Sparing:
    """Converts as typer does, unless there is nothing to convert."""

    def __init__(self, annotation: Any, convert: Callable[[], Any]) -> None:
        self._annotation, self._convert = annotation, convert

    def itself(self) -> _Sparing:
        """Return what typer asks for: an object with :meth:`coerce`."""
        return self

    def coerce(self, value: Any, param: Any, ctx: Any) -> Any:
        """Return the value of a parameter from what stands on the command line."""
        takes_many = param.multiple or param.nargs == -1
        if value is None and not takes_many:
            return None
        if self._annotation is str and isinstance(value, str):
            return value
        is_texts = isinstance(value, (list, tuple)) and all(isinstance(each, str) for each in value)
        if self._annotation == list[str] and takes_many and is_texts:
            return list(value)
        return self._convert().coerce(value, param=param, ctx=ctx)
