"""The benchmarks still run: published figures come from them, and nothing else calls them."""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path

import pytest

from tests.benchmarks import pictures
from tests.support.picture_generator import STYLES, SURROUNDED, WITHOUT_DIGIT

FOLDER = Path(__file__).parent / "benchmarks"


@pytest.mark.parametrize("name", sorted(path.stem for path in FOLDER.glob("*.py")))
def test_every_benchmark_finds_what_it_imports(name: str) -> None:
    assert callable(import_module(f"tests.benchmarks.{name}").main)


def test_the_figures_for_generated_pictures_are_stated(
    checkpoint: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["pictures.py", str(checkpoint), "--each", "1", "--largest", "200"])
    pictures.main()
    lines = capsys.readouterr().out.splitlines()
    shown = {line[:12].strip(): line[12:].split() for line in lines}
    for kind in (*STYLES, *WITHOUT_DIGIT, *SURROUNDED, "several"):
        assert shown[kind][0] == "1"
    right = sum(float(shown[style][1]) for style in STYLES)
    assert f"single digits right: {right / len(STYLES):.4f} of {len(STYLES)}" in lines
