"""Logits by PyTorch: those of the model, in fp32, whatever the batch."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import nn

from mnistkit.inference.backends.pytorch import TorchBackend
from mnistkit.models import build_model
from mnistkit.threads import VARIABLE
from tests.support.checkpoints import description

INFO = description(mean=0.2, std=0.5)


@pytest.fixture
def model() -> nn.Module:
    torch.manual_seed(0)
    return build_model("lenet5", 10)


@pytest.fixture
def tiles() -> NDArray[np.uint8]:
    return np.random.default_rng(0).integers(0, 256, (7, 28, 28), dtype=np.uint8)


@pytest.mark.parametrize("batch_size", [1, 3, 7, 100])
@pytest.mark.usefixtures("each_processor")
def test_the_logits_are_those_of_the_model(batch_size: int, model: nn.Module, tiles: NDArray[np.uint8]) -> None:
    found = TorchBackend(model, INFO, batch_size=batch_size).logits(tiles)
    inputs = (torch.from_numpy(tiles).double().unsqueeze(1) / 255 - 0.2) / 0.5
    with torch.no_grad():
        expected = model.double().eval()(inputs)
    assert (found.dtype, found.shape) == (np.float32, (7, 10))
    np.testing.assert_allclose(found, expected.numpy(), atol=1e-4)


def test_no_tiles_have_no_logits(model: nn.Module) -> None:
    found = TorchBackend(model, INFO, batch_size=5).logits(np.zeros((0, 28, 28), np.uint8))
    assert (found.dtype, found.shape) == (np.float32, (0, 10))


def test_the_model_is_not_in_training_and_the_tiles_stay_as_they_are(tiles: NDArray[np.uint8]) -> None:
    model = nn.Sequential(nn.Flatten(), nn.Dropout(0.9), nn.Linear(784, 10)).train()
    backend, before = TorchBackend(model, INFO, batch_size=5), tiles.copy()
    np.testing.assert_array_equal(backend.logits(tiles), backend.logits(tiles))
    np.testing.assert_array_equal(tiles, before)


@pytest.mark.parametrize(("threads", "lanes"), [(1, 1), (3, 3), (4, 4), (64, 4)])
def test_a_cpu_has_a_lane_for_each_thread_up_to_four(
    threads: int, lanes: int, model: nn.Module, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, str(threads))
    assert TorchBackend(model, INFO, batch_size=5).lanes == lanes


def test_in_a_lane_torch_uses_one_thread_and_afterwards_as_many_as_before(
    model: nn.Module, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = torch.get_num_threads()
    torch.set_num_threads(3)
    try:
        with TorchBackend(model, INFO, batch_size=5).threads(2) as pool:
            assert pool.submit(torch.get_num_threads).result() == 1
        assert torch.get_num_threads() == 3
    finally:
        torch.set_num_threads(before)


@pytest.mark.filterwarnings("error")
def test_tiles_of_any_memory_layout_are_taken_without_a_remark(model: nn.Module, tiles: NDArray[np.uint8]) -> None:
    backend = TorchBackend(model, INFO, batch_size=5)
    expected = backend.logits(tiles)
    frozen = tiles.copy()
    frozen.flags.writeable = False
    for given in (frozen, tiles[::-1].copy()[::-1], np.asfortranarray(tiles)):
        np.testing.assert_allclose(backend.logits(given), expected, rtol=1e-6)
