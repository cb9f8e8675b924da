"""Figures that mnistkit drew are known again in every format, and nothing else is taken for one."""

from __future__ import annotations

from pathlib import Path

import pytest
from matplotlib.figure import Figure
from PIL import Image

from mnistkit.own_figures import METADATA, is_own_figure
from mnistkit.reporting.figures import SUFFIXES, figure_file


@pytest.mark.parametrize("suffix", [*SUFFIXES, ".PNG"])
def test_a_figure_is_known_again(suffix: str) -> None:
    path = Path(f"figure{suffix}")
    with figure_file(path, 8, 8, "a title") as figure:
        figure.subplots().plot([1, 2])
    assert is_own_figure(path)


def test_every_format_of_figures_has_a_mark() -> None:
    assert set(METADATA) == set(SUFFIXES)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_figure_of_someone_else_is_not(suffix: str) -> None:
    path = Path(f"figure{suffix}")
    Figure().savefig(path)
    assert not is_own_figure(path)


def test_explanations_of_earlier_versions_are_known_by_their_name_as_well() -> None:
    Figure().savefig("x.explained.png")
    assert is_own_figure(Path("x.explained.png"))
    Image.new("L", (20, 20)).save("mine.explained.png")
    assert not is_own_figure(Path("mine.explained.png"))


@pytest.mark.parametrize("name", ["gone.png", "folder.png", "x.txt", "null\0byte.png"])
def test_what_cannot_be_read_is_none(name: str) -> None:
    Path("folder.png").mkdir()
    Path("x.txt").write_bytes(b"tEXtSoftware\0mnistkit")
    assert not is_own_figure(Path(name))
