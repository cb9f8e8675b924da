"""``mnistkit env``."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from mnistkit import __version__
from mnistkit import device as device_module
from mnistkit.threads import thread_count
from mnistkit.workflows.env import PACKAGES
from tests.support.cli import CliResult, RunCli, run_and_see_what_is_loaded


def test_the_report_has_a_line_per_fact(run_cli: RunCli, shared_cache: Path) -> None:
    result = run_cli("env")
    assert (result.code, result.err) == (0, "")
    lines = dict(line.split(maxsplit=1) for line in result.out.splitlines())
    assert lines["mnistkit"].startswith(__version__)
    assert lines["torch"].startswith(torch.__version__.partition("+")[0])
    assert set(PACKAGES) <= set(lines)
    assert str(shared_cache) in lines["cache"]
    assert lines["MNISTKIT_CACHE"] == str(shared_cache)
    assert "cpu" in lines["devices"]
    assert ":" in lines["precision"]


def test_the_report_as_json(run_cli: RunCli) -> None:
    document = json.loads(run_cli("env", "--json", "--device", "cpu", "--precision", "fp32").out)
    assert document["schema"] == "mnistkit/env/2"
    assert (document["device"], document["precision"]) == ("cpu", "fp32")
    assert document["precision_reason"] == "as asked for"
    assert document["threads"] == thread_count()
    assert set(document["versions"]) == set(PACKAGES)
    assert "not installed" not in document["versions"].values()
    assert document["cores"] >= 1


def test_an_absent_device_names_those_present(run_cli: RunCli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(device_module, "present_devices", lambda: ("cpu",))
    expected = "error: device 'cuda:3' is not present; present: cpu\nhint: --device auto\n"
    assert run_cli("env", "--device", "cuda:3") == CliResult(2, "", expected)
    monkeypatch.setenv("MNISTKIT_DEVICE", "cuda:3")
    assert run_cli("env").err == expected


def test_the_compiler_and_vision_library_are_not_loaded() -> None:
    modules = ("torch", "torch._dynamo", "torchvision", "sklearn", "matplotlib")
    assert run_and_see_what_is_loaded(["env"], modules) == {"env": (0, ["torch"])}
