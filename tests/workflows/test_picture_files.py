"""Which pictures are meant by files, folders, patterns and "-"."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from mnistkit.exceptions import UsageError
from mnistkit.inference.answers import Failure
from mnistkit.inference.read_ahead import PictureInput
from mnistkit.reporting.figures import figure_file
from mnistkit.workflows.picture_files import find_pictures


def test_folders_are_searched_in_sorted_order_for_pictures() -> None:
    for name in ("b.png", "a/2.JPG", "a/10.png", "a/b/x.heic", "c.txt", ".hidden.png", ".git/x.png", "readme"):
        path = Path("top", name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    names = [each.name.replace(os.sep, "/") for each in find_pictures(["top"])]
    assert names == ["top/b.png", "top/a/10.png", "top/a/2.JPG", "top/a/b/x.heic"]


def test_patterns_are_expanded_unless_a_file_has_that_name() -> None:
    for name in ("x[1].png", "x1.png", "y/z.png", "x3.txt"):
        Path(name).parent.mkdir(exist_ok=True)
        Path(name).touch()
    assert [each.name for each in find_pictures(["x[1].png"])] == ["x[1].png"]
    assert [each.name for each in find_pictures(["x?.*"])] == ["x1.png", "x3.txt"]
    names = [each.name.replace(os.sep, "/") for each in find_pictures(["**/*.png"])]
    assert names == ["x1.png", "x[1].png", "y/z.png"]


def found(*specs: str) -> list[tuple[str, bool]]:
    """Return the names that are found, and which of them are pictures and no failures."""
    return [(each.name.replace(os.sep, "/"), isinstance(each, PictureInput)) for each in find_pictures(specs)]


def test_everything_stays_in_the_place_where_it_was_given() -> None:
    Path("empty").mkdir()
    for name in ("b.png", "a.txt"):
        Path(name).touch()
    assert found("b.png", "gone.png", "-", "empty", "a.txt", "*.jpg", "b.png") == [
        ("b.png", True),
        ("gone.png", False),
        ("-", True),
        ("empty", False),
        ("a.txt", True),
        ("*.jpg", False),
        ("b.png", True),
    ]


def test_a_link_that_leads_nowhere_is_found_so_that_reading_it_tells() -> None:
    Path("link.png").symlink_to("nowhere.png")
    assert found("link.png") == [("link.png", True)]


def test_a_folder_that_may_not_be_searched_is_a_failure_among_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    # Tests may run as root, who may search everywhere.
    for name in ("top/a/1.png", "top/b/2.png", "top/0.png"):
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).touch()
    scan = os.scandir

    def refuse(path: str) -> Iterator[os.DirEntry[str]]:
        if Path(path).name == "a":
            raise PermissionError(13, "Permission denied", path)
        return scan(path)

    monkeypatch.setattr(os, "scandir", refuse)
    assert found("top") == [("top/0.png", True), ("top/a", False), ("top/b/2.png", True)]
    (failure,) = (each for each in find_pictures(["top"]) if isinstance(each, Failure))
    assert failure.error.message == f"{Path('top', 'a')} cannot be read: Permission denied"


def test_nothing_given_and_standard_input_twice_are_wrong_usage() -> None:
    with pytest.raises(UsageError, match="no picture is given"):
        find_pictures([])
    with pytest.raises(UsageError, match="only once"):
        find_pictures(["-", "x.png", "-"])


def draw(path: str) -> None:
    with figure_file(Path(path), 3, 3):
        pass


def test_figures_that_mnistkit_drew_are_left_out_and_counted() -> None:
    Path("x.png").touch()
    draw("x.explained.png")
    draw("errors.svg")
    lines: list[str] = []
    for specs in (["."], ["x.png", "x.explained.png", "errors.svg"], ["*.*"]):
        assert [Path(each.name).name for each in find_pictures(specs, lines.append)] == ["x.png"]
    assert [line.replace("./", "") for line in lines] == [
        "left out 2 figures that mnistkit drew, such as errors.svg",
        "left out 2 figures that mnistkit drew, such as x.explained.png",
        "left out 2 figures that mnistkit drew, such as errors.svg",
    ]


def test_nothing_but_figures_is_a_failure() -> None:
    draw("why.png")
    for specs in (["why.png"], ["."]):
        (only,) = find_pictures(specs)
        assert isinstance(only, Failure)
        assert (
            only.error.message.removeprefix("./") == "why.png is a figure that mnistkit drew, no picture of digits"
        )
