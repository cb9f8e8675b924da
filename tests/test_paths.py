"""What is said of texts that should be files and folders and are not."""

from __future__ import annotations

from pathlib import Path

import pytest

from mnistkit.exceptions import CheckpointError
from mnistkit.paths import is_path_like, is_url, no_folder, url_error


@pytest.mark.parametrize("text", ["https://x.org/a.png", "HTTP://x", "s3://bucket/x", "git+ssh://x"])
def test_addresses(text: str) -> None:
    assert is_url(text)


@pytest.mark.parametrize("text", ["", "a.png", "C:/x", "runs//a", "://x", "9p://x", "a b://x"])
def test_what_is_no_address(text: str) -> None:
    assert not is_url(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("a/b", True), ("./a", True), ("~/a", True), ("..", True), ("mnist", False), ("", False)],
)
def test_what_can_only_be_a_path(text: str, expected: bool) -> None:
    assert is_path_like(text) is expected


def test_an_address_is_answered_by_a_command_that_can_be_copied() -> None:
    error = url_error("checkpoint", "https://x.org/a?b=1&c", "file", CheckpointError)
    assert type(error) is CheckpointError
    assert error.message == "the checkpoint https://x.org/a?b=1&c is a URL, which is not downloaded by mnistkit"
    assert error.hint == "fetch it first, then give the file: curl -LO 'https://x.org/a?b=1&c'"
    assert url_error("dataset", "s3://x", "folder", CheckpointError).hint == "fetch it first, then give the folder"


def test_a_folder_that_is_not_there() -> None:
    assert no_folder("a/b").message == "no such folder: a/b"
    Path("data/digits").mkdir(parents=True)
    Path("data/digist").touch()
    assert no_folder("data/digit").message == f"no such folder: data/digit; did you mean '{Path('data/digits')}'?"
    assert no_folder("data/digist").message == "data/digist is a file; a dataset is a name or a folder"
    for odd in ("~nobody/x", "x" * 5000 + "/y", "a\0/b"):
        assert no_folder(odd).message.startswith("no such folder: ")
