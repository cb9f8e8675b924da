"""Logits by numpy: those of torch, from a checkpoint's program or without one."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from mnistkit.checkpoint import load_tensors, read_info, save_checkpoint
from mnistkit.data import load_dataset
from mnistkit.device import FP32
from mnistkit.exceptions import CheckpointError
from mnistkit.export.lower import lower_architecture
from mnistkit.inference.backends import NUMPY, TORCH
from mnistkit.inference.backends.numpy import NumpyBackend
from mnistkit.inference.checkpoints import FoundCheckpoint
from mnistkit.inference.recogniser import Recogniser
from mnistkit.locate import bundled_names, bundled_path
from mnistkit.threads import VARIABLE


@pytest.fixture(scope="module")
def tiles() -> NDArray[np.uint8]:
    return load_dataset("mnist").test.images[:1000]


@pytest.fixture
def found(checkpoint: Path) -> FoundCheckpoint:
    """A checkpoint that carries its program."""
    return stored(checkpoint, program=lower_architecture("lenet5", 10).to_dict())


def stored(checkpoint: Path, **changes: object) -> FoundCheckpoint:
    path = Path("model.safetensors")
    save_checkpoint(path, load_tensors(checkpoint), replace(read_info(checkpoint), **changes))
    return FoundCheckpoint.read(path)


def in_torch(found: FoundCheckpoint, tiles: NDArray[np.uint8]) -> NDArray[np.float32]:
    return Recogniser.load(found, device="cpu", backend=TORCH).logits(tiles)


@pytest.mark.parametrize("name", bundled_names())
def test_bundled_models_carry_their_program_and_numpy_answers_as_torch_does(
    name: str, tiles: NDArray[np.uint8]
) -> None:
    found = FoundCheckpoint.read(bundled_path(name))
    info = found.info
    assert info.program == lower_architecture(info.architecture, len(info.classes)).to_dict()
    logits, expected = NumpyBackend.load(found).logits(tiles), in_torch(found, tiles)
    assert (logits.dtype, logits.shape) == (np.float32, (1000, 10))
    np.testing.assert_allclose(logits, expected, atol=1e-4)
    np.testing.assert_array_equal(logits.argmax(axis=1), expected.argmax(axis=1))


def test_a_checkpoint_without_a_program_is_lowered(checkpoint: Path, tiles: NDArray[np.uint8]) -> None:
    found = FoundCheckpoint.read(checkpoint)
    assert not found.info.program
    np.testing.assert_allclose(NumpyBackend.load(found).logits(tiles), in_torch(found, tiles), atol=1e-4)


def test_half_weights_are_computed_in_fp32(found: FoundCheckpoint, tiles: NDArray[np.uint8]) -> None:
    halves = {name: value.half() for name, value in load_tensors(found.path).items()}
    save_checkpoint(found.path, halves, found.info)
    np.testing.assert_allclose(NumpyBackend.load(found).logits(tiles), in_torch(found, tiles), atol=1e-4)


def test_no_tiles_have_no_logits(found: FoundCheckpoint) -> None:
    logits = NumpyBackend.load(found).logits(np.zeros((0, 28, 28), np.uint8))
    assert (logits.dtype, logits.shape) == (np.float32, (0, 10))


def test_several_threads_get_what_one_gets(found: FoundCheckpoint, tiles: NDArray[np.uint8]) -> None:
    backend = NumpyBackend.load(found)
    parts = np.split(tiles, 20)
    with backend.threads(4) as pool:
        assert isinstance(pool, ThreadPoolExecutor)
        together = list(pool.map(backend.logits, parts))
    for part, logits in zip(parts, together, strict=True):
        np.testing.assert_array_equal(logits, backend.logits(part))


def test_there_is_a_lane_for_each_thread(found: FoundCheckpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "3")
    assert NumpyBackend.load(found).lanes == 3


def test_neither_torch_nor_the_source_of_the_architecture_is_needed(found: FoundCheckpoint) -> None:
    save_checkpoint(found.path, load_tensors(found.path), replace(found.info, architecture="forgotten"))
    code = f"""
import sys
import numpy as np
from pathlib import Path
from mnistkit.inference.checkpoints import FoundCheckpoint
from mnistkit.inference.recogniser import Recogniser
recogniser = Recogniser.load(FoundCheckpoint.read(Path({str(found.path)!r})))
assert recogniser.logits(np.zeros((1, 28, 28), np.uint8)).shape == (1, 10)
print([name for name in ("torch", "scipy", "torchvision") if name in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


@pytest.mark.parametrize("kind", ["nonsense", "tensors", "classes"])
def test_a_program_that_does_not_fit_is_an_error_of_one_line(kind: str, found: FoundCheckpoint) -> None:
    weights, info = load_tensors(found.path), found.info
    if kind == "nonsense":
        info = replace(info, program={"version": 1})
    elif kind == "tensors":
        weights["classifier.1.weight"] = torch.zeros(120, 399)
    else:
        info = replace(info, classes=("a", "b"))
    save_checkpoint(found.path, weights, info)
    with pytest.raises(CheckpointError, match=r"model\.safetensors: its program does not fit its tensors: "):
        NumpyBackend.load(FoundCheckpoint.read(found.path))


def test_numbers_that_numpy_does_not_have_are_an_error(found: FoundCheckpoint) -> None:
    halves = {name: value.bfloat16() for name, value in load_tensors(found.path).items()}
    save_checkpoint(found.path, halves, found.info)
    with pytest.raises(CheckpointError, match="numpy does not have"):
        NumpyBackend.load(found)


def test_the_recogniser_takes_the_backend_that_is_asked_for(found: FoundCheckpoint) -> None:
    for backend, kind in ((NUMPY, "NumpyBackend"), (TORCH, "TorchBackend")):
        recogniser = Recogniser.load(found, backend=backend, device="cpu", precision=FP32.name)
        assert type(recogniser.backend).__name__ == kind
