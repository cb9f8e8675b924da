"""What every test gets: its own working directory, one shared cache, a clean environment, a way to run the CLI."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import mnistkit
from mnistkit import threads
from mnistkit.files import CACHE_VARIABLE
from tests.support.cli import CliResult, RunCli

if TYPE_CHECKING:
    from mnistkit.data.base import Dataset

if "PYTEST_XDIST_WORKER" in os.environ:
    # One worker a core: threads that wait for one another would take the cores from the other workers.
    os.environ.setdefault("OMP_NUM_THREADS", "1")


@pytest.fixture(scope="session", autouse=True)
def shared_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Run all tests without the user's settings and with one cache, so that MNIST is decoded once."""
    cache = tmp_path_factory.mktemp("cache")
    with pytest.MonkeyPatch.context() as patch:
        for name in list(os.environ):
            if name.startswith(("MNISTKIT_", "_MNISTKIT_")) or name in ("NO_COLOR", "FORCE_COLOR", "COLUMNS"):
                patch.delenv(name)
        patch.setenv(CACHE_VARIABLE, str(cache))
        # Subprocesses run this very code, from wherever they are started.
        patch.setenv("PYTHONPATH", str(Path(mnistkit.__file__).parent.parent))
        yield cache


@pytest.fixture(autouse=True)
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run each test in a folder of its own."""
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def choose_threads() -> Iterator[Callable[[int], None]]:
    """Return what lets so many threads compute until the test is over."""
    yield threads.choose_threads
    threads.choose_threads(None)


@pytest.fixture(scope="session")
def digits_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A dataset "digits" of 1,200 training and 200 test images of MNIST, as IDX files."""
    from tests.support.dataset_folders import make_digits

    return make_digits(tmp_path_factory.mktemp("data") / "digits")


@pytest.fixture(scope="session")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A lenet5 that learnt from 4,000 MNIST images for a second: right on most of them."""
    from mnistkit.data import load_dataset
    from tests.support.toys import save_trained

    return save_trained(tmp_path_factory.mktemp("trained") / "model.safetensors", load_dataset("mnist"), steps=60)


@pytest.fixture
def toys(monkeypatch: pytest.MonkeyPatch) -> Dataset:
    """A registered dataset "toys" of three classes, with 120 test images."""
    from tests.support.toys import register, toy_dataset

    return register(monkeypatch, toy_dataset("toys", ("left", "middle", "right")))


@pytest.fixture
def constants(toys: Dataset, tmp_path: Path) -> list[str]:
    """Three checkpoints for the toys, "always-0" to "always-2", each of which always says one class."""
    from tests.support.toys import save_constant

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
def run_cli(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> RunCli:
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
