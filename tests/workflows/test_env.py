"""The facts behind ``mnistkit env``."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from mnistkit.exceptions import DeviceError
from mnistkit.files import CACHE_VARIABLE
from mnistkit.threads import thread_count
from mnistkit.workflows import env
from mnistkit.workflows.env import describe_environment
from tests.support.runs import finished_run


def test_runs_and_cache_are_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cache = tmp_path / "cache"
    (cache / "deep").mkdir(parents=True)
    (cache / "a").write_bytes(b"x" * 1000)
    (cache / "deep" / "b").write_bytes(b"x" * 234)
    (cache / "dangling").symlink_to("nowhere")
    link_size = (cache / "dangling").lstat().st_size
    monkeypatch.setenv(CACHE_VARIABLE, str(cache))
    finished_run("a", 1)
    finished_run("b", 2)
    finished_run("c", 3).metrics.unlink()
    Path("runs/not-a-run").mkdir()
    report = describe_environment()
    assert report.cache_bytes == 1234 + link_size
    assert (report.finished_runs, report.unfinished_runs) == (2, 1)
    assert report.runs == str(Path.cwd() / "runs")


def test_nothing_there_is_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(CACHE_VARIABLE, "/not/there")
    report = describe_environment()
    assert (report.cache_bytes, report.finished_runs, report.unfinished_runs) == (0, 0, 0)


def test_a_missing_package_is_said_to_be_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(env, "PACKAGES", ("torch", "no-such-package-here"))
    assert describe_environment().versions["no-such-package-here"] == "not installed"


def test_the_machine() -> None:
    report = describe_environment("cpu")
    assert 1 <= report.cores <= (os.cpu_count() or 1)
    assert report.cpu
    assert report.device == "cpu"
    assert report.precision == "fp32" and report.precision_reason
    assert report.threads == thread_count()
    assert report.devices["cpu"].startswith("cpu (")
    assert report.memory_bytes is None or report.memory_bytes > 2**28


def test_a_precision_the_device_lacks() -> None:
    with pytest.raises(DeviceError):
        describe_environment("cpu", "fp16")
