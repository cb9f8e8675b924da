"""The bytes of picture files, and what is no file."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from mnistkit.exceptions import PictureError
from mnistkit.imaging.limits import Limits
from mnistkit.imaging.read_bytes import read_bytes

ALL = Limits()


def refused(source: str | bytes, limits: Limits = ALL) -> str:
    with pytest.raises(PictureError) as caught:
        read_bytes(source, limits)
    assert "\n" not in caught.value.message
    return caught.value.message


def test_a_file_goes_by_its_path_and_bytes_by_none() -> None:
    Path("x.png").write_bytes(b"content")
    assert read_bytes("x.png", ALL) == read_bytes(Path("x.png"), ALL) == ("x.png", b"content")
    assert read_bytes(b"content", ALL) == ("the picture", b"content")


def test_what_cannot_be_read() -> None:
    Path("folder").mkdir()
    Path("empty").touch()
    assert refused("folder") == "folder is a folder, not a picture"
    assert refused("empty") == "empty is empty"
    assert refused(b"") == "the picture is empty"
    assert refused("gone") == "gone does not exist"
    assert refused("") == "'' does not exist"
    assert refused("https://a.example/7.png").startswith("the picture https://a.example/7.png is a URL")
    assert refused("a\0b").endswith("cannot be read: embedded null byte")
    assert refused("x" * 5000).endswith("cannot be read: File name too long")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="POSIX files only")
def test_pipes_devices_and_sockets_are_named_and_not_opened() -> None:
    os.mkfifo("pipe")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind("socket")
        assert refused("socket") == "socket is a socket, not a regular file"
    assert refused("pipe") == "pipe is a pipe, not a regular file"
    assert refused("/dev/null") == "/dev/null is a device, not a regular file"


def test_the_limit_holds_for_files_and_bytes() -> None:
    Path("x.png").write_bytes(b"12345")
    assert read_bytes("x.png", Limits(file_bytes=5))[1] == b"12345"
    assert refused("x.png", Limits(file_bytes=4)) == "x.png is too large: 5 bytes, where 4 bytes are the limit"
    assert refused(b"12345", Limits(file_bytes=4)).startswith("the picture is too large: 5 bytes")


def test_a_link_is_read_as_what_it_leads_to() -> None:
    Path("x.png").write_bytes(b"content")
    Path("link").symlink_to("x.png")
    assert read_bytes("link", ALL) == ("link", b"content")
