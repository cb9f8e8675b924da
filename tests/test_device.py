"""Choosing a device and a precision, and what is said about absent ones."""

from __future__ import annotations

import pytest
import torch

from mnistkit import device
from mnistkit.device import (
    check_device_name,
    choose_precision,
    present_devices,
    seed_everything,
    select_device,
)
from mnistkit.exceptions import DeviceError


@pytest.mark.parametrize("name", ["auto", "cpu", "cuda", "cuda:0", "cuda:12", "mps", "xpu"])
def test_names_of_devices(name: str) -> None:
    assert check_device_name(name) == name


@pytest.mark.parametrize(
    "name",
    ["", "gpus", "gpu:", "gpu:x", "CPU", "cuda:", "cuda:x", "cuda:-1", "auto:0", "cuda:0:1", ":", ":1", "cuda 0"],
)
def test_what_is_no_name_of_a_device(name: str) -> None:
    with pytest.raises(DeviceError, match="unknown device") as caught:
        check_device_name(name)
    assert caught.value.exit_code == 2
    assert caught.value.hint


@pytest.mark.parametrize(("name", "meant"), [("gpu", "cuda"), ("gpu:0", "cuda:0"), ("gpu:12", "cuda:12")])
def test_a_gpu_is_a_cuda_device(name: str, meant: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert check_device_name(name) == meant
    monkeypatch.setattr(device, "present_devices", lambda: ("cpu", meant))
    assert str(select_device(name)) == meant


def test_the_close_match() -> None:
    with pytest.raises(DeviceError, match="did you mean 'cuda'"):
        check_device_name("cude")


@pytest.mark.parametrize("name", ["cuda", "cuda:7", "mps", "xpu"])
def test_an_absent_device_is_answered_by_those_present(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(device, "present_devices", lambda: ("cpu",))
    with pytest.raises(DeviceError) as caught:
        select_device(name)
    assert caught.value.message == f"device '{name}' is not present; present: cpu"


@pytest.mark.parametrize(
    ("present", "best"),
    [
        (("cpu",), "cpu"),
        (("cpu", "cuda", "cuda:0"), "cuda"),
        (("cpu", "xpu", "xpu:0"), "xpu"),
        (("cpu", "mps"), "mps"),
    ],
)
def test_auto_takes_the_best(present: tuple[str, ...], best: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(device, "present_devices", lambda: present)
    assert select_device("auto") == torch.device(best)


@pytest.mark.parametrize("name", present_devices())
def test_every_present_device_can_be_used(name: str) -> None:
    chosen = select_device(name)
    assert float(torch.ones(2, device=chosen).sum()) == 2
    assert device.device_title(chosen).startswith(name.partition(":")[0])


def test_a_cpu_computes_in_fp32_whatever_instructions_it_has(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: True, raising=False)
    chosen = choose_precision(torch.device("cpu"))
    assert chosen.name == "fp32"
    assert "bfloat16" in chosen.reason


@pytest.mark.parametrize(("name", "dtype"), [("fp32", torch.float32), ("bf16", torch.bfloat16)])
def test_a_forced_precision_is_what_is_computed_in(name: str, dtype: torch.dtype) -> None:
    cpu = torch.device("cpu")
    with choose_precision(cpu, name).autocast(cpu):
        assert torch.nn.functional.linear(torch.ones(2, 2), torch.ones(2, 2)).dtype == dtype


def test_precisions_that_do_not_go() -> None:
    with pytest.raises(DeviceError, match="fp16 training is not supported on the CPU"):
        choose_precision(torch.device("cpu"), "fp16")
    with pytest.raises(DeviceError, match="unknown precision 'bf17'; did you mean 'bf16'"):
        choose_precision(torch.device("cpu"), "bf17")


@pytest.mark.parametrize("seed", [0, 2**32 - 1])
def test_a_seed_repeats_everything(seed: int) -> None:
    import random

    import numpy as np

    def draw() -> tuple[float, float, float]:
        seed_everything(seed)
        return random.random(), float(np.random.rand()), float(torch.rand(()))

    first = draw()
    assert draw() == first
    seed_everything(seed // 2 + 1)
    assert random.random() != first[0]
