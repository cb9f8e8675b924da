"""Every error mnistkit raises on purpose has the documented exit code."""

from __future__ import annotations

import inspect

import pytest

from mnistkit import exceptions
from mnistkit.exceptions import MnistkitError

KINDS = [kind for _, kind in inspect.getmembers(exceptions, inspect.isclass) if issubclass(kind, MnistkitError)]
CODES = {
    "UsageError": 2,
    "UnknownNameError": 2,
    "RecipeError": 2,
    "DeviceError": 2,
    "ThresholdNotMetError": 3,
    "SomeInputsFailedError": 3,
    "InterruptedRunError": 130,
}


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_exit_codes(kind: type[MnistkitError]) -> None:
    assert kind("x").exit_code == CODES.get(kind.__name__, 1)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_message_and_hint_are_kept(kind: type[MnistkitError]) -> None:
    error = kind("what happened", hint="what to do")
    assert (str(error), error.message, error.hint) == ("what happened", "what happened", "what to do")
    assert kind("x").hint is None


def test_a_message_is_one_line_whatever_a_name_holds() -> None:
    error = MnistkitError("no file 'a\nb\x1b[31m'", hint="type\tthis")
    assert str(error) == error.message == "no file 'a?b?[31m'"
    assert error.hint == "type?this"
