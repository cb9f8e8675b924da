from __future__ import annotations

import gzip
import re
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from mnistkit.data.download import RemoteFile, download_file, has_md5
from mnistkit.exceptions import DownloadError
from tests.support.download_server import Server, md5

NAME = "numbers.gz"
# Three chunks and a bit; half of it is more than one.
CONTENT = gzip.compress(bytes(range(256)) * 400, compresslevel=0, mtime=0)
HALF = len(CONTENT) // 2
# Seconds: long enough for this machine's own server to answer, and the test has to wait for it once.
SHORT = 1.0


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as server:
        server.files[NAME] = CONTENT
        yield server


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / NAME


def _file(*urls: str) -> RemoteFile:
    return RemoteFile(md5(CONTENT), urls)


def _at(server: Server) -> RemoteFile:
    return _file(server.url + NAME)


def _reason(file: RemoteFile, path: Path, timeout: float = 30) -> str:
    with pytest.raises(DownloadError) as caught:
        download_file(file, path, timeout=timeout)
    return caught.value.message


def test_the_name_of_a_file_ends_its_address() -> None:
    assert _file("http://127.0.0.1/some/where/x.gz", "http://127.0.0.1/x").name == "x.gz"


def test_has_md5(path: Path) -> None:
    path.write_bytes(b"abc")
    assert has_md5(path, "900150983cd24fb0d6963f7d28e17f72")
    assert not has_md5(path, md5(CONTENT))


def test_the_bytes_that_arrive_are_reported(server: Server, path: Path) -> None:
    reports: list[int] = []
    download_file(_at(server), path, reports.append)
    assert path.read_bytes() == CONTENT
    assert len(reports) > 1 and reports == sorted(set(reports)) and reports[-1] == len(CONTENT)


def test_a_compressed_file_stays_as_it_is_whatever_the_server_calls_it(server: Server, path: Path) -> None:
    server.labelled.add(NAME)
    download_file(_at(server), path)
    assert path.read_bytes() == CONTENT


def test_a_file_of_unknown_length(server: Server, path: Path) -> None:
    server.unmeasured.add(NAME)
    download_file(_at(server), path)
    assert path.read_bytes() == CONTENT
    server.faults[NAME] = "break"
    assert _reason(_at(server), path) == f"{NAME} has the wrong MD5 sum"


def test_nothing_outside_the_download_is_changed(server: Server, path: Path) -> None:
    seen = []
    download_file(_at(server), path, lambda arrived: seen.append(socket.getdefaulttimeout()))
    assert set(seen) == {None} and socket.getdefaulttimeout() is None


def test_wrong_md5_sum(server: Server, path: Path) -> None:
    server.files[NAME] = CONTENT[:-1] + b"x"
    assert _reason(_at(server), path) == f"{NAME} has the wrong MD5 sum"


def test_broken_connection(server: Server, path: Path) -> None:
    server.faults[NAME] = "break"
    assert _reason(_at(server), path) == f"the connection broke after {HALF:,} of {len(CONTENT):,} bytes"


def test_a_reset_connection(server: Server, path: Path) -> None:
    server.faults[NAME] = "reset"
    with pytest.raises(DownloadError, match="the connection broke") as caught:
        download_file(_at(server), path)
    assert isinstance(caught.value.__cause__, ConnectionResetError)


def test_a_server_that_falls_silent(server: Server, path: Path) -> None:
    server.faults[NAME] = "hang"
    reason = _reason(_at(server), path, SHORT)
    silent = re.fullmatch(r"the server fell silent for 1 s after ([\d,]+) of ([\d,]+) bytes", reason)
    assert silent is not None, reason
    arrived, size = (int(number.replace(",", "")) for number in silent.groups())
    assert arrived <= HALF and size == len(CONTENT)


def test_a_server_that_gives_no_answer(server: Server, path: Path) -> None:
    server.faults[NAME] = "mute"
    assert _reason(_at(server), path, SHORT) == "the server gave no answer for 1 s"


def test_a_connection_closed_before_the_answer(server: Server, path: Path) -> None:
    server.faults[NAME] = "drop"
    expected = "the connection broke (Remote end closed connection without response)"
    assert _reason(_at(server), path) == expected


def test_no_such_file(server: Server, path: Path) -> None:
    assert _reason(_file(server.url + "other"), path) == "HTTP Error 404: Not Found"
    assert not path.exists()


def test_refused_connection(path: Path) -> None:
    with Server() as server:
        file = _at(server)
    assert _reason(file, path) == "no connection (Connection refused)"


def test_mirrors_are_tried_in_order_until_one_gives_the_file(server: Server, path: Path) -> None:
    server.files |= {"wrong": b"something else", "half": CONTENT, "unused": CONTENT}
    server.faults["half"] = "break"
    names = ["missing", "wrong", "half", NAME, "unused"]
    download_file(_file(*(server.url + name for name in names)), path)
    assert server.requests == names[:4]
    assert path.read_bytes() == CONTENT


def test_where_all_mirrors_fail_the_last_says_why(server: Server, path: Path) -> None:
    server.faults[NAME] = "break"
    file = _file(server.url + NAME, server.url + "missing")
    assert _reason(file, path) == "HTTP Error 404: Not Found"
    assert server.requests == [NAME, "missing"]


def test_a_place_that_cannot_be_written_is_no_fault_of_the_network(server: Server, tmp_path: Path) -> None:
    file = _file(server.url + NAME, server.url + NAME)
    with pytest.raises(FileNotFoundError):
        download_file(file, tmp_path / "missing" / NAME)
    assert server.requests == [NAME]
