"""``mnistkit serve``: its start, its end, and what keeps it from starting."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys

import pytest

from tests.support.cli import CliResult, RunCli
from tests.support.pictures import encoded, page
from tests.support.service import Client


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
def test_it_answers_until_it_is_stopped(sent: signal.Signals) -> None:
    command = [sys.executable, "-m", "mnistkit", "serve", "--port", "0", "--threads", "1"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        address = process.stdout.readline().strip()
        try:
            assert address.startswith("http://127.0.0.1:")
            client = Client(int(address.rstrip("/").rpartition(":")[2]))
            (picture,) = client.predict(encoded(page(), "PNG")).document["pictures"]
            assert (picture["path"], picture["digit"]) == ("-", "7")
            damaged = {"Content-Type": "multipart/form-data; boundary=x"}
            assert client.predict(b"--x damaged", headers=damaged).status == 400
        finally:
            process.send_signal(sent)
        out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (130, "")
    assert err.splitlines() == [
        "checkpoint: pictures, which ships with mnistkit",
        "open the address in a browser, or send pictures to /predict; Ctrl-C stops",
        "error: interrupted; the server has stopped",
    ]


BAD = {
    "--port 70000": (2, "error: --port must be from 0 to 65535, not 70000"),
    "--host nowhere.invalid": (2, "error: 'nowhere.invalid' is no address of this machine"),
    "--host 192.0.2.1": (2, "error: '192.0.2.1' is no address of this machine"),
    "--max-bytes 0": (2, "error: --max-bytes must be at least 1, not 0"),
    "--max-requests 0": (2, "error: --max-requests must be at least 1, not 0"),
    "--max-seconds nan": (2, "error: --max-seconds must be above 0, not nan"),
    "nothing-there": (1, "error: checkpoint 'nothing-there' does not exist"),
}


@pytest.mark.parametrize("line", BAD)
def test_what_cannot_be_served_is_told_in_one_line(line: str, run_cli: RunCli) -> None:
    result = run_cli("serve", *line.split())
    first, *hints = result.err.removeprefix("checkpoint: pictures, which ships with mnistkit\n").splitlines()
    assert (result.code, result.out, first) == (BAD[line][0], "", BAD[line][1])
    assert [each[:6] for each in hints] in ([], ["hint: "])


def test_a_port_in_use(run_cli: RunCli) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        result = run_cli("serve", "--quiet", "--port", port)
    said = f"error: port {port} is in use already\nhint: --port 0 takes one that is free\n"
    assert result == CliResult(1, "", said)


def test_without_the_extra_it_says_how_to_get_it(run_cli: RunCli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mnistkit.serving.find_spec", lambda name: None)
    said = "error: serve needs starlette, uvicorn, python-multipart\nhint: pip install 'mnistkit[serve]'\n"
    assert run_cli("serve", "--port", "0") == CliResult(1, "", said)
