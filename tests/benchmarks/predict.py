"""How long ``mnistkit predict`` takes: one picture against ``import torch`` alone, and a folder of small files.

Run it: ``python tests/benchmarks/predict.py [CKPT [FILES [ROUNDS]]]``; without arguments the default checkpoint,
10,000 files and 5 rounds. The files are MNIST's test images, in a temporary folder. Wall and processor time are
printed: on a machine that has other work, only the latter says much.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from tests.support.pictures import write_tiles


def seconds(arguments: Sequence[str]) -> tuple[float, float]:
    """Return the wall time and the processor time of one Python process."""
    before, start = os.times(), time.perf_counter()
    subprocess.run([sys.executable, *arguments], stdout=subprocess.DEVNULL, check=True, stderr=subprocess.DEVNULL)
    wall, after = time.perf_counter() - start, os.times()
    return wall, after.children_user + after.children_system - before.children_user - before.children_system


def main() -> None:
    """Print one line for each measurement."""
    checkpoint, files, rounds = [*sys.argv[1:], *["", "10000", "5"][len(sys.argv) - 1 :]]
    given = ["--checkpoint", checkpoint] if checkpoint else []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_tiles(folder, int(files))
        predict = ["-m", "mnistkit", "predict", *given]
        commands = {
            "import torch": ["-c", "import torch"],
            "predict FILE": [*predict, str(folder / "00000.png")],
        }
        times: dict[str, list[tuple[float, float]]] = {title: [] for title in commands}
        for _ in range(int(rounds)):
            for title, arguments in commands.items():
                times[title].append(seconds(arguments))
        for title, taken in times.items():
            wall, work = (statistics.median(column) for column in zip(*taken, strict=True))
            print(f"{title:<14} median wall {wall:.2f} s, processor {work:.2f} s; fastest {min(taken)[0]:.2f} s")
        wall, work = seconds([*predict, str(folder)])
        print(f"{files} files    wall {wall:.2f} s, {int(files) / wall:,.0f} files/s; processor {work:.2f} s")


if __name__ == "__main__":
    main()
