"""Where the arithmetic runs: choosing a device and a precision, seeding, and setting the machine up for speed."""

from __future__ import annotations

import ctypes
import os
import platform
import random
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mnistkit.exceptions import DeviceError
from mnistkit.recipe import PRECISIONS
from mnistkit.registry import unknown_name
from mnistkit.threads import thread_count

if TYPE_CHECKING:
    import torch

KINDS = ("cpu", "cuda", "mps", "xpu")
CHOICES = ("auto", *KINDS)
# What people call them.
_ALIASES = {"gpu": "cuda"}


@dataclass(frozen=True)
class Precision:
    """The arithmetic of the forward pass.

    Attributes:
        name: "fp32", "bf16" or "fp16".
        reason: Why it was chosen, for people.
    """

    name: str
    reason: str

    def autocast(self, device: torch.device) -> AbstractContextManager[None]:
        """Return the context in which forward passes run."""
        import torch

        if self.name == "fp32":
            return nullcontext()
        # A cast weight is used once in a pass; kept, it would be kept for all threads.
        dtype = torch.bfloat16 if self.name == "bf16" else torch.float16
        context: AbstractContextManager[None] = torch.autocast(device.type, dtype=dtype, cache_enabled=False)
        return context


FP32 = Precision("fp32", "answers and figures do not depend on the kind of CPU")
"""The arithmetic of inference, wherever no other is asked for."""


def check_device_name(spec: str) -> str:
    """Return ``spec`` if it has the form of a device ("auto", "cpu", "cuda:1"), without importing torch.

    "gpu" means "cuda", and "gpu:1" "cuda:1".

    Raises:
        DeviceError: it has not; the message holds the closest match.
    """
    kind, colon, index = spec.partition(":")
    kind = _ALIASES.get(kind, kind)
    if kind not in CHOICES or (colon and (kind == "auto" or not index.isdecimal())):
        error = unknown_name("device", spec, CHOICES)
        raise DeviceError(error.message, hint="--device takes auto, cpu, cuda, cuda:N, mps or xpu")
    return f"{kind}{colon}{index}"


def select_device(spec: str = "auto") -> torch.device:
    """Return the device that ``spec`` names; "auto" is the best one present.

    Raises:
        DeviceError: an unknown name, or a device this machine does not have; the message names those present.
    """
    import torch

    spec = check_device_name(spec)
    present = present_devices()
    if spec == "auto":
        return torch.device(next((kind for kind in ("cuda", "xpu", "mps") if kind in present), "cpu"))
    if spec not in present:
        raise DeviceError(f"device '{spec}' is not present; present: {', '.join(present)}", hint="--device auto")
    return torch.device(spec)


def present_devices() -> tuple[str, ...]:
    """Return the names of the devices of this machine, each usable as ``--device``."""
    import torch

    found = ["cpu"]
    for kind in ("cuda", "xpu"):
        module = getattr(torch, kind, None)
        if module is not None and module.is_available():
            found += [kind, *(f"{kind}:{i}" for i in range(module.device_count()))]
    if torch.backends.mps.is_available():
        found.append("mps")
    return tuple(found)


def device_title(device: torch.device) -> str:
    """Return the device with its product name, e.g. "cuda (NVIDIA H200)" or "cpu (2 threads)"."""
    import torch

    if device.type == "cpu":
        count = thread_count()
        return f"cpu ({count} thread{'s' if count > 1 else ''})"
    if device.type in ("cuda", "xpu"):
        return f"{device} ({getattr(torch, device.type).get_device_name(device)})"
    return str(device)


def choose_precision(device: torch.device, wanted: str = "auto") -> Precision:
    """Return the precision to use on ``device``.

    "auto" takes bfloat16 on a GPU that computes in it, else fp32. So it is on every CPU: of two with the same
    AVX-512 instructions for bfloat16, one takes 0.8 and the other 1.4 of the time of fp32 for a step of convnext
    (``tests/benchmarks/precision.py``).

    Args:
        device: Where the forward pass runs.
        wanted: A name of :data:`mnistkit.recipe.PRECISIONS`.

    Raises:
        DeviceError: an unknown precision, or one the device does not support.
    """
    if wanted not in PRECISIONS:
        raise DeviceError(unknown_name("precision", wanted, PRECISIONS).message)
    if wanted == "auto":
        return _automatic_precision(device)
    if wanted == "fp16" and device.type == "cpu":
        raise DeviceError("fp16 training is not supported on the CPU", hint="choose --precision bf16 or fp32")
    return Precision(wanted, "as asked for")


def _automatic_precision(device: torch.device) -> Precision:
    import torch

    if device.type == "cuda":
        if torch.cuda.is_bf16_supported(including_emulation=False):
            return Precision("bf16", "this GPU computes in bfloat16")
        return Precision("fp32", "this GPU has no native bfloat16")
    if device.type == "cpu":
        return Precision("fp32", "bfloat16 is often slower on a CPU")
    return Precision("fp32", f"the safe choice on {device.type}")


def seed_everything(seed: int) -> None:
    """Seed Python's, numpy's and torch's global generators."""
    import numpy as np
    import torch

    random.seed(seed)
    np.random.seed(seed % 2**32)
    torch.manual_seed(seed)


@dataclass(frozen=True)
class Machine:
    """Where models are trained or run, and in which arithmetic.

    Attributes:
        device: Holds data and model.
        precision: That of the forward passes.
    """

    device: torch.device
    precision: Precision

    @property
    def title(self) -> str:
        """The device, with its product name."""
        return device_title(self.device)


def set_up_machine(device: str, precision: str = FP32.name) -> Machine:
    """Choose device and precision, and set the process up for speed there; cheap, and safe to call again.

    Args:
        device: As :func:`select_device` takes it.
        precision: As :func:`choose_precision` takes it.

    Raises:
        DeviceError: an unknown name, or one that this machine does not have.
        UsageError: the environment asks for an impossible number of threads.
    """
    import torch

    chosen = select_device(device)
    machine = Machine(chosen, choose_precision(chosen, precision))
    if chosen.type == "cpu":
        thread_count()
        _keep_freed_memory()
    if chosen.type == "cuda":
        torch.set_float32_matmul_precision("high")
    return machine


def _keep_freed_memory() -> None:
    """Let glibc keep freed blocks instead of handing each back to the system.

    A training step frees and takes the same few megabytes hundreds of times; every time the kernel has to
    map and clear the pages anew. Keeping them makes a step of convnext 1.5 to 1.8 times as fast.
    """
    if platform.system() != "Linux" or os.environ.get("LD_PRELOAD"):
        return
    mmap_threshold, trim_threshold = -3, -1
    with suppress(OSError, AttributeError):
        libc = ctypes.CDLL(None)
        libc.mallopt(mmap_threshold, 32 * 1024 * 1024)
        libc.mallopt(trim_threshold, 1024 * 1024 * 1024)
