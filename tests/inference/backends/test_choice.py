"""Which backend is chosen."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from mnistkit.exceptions import DeviceError, UsageError
from mnistkit.inference.backends.choice import MOST_FOR_NUMPY, choose_backend
from mnistkit.inference.checkpoints import FoundCheckpoint
from tests.support.checkpoints import description

WITH = FoundCheckpoint(Path("a"), description(program={"version": 1}))
WITHOUT = FoundCheckpoint(Path("a"), description())


@pytest.fixture
def before_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that has not imported torch."""
    monkeypatch.delitem(sys.modules, "torch", raising=False)


@pytest.mark.usefixtures("before_torch")
@pytest.mark.parametrize(
    ("checkpoint", "options", "expected"),
    [
        (WITH, {}, "numpy"),
        (WITH, {"pictures": 1, "device": "cpu"}, "numpy"),
        (WITH, {"pictures": MOST_FOR_NUMPY}, "numpy"),
        (WITH, {"pictures": MOST_FOR_NUMPY + 1}, "torch"),
        (WITH, {"device": "cuda:1"}, "torch"),
        (WITH, {"device": "gpu"}, "torch"),
        (WITH, {"precision": "bf16"}, "torch"),
        (WITH, {"wanted": "torch"}, "torch"),
        (WITHOUT, {"pictures": 1}, "torch"),
        (WITHOUT, {"wanted": "numpy", "pictures": 10**6}, "numpy"),
    ],
)
def test_numpy_computes_where_it_is_done_sooner(
    checkpoint: FoundCheckpoint, options: dict[str, object], expected: str
) -> None:
    assert choose_backend(checkpoint, **options) == expected


def test_torch_computes_where_it_is_imported_already() -> None:
    assert "torch" in sys.modules
    assert choose_backend(WITH) == "torch"


@pytest.mark.parametrize("options", [{"device": "cuda"}, {"precision": "bf16"}])
def test_numpy_has_neither_other_devices_nor_other_precisions(options: dict[str, str]) -> None:
    with pytest.raises(UsageError, match="the backend numpy computes in fp32 on the CPU, not in "):
        choose_backend(WITH, "numpy", **options)


def test_unknown_names_are_errors() -> None:
    with pytest.raises(UsageError, match="unknown backend 'nump'; did you mean 'numpy'"):
        choose_backend(WITH, "nump")
    with pytest.raises(DeviceError):
        choose_backend(WITH, device="cdua")
