"""Which backend answers soonest, where none is asked for."""

from __future__ import annotations

import sys

from mnistkit.device import FP32, check_device_name
from mnistkit.exceptions import UsageError
from mnistkit.inference.backends import BACKENDS, NUMPY, TORCH
from mnistkit.inference.checkpoints import FoundCheckpoint
from mnistkit.registry import check_name

# Of the default model numpy has done so many tiles in two thirds of the time that torch takes with its import; at
# twice as many both take about the same (tests/benchmarks/backends.py time). The rest is left to networks in which
# numpy loses more a tile.
MOST_FOR_NUMPY = 2_000


def choose_backend(
    checkpoint: FoundCheckpoint,
    wanted: str = "auto",
    *,
    device: str = "auto",
    precision: str = FP32.name,
    pictures: int | None = None,
) -> str:
    """Return "numpy" or "torch", without importing either.

    Args:
        checkpoint: What is to be computed.
        wanted: A name of :data:`mnistkit.inference.backends.BACKENDS`.
        device: As :func:`mnistkit.device.select_device` takes it; numpy has the CPU alone.
        precision: As :func:`mnistkit.device.choose_precision` takes it; numpy has fp32 alone.
        pictures: How many are to be recognised; None where nobody knows.

    Raises:
        UsageError: an unknown name, or numpy on a device or in a precision that it does not have.
        DeviceError: an unknown device.
    """
    check_name("backend", wanted, BACKENDS)
    fits = check_device_name(device) in ("auto", "cpu") and precision in ("auto", FP32.name)
    if wanted == NUMPY and not fits:
        raise UsageError(
            f"the backend numpy computes in fp32 on the CPU, not in {precision} on {device}",
            hint="--backend torch",
        )
    if wanted != "auto":
        return wanted
    # What is imported already costs nothing.
    is_quick = "torch" not in sys.modules and (pictures or 0) <= MOST_FOR_NUMPY
    return NUMPY if fits and is_quick and checkpoint.info.program else TORCH
