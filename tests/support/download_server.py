"""Small but well-formed copies of the datasets torchvision downloads, on a server of this machine."""

from __future__ import annotations

import bz2
import gzip
import hashlib
import io
import os
import socket
import struct
import threading
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Literal

import numpy as np
import pytest
import torchvision.datasets

from mnistkit.data.idx import format_idx
from mnistkit.files import CACHE_VARIABLE

TRAIN, TEST = 40, 20
# The names of all datasets that are downloaded, with the class that does it.
CLASS_NAMES = {
    "fashion-mnist": "FashionMNIST",
    "kmnist": "KMNIST",
    "qmnist": "QMNIST",
    "emnist-digits": "EMNIST",
    "emnist-letters": "EMNIST",
    "emnist-balanced": "EMNIST",
    "usps": "USPS",
}


class Server:
    """Serves files on 127.0.0.1, some of them badly.

    Attributes:
        files: Name to content.
        faults: Name to what goes wrong: it sends half of the file and then closes the connection ("break"), resets
            it ("reset") or says no more ("hang"); or it does so before a word of the answer ("drop", "mute").
        labelled: Names of the files that it says are compressed for the way (``Content-Encoding``).
        unmeasured: Names of the files whose length it does not tell.
        requests: The names asked for, in order.
        url: Its address; a file's name follows.
    """

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.faults: dict[str, Literal["break", "reset", "hang", "drop", "mute"]] = {}
        self.labelled: set[str] = set()
        self.unmeasured: set[str] = set()
        self.requests: list[str] = []
        self._end = threading.Event()
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.url = f"http://127.0.0.1:{self._http.server_port}/"
        self._thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.01})

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                name = self.path.lstrip("/")
                server.requests.append(name)
                fault, content = server.faults.get(name), server.files.get(name)
                if fault == "mute":
                    server._end.wait()
                if fault in ("drop", "mute"):
                    return
                if content is None:
                    self.send_error(404)
                    return
                self.send_response(200)
                if name not in server.unmeasured:
                    self.send_header("Content-Length", str(len(content)))
                if name in server.labelled:
                    self.send_header("Content-Encoding", "x-gzip")
                self.end_headers()
                self.wfile.write(content[: len(content) // 2] if fault else content)
                if fault == "hang":
                    server._end.wait()
                elif fault == "reset":
                    # To linger for no time is to send a reset instead of a proper end.
                    self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                    os.close(self.connection.detach())

            def log_message(self, *_: object) -> None: ...

        return Handler

    def __enter__(self) -> Server:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()


@contextmanager
def served(name: str, monkeypatch: pytest.MonkeyPatch, cache: Path) -> Iterator[Server]:
    """Serve the dataset ``name``, let torchvision find it there, and allow no other address; empty cache."""
    monkeypatch.setenv(CACHE_VARIABLE, str(cache))
    _allow_only_this_machine(monkeypatch)
    with Server() as server:
        {"usps": _serve_usps, "qmnist": _serve_qmnist}.get(
            name, _serve_emnist if name.startswith("emnist") else _serve_mnist_like
        )(name, server, monkeypatch)
        yield server


def images(n: int, seed: int) -> np.ndarray:
    """Return images whose upper left quarter is bright, so that a wrong orientation shows."""
    pixels = np.random.default_rng(seed).integers(0, 40, (n, 28, 28), dtype=np.uint8)
    pixels[:, :14, :7] += 200
    return pixels


def _allow_only_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: tuple[str, int]) -> None:
        if address[0] != "127.0.0.1":
            raise AssertionError(f"a test tried to contact {address}")
        connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", guarded)


def md5(content: bytes) -> str:
    return hashlib.md5(content, usedforsecurity=False).hexdigest()


def _labels(n: int, classes: int = 10, first: int = 0) -> np.ndarray:
    return (np.arange(n) % classes + first).astype(np.uint8)


def _serve_mnist_like(name: str, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    for split, n in (("train", TRAIN), ("t10k", TEST)):
        server.files[f"{split}-images-idx3-ubyte.gz"] = gzip.compress(format_idx(images(n, n)), mtime=0)
        server.files[f"{split}-labels-idx1-ubyte.gz"] = gzip.compress(format_idx(_labels(n)), mtime=0)
    dataset_class = getattr(torchvision.datasets, CLASS_NAMES[name])
    monkeypatch.setattr(dataset_class, "mirrors", [server.url])
    monkeypatch.setattr(dataset_class, "resources", [(file, md5(body)) for file, body in server.files.items()])


def _serve_qmnist(name: str, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    resources = {}
    # The 50,000 new test digits come after the first 10,000.
    for split, n in (("train", TRAIN), ("test", 10_000 + TEST)):
        pixels = np.concatenate([np.zeros((n - n % 10_000, 28, 28), dtype=np.uint8), images(n % 10_000, n)])
        table = np.zeros((n, 8), dtype=">i4")
        table[:, 0] = _labels(n)
        label_file = struct.pack(">HBBII", 0, 12, 2, n, 8) + table.tobytes()
        names = [f"qmnist-{split}-images-idx3-ubyte.gz", f"qmnist-{split}-labels-idx2-int.gz"]
        for file, content in zip(names, (format_idx(pixels), label_file), strict=True):
            server.files[file] = gzip.compress(content, 1, mtime=0)
        resources[split] = [(server.url + file, md5(server.files[file])) for file in names]
    monkeypatch.setattr(torchvision.datasets.QMNIST, "resources", resources)


def _serve_emnist(name: str, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        for split, classes, first in (
            ("digits", 10, 0),
            ("letters", 26, 1),
            ("balanced", 47, 0),
            ("byclass", 62, 0),
        ):
            for part, n in (("train", 4 * classes), ("test", 2 * classes)):
                start = f"gzip/emnist-{split}-{part}"
                transposed = images(n, n).transpose(0, 2, 1)
                file.writestr(f"{start}-images-idx3-ubyte.gz", gzip.compress(format_idx(transposed)))
                labels = _labels(n, classes, first)
                file.writestr(f"{start}-labels-idx1-ubyte.gz", gzip.compress(format_idx(labels)))
    server.files["gzip.zip"] = archive.getvalue()
    monkeypatch.setattr(torchvision.datasets.EMNIST, "url", server.url + "gzip.zip")
    monkeypatch.setattr(torchvision.datasets.EMNIST, "md5", md5(archive.getvalue()))


def _serve_usps(name: str, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    splits = {}
    for split, file, n in (("train", "usps.bz2", TRAIN), ("test", "usps.t.bz2", TEST)):
        values = np.full((n, 16, 16), -1.0)
        values[:, :8, :4] = 1.0
        lines = [
            f"{label + 1} " + " ".join(f"{place + 1}:{value:g}" for place, value in enumerate(pixels.reshape(-1)))
            for label, pixels in zip(_labels(n), values, strict=True)
        ]
        server.files[file] = bz2.compress("\n".join(lines).encode() + b"\n")
        splits[split] = [server.url + file, file, md5(server.files[file])]
    monkeypatch.setattr(torchvision.datasets.USPS, "split_list", splits)
