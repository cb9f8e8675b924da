"""How pictures become tiles, in words."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import pytest

from mnistkit.preparation import CHOICES, INK, KINDS, Preparation


@pytest.mark.parametrize(
    ("kind", "inverted"),
    [("glue", False), ("auto", False), ("ink", True), ("whole", 1), ("tile", None)],
)
def test_what_is_no_preparation(kind: str, inverted: Any) -> None:
    with pytest.raises(ValueError, match="no such preparation"):
        Preparation(kind, inverted)


@pytest.mark.parametrize(
    ("preparation", "text"),
    [(INK, "ink"), (Preparation("tile"), "tile"), (Preparation("whole", inverted=True), "whole, inverted")],
)
def test_it_is_named_explained_and_recorded(preparation: Preparation, text: str) -> None:
    assert str(preparation) == text
    assert preparation.meaning.startswith(KINDS[preparation.kind])
    assert preparation.meaning.endswith("dark and light exchanged") is preparation.inverted
    assert Preparation.of(asdict(preparation)) == preparation


def test_where_nothing_is_recorded_it_is_that_of_ink() -> None:
    assert Preparation.of({}) == INK


@pytest.mark.parametrize(("values", "error"), [({"kind": "x"}, ValueError), ({"colour": "red"}, TypeError)])
def test_other_records_are_refused(values: dict[str, str], error: type[Exception]) -> None:
    with pytest.raises(error):
        Preparation.of(values)


def test_every_kind_and_auto_can_be_asked_for() -> None:
    assert CHOICES == ("auto", "ink", "tile", "whole")
