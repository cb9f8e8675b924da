"""Checkpoints carry the program of their architecture, and a training is not lost where there can be none."""

from __future__ import annotations

import pytest

from mnistkit.exceptions import LoweringError
from mnistkit.export import lower
from mnistkit.export.lower import lower_architecture
from mnistkit.workflows.programs import with_program
from tests.support.checkpoints import description


def test_a_description_gets_the_program_of_its_architecture_and_classes() -> None:
    lines: list[str] = []
    found = with_program(description(classes=("a", "b", "c")), lines.append)
    assert found.program == lower_architecture("lenet5", 3).to_dict()
    assert not lines


def test_without_a_program_it_stays_as_it_is_and_that_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(name: str, num_classes: int) -> None:
        raise LoweringError(f"'{name}' cannot be lowered to a program: layer '0' uses mish")

    monkeypatch.setattr(lower, "lower_architecture", refuse)
    lines: list[str] = []
    assert with_program(description(), lines.append) == description()
    assert lines == ["'lenet5' cannot be lowered to a program: layer '0' uses mish; predict needs torch for it"]
