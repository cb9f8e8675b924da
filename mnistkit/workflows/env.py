"""What ``mnistkit env`` reports: everything about this machine and installation that a bug report needs."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, ClassVar

from mnistkit import __version__
from mnistkit.device import choose_precision, device_title, present_devices, select_device
from mnistkit.files import cache_dir
from mnistkit.runs import RUNS, RunFolder
from mnistkit.threads import thread_count

PACKAGES = (
    "torch",
    "torchvision",
    "numpy",
    "scipy",
    "scikit-learn",
    "pillow",
    "safetensors",
    "matplotlib",
    "typer",
    "jinja2",
    "rich",
    "platformdirs",
)
_VARIABLES = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "CUDA_VISIBLE_DEVICES", "LD_PRELOAD", "NO_COLOR", "TERM")


@dataclass(frozen=True)
class Environment:
    """The report.

    Attributes:
        mnistkit: Version of this package.
        location: Folder it is imported from.
        python: Version and implementation of Python.
        executable: The interpreter.
        platform: Operating system, its version and the machine type.
        cpu: The processor's product name.
        cores: Logical cores this process may use.
        memory_bytes: Installed memory; None where the system does not say.
        threads: Threads that compute on a CPU.
        versions: Package name to version, or "not installed".
        cuda: Version of CUDA torch was built with; None for a build without.
        devices: Title of each present device by its ``--device`` name.
        device: The device the commands would use.
        precision: The arithmetic that ``train`` would use there.
        precision_reason: Why.
        cache: The cache folder.
        cache_bytes: Size of what it holds.
        runs: The folder of the runs, as seen from here.
        finished_runs: Finished runs in it.
        unfinished_runs: Unfinished ones.
        variables: The environment variables that change what mnistkit or torch do, where they are set.
    """

    schema: ClassVar = "mnistkit/env/2"

    mnistkit: str
    location: str
    python: str
    executable: str
    platform: str
    cpu: str
    cores: int
    memory_bytes: int | None
    threads: int
    versions: Mapping[str, str]
    cuda: str | None
    devices: Mapping[str, str]
    device: str
    precision: str
    precision_reason: str
    cache: str
    cache_bytes: int
    runs: str
    finished_runs: int
    unfinished_runs: int
    variables: Mapping[str, str]

    def to_json(self) -> dict[str, Any]:
        """Return plain values."""
        return asdict(self)


def describe_environment(device: str = "auto", precision: str = "auto") -> Environment:
    """Return the report.

    Args:
        device: As ``--device`` takes it.
        precision: As ``--precision`` takes it.

    Raises:
        DeviceError: the device is not present, or does not support the precision.
    """
    import torch

    chosen = select_device(device)
    arithmetic = choose_precision(chosen, precision)
    states = [RunFolder(path).status() for path in RUNS.glob("*") if path.is_dir()]
    return Environment(
        mnistkit=__version__,
        location=str(Path(__file__).parent.parent),
        python=f"{platform.python_version()} ({platform.python_implementation()})",
        executable=sys.executable,
        platform=platform.platform(),
        cpu=_cpu_name(),
        cores=_usable_cores(),
        memory_bytes=_memory(),
        threads=thread_count(),
        versions={name: _version(name) for name in PACKAGES},
        cuda=torch.version.cuda,
        devices={name: device_title(torch.device(name)) for name in present_devices()},
        device=str(chosen),
        precision=arithmetic.name,
        precision_reason=arithmetic.reason,
        cache=str(cache_dir()),
        cache_bytes=_folder_size(cache_dir()),
        runs=str(RUNS.resolve()),
        finished_runs=states.count("finished"),
        unfinished_runs=states.count("unfinished"),
        variables=_variables(),
    )


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"


def _cpu_name() -> str:
    """Return the processor's name; Python's own ``platform`` module does not know it on Linux and macOS."""
    with suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    if sys.platform == "darwin":
        command = ["sysctl", "-n", "machdep.cpu.brand_string"]
        with suppress(OSError, subprocess.SubprocessError):
            return subprocess.run(command, capture_output=True, text=True, check=True, timeout=5).stdout.strip()
    return platform.processor() or platform.machine() or "unknown"


def _usable_cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _memory() -> int | None:
    with suppress(ValueError, OSError, AttributeError):
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return None


def _folder_size(folder: Path) -> int:
    """Return the bytes of all files under ``folder``; those that vanish or cannot be read count nothing."""
    total = 0
    for path, _, names in os.walk(folder):
        for name in names:
            with suppress(OSError):
                total += Path(path, name).lstat().st_size
    return total


def _variables() -> dict[str, str]:
    return {
        name: value
        for name, value in sorted(os.environ.items())
        if name in _VARIABLES or name.startswith("MNISTKIT_")
    }
