"""What every test gets: its own working directory, one shared cache, a clean environment, a way to run the CLI."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import mnistkit
from mnistkit.files import CACHE_VARIABLE

if TYPE_CHECKING:
    from mnistkit.data.base import Dataset

if "PYTEST_XDIST_WORKER" in os.environ:
    # One worker a core: threads that wait for one another would take the cores from the other workers.
    os.environ.setdefault("OMP_NUM_THREADS", "1")


@dataclass(frozen=True)
class CliResult:
    """What one run of the command line gave: exit code, standard output, standard error."""

    code: int
    out: str
    err: str


@pytest.fixture(scope="session")
def shared_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One cache for the whole session, so that MNIST is decoded once."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(autouse=True)
def isolated(tmp_path: Path, shared_cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run each test in its own folder and without the user's settings."""
    for name in list(os.environ):
        if name.startswith(("MNISTKIT_", "_MNISTKIT_")) or name in ("NO_COLOR", "FORCE_COLOR", "COLUMNS"):
            monkeypatch.delenv(name)
    monkeypatch.setenv(CACHE_VARIABLE, str(shared_cache))
    # Subprocesses run this very code, from wherever they are started.
    monkeypatch.setenv("PYTHONPATH", str(Path(mnistkit.__file__).parent.parent))
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def toys(monkeypatch: pytest.MonkeyPatch) -> Dataset:
    """A registered dataset "toys" of three classes, with 120 test images."""
    from tests.evaluation.toys import register, toy_dataset

    return register(monkeypatch, toy_dataset("toys", ("left", "middle", "right")))


@pytest.fixture
def constants(toys: Dataset, tmp_path: Path) -> list[str]:
    """Three checkpoints for the toys, "always-0" to "always-2", each of which always says one class."""
    from tests.evaluation.toys import save_constant

    return [str(save_constant(tmp_path / f"always-{i}.safetensors", toys, i)) for i in range(3)]


@pytest.fixture
def nothing_bundled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Hide the models that ship, for tests of what happens without them."""
    monkeypatch.setattr("mnistkit.locate.WEIGHTS", tmp_path / "no-weights")


@pytest.fixture(params=[False, True], ids=["no bf16 instructions", "bf16 instructions"])
def each_processor(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run a test as on a CPU without, and as on one with bfloat16 instructions, which others emulate."""
    import torch

    monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: request.param, raising=False)


@pytest.fixture
def run_cli(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Callable[..., CliResult]:
    """Return a function that runs ``mnistkit`` with some arguments inside this process."""
    from mnistkit.cli import main

    def run(*args: object, input: str | bytes | None = None) -> CliResult:
        content = input.encode() if isinstance(input, str) else input or b""
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content), encoding="utf-8"))
        capsys.readouterr()
        code = main([str(arg) for arg in args])
        captured = capsys.readouterr()
        return CliResult(code, captured.out, captured.err)

    return run
