"""Measure the time from the shell prompt to the first training step against ``python -c "import torch"``.

    python tests/benchmarks/first_step.py [ROUNDS]

Each is timed as a whole process; the training ends itself right after its first optimizer step.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time

# The process ends itself right after its first optimizer step.
FIRST_STEP = """
import os, sys
from mnistkit.training import loop
step = loop._train_step
def step_and_leave(*arguments):
    step(*arguments)
    os._exit(0)
loop._train_step = step_and_leave
from mnistkit.cli import main
main(sys.argv[1:])
"""


def seconds(arguments: list[str]) -> float:
    """Return the wall time of ``python ARGUMENTS``."""
    started = time.perf_counter()
    subprocess.run([sys.executable, *arguments], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return time.perf_counter() - started


def main() -> None:
    """Print the difference of each round and the median."""
    differences = []
    for number in range(int(sys.argv[1]) if len(sys.argv) > 1 else 5):
        with tempfile.TemporaryDirectory() as folder:
            ours = seconds(["-c", FIRST_STEP, "train", "--arch", "convnext", "--out", f"{folder}/run"])
        torch = seconds(["-c", "import torch"])
        differences.append(ours - torch)
        print(f"round {number + 1}: first step after {ours:.2f} s, import torch {torch:.2f} s", flush=True)
    print(f"median difference {statistics.median(differences):.2f} s")


if __name__ == "__main__":
    main()
