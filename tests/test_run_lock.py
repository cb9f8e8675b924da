"""The lock of a run folder, with real processes: one holder at a time, who is named, and none after its death."""

from __future__ import annotations

import errno
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from mnistkit import run_lock
from mnistkit.exceptions import OutputError
from mnistkit.run_lock import Holder, RunLock, holder

LOCK = Path("run/.lock")

HOLD = """
import sys
from pathlib import Path
from mnistkit.run_lock import RunLock
with RunLock(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


@contextmanager
def held_by_another_process() -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-c", HOLD, str(LOCK)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield process


def test_a_second_process_is_told_who_holds_it_and_since_when() -> None:
    with held_by_another_process() as process:
        with pytest.raises(OutputError) as caught, RunLock(LOCK):
            pass
        found = holder(LOCK)
    assert found is not None
    assert (found.pid, found.host) == (process.pid, socket.gethostname())
    assert abs(datetime.now().astimezone() - datetime.fromisoformat(found.since)) < timedelta(minutes=10)
    assert caught.value.message == f"run is in use by {found}"
    assert str(found).startswith(f"process {process.pid} on {socket.gethostname()} since 20")
    assert caught.value.exit_code == 1 and caught.value.hint


def test_nobody_holds_it_afterwards() -> None:
    with held_by_another_process():
        pass
    assert holder(LOCK) is None
    assert list(LOCK.parent.iterdir()) == []
    with RunLock(LOCK):
        found = holder(LOCK)
        assert found is not None and found.pid == os.getpid()
    assert list(LOCK.parent.iterdir()) == []


def test_a_holder_that_is_killed_holds_it_no_longer() -> None:
    with held_by_another_process() as process:
        process.send_signal(signal.SIGKILL)
        process.wait()
    LOCK.write_text(LOCK.read_text() + 500 * " " + "of an earlier version")
    assert holder(LOCK) is None
    with RunLock(LOCK):
        assert json.loads(LOCK.read_text())["pid"] == os.getpid()
    assert not LOCK.exists()


def test_looking_does_not_take_it() -> None:
    with held_by_another_process() as process:
        for _ in range(3):
            found = holder(LOCK)
            assert found is not None and found.pid == process.pid


def test_a_holder_that_has_not_written_its_name_yet_holds_it_too() -> None:
    with held_by_another_process():
        LOCK.write_text("")
        assert holder(LOCK) == Holder()
        with pytest.raises(OutputError, match="run is in use by another process"), RunLock(LOCK):
            pass


def test_a_file_that_its_last_holder_has_just_removed_is_not_mistaken_for_the_lock(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    real, leave = run_lock._try_lock, iter([LOCK.unlink])

    def after_its_holder_left(handle: int, **how: bool) -> bool:
        next(leave, lambda: None)()
        return real(handle, **how)

    monkeypatch.setattr(run_lock, "_try_lock", after_its_holder_left)
    with RunLock(LOCK):
        found = holder(LOCK)
        assert found is not None and found.pid == os.getpid()


def test_a_disk_without_locks_keeps_nobody_from_working(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr("fcntl.flock", refuse)
    with RunLock(LOCK):
        assert holder(LOCK) is None


def test_an_error_inside_releases_it() -> None:
    with pytest.raises(ZeroDivisionError), RunLock(LOCK):
        raise ZeroDivisionError
    assert holder(LOCK) is None


MANY = """
import os, sys
from pathlib import Path
from mnistkit import run_lock
from mnistkit.exceptions import OutputError
from mnistkit.run_lock import RunLock
PROCESSES, ATTEMPTS = 6, 15
start, go = os.pipe()
children = []
for _ in range(PROCESSES):
    child = os.fork()
    if not child:
        os.close(go)
        os.read(start, 1)  # until the parent closes its end
        taken = 0
        for _ in range(ATTEMPTS):
            try:
                with RunLock(Path(sys.argv[1])):
                    os.mkdir("inside")
                    os.rmdir("inside")
                    taken += 1
            except OutputError:
                pass
            except OSError:
                os._exit(1)  # someone else was inside
        os._exit(0 if taken else 2)
    children.append(child)
os.close(go)
print([os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children])
"""


def test_there_are_never_two_inside_however_often_its_file_comes_and_goes() -> None:
    done = subprocess.run([sys.executable, "-c", MANY, str(LOCK)], capture_output=True, text=True, check=True)
    codes = json.loads(done.stdout)
    assert 1 not in codes
    assert 0 in codes
