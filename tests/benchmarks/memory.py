"""Compare the peak memory of training convnext with that of importing torch.

    python tests/benchmarks/memory.py

Each runs as a process of its own; the figure is the operating system's own (maximum resident set size).
"""

from __future__ import annotations

import subprocess
import sys
import tempfile

from tests.support.memory import RSS_UNIT

TRAIN = ["-m", "mnistkit", "train", "--arch", "convnext", "--epochs", "1", "--out"]


def peak_megabytes(arguments: list[str]) -> float:
    """Return the peak memory of ``python ARGUMENTS`` in megabytes (10^6 bytes)."""
    code = (
        "import resource, subprocess, sys;"
        "subprocess.run([sys.executable, *sys.argv[1:]], check=True, stdout=sys.stderr);"
        "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True
    )
    return int(done.stdout) * RSS_UNIT / 1e6


def main() -> None:
    """Print both figures and their difference."""
    torch = peak_megabytes(["-c", "import torch"])
    with tempfile.TemporaryDirectory() as folder:
        training = peak_megabytes([*TRAIN, f"{folder}/run"])
    print(f"import torch {torch:.0f} MB, training {training:.0f} MB, difference {training - torch:.0f} MB")


if __name__ == "__main__":
    main()
