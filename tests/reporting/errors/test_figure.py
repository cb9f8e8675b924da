"""Misclassifications as a figure."""

from __future__ import annotations

import warnings
from pathlib import Path

import pytest
from PIL import Image

from mnistkit.reporting.errors.figure import write_errors_figure
from tests.support.files import check_file
from tests.support.results import errors_result

ODD = ("cat/7.png", "日本語 \U0001f600.png", "\x1b[2J\n.png", "\udcff.png", "$x_1^2.png", "l" * 200 + ".png")


@pytest.mark.parametrize("suffix", [".png", ".svg", ".pdf"])
def test_any_name_can_be_drawn_in_silence(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"errors{suffix}"
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        write_errors_figure(errors_result(("\udcfe", "b", "c"), ("one",), names=ODD), path)
    check_file(path)


def test_names_get_the_room_they_need_but_not_endlessly(tmp_path: Path) -> None:
    def width(name: str) -> int:
        result = errors_result(("a", "b", "c"), ("one",), names=(name,) * 6, explained=None)
        write_errors_figure(result, tmp_path / "errors.png")
        with Image.open(tmp_path / "errors.png") as picture:
            return picture.width

    assert width("1.png") < width("a/img_0012.png") < width("l" * 30) == width("l" * 300)


def test_the_path_stands_in_a_figure(tmp_path: Path) -> None:
    path = tmp_path / "errors.svg"
    write_errors_figure(errors_result(("a", "b", "c"), ("one",), names=("cat/img_0012.png",)), path)
    assert "<!-- cat/img_0012.png -->" in path.read_text(encoding="utf-8")
