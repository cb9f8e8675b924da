"""How long ``mnistkit --help`` and ``mnistkit train --help`` take, against importing typer and rich alone.

Run it: ``python tests/benchmarks/startup.py [rounds]``. The commands alternate, so that a machine that grows
slower or faster meanwhile treats them alike; the median and the fastest of all rounds are printed.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time

BASELINE = ("-c", "import typer, rich")
COMMANDS = {
    "import typer, rich": BASELINE,
    "mnistkit --version": ("-m", "mnistkit", "--version"),
    "mnistkit --help": ("-m", "mnistkit", "--help"),
    "mnistkit train --help": ("-m", "mnistkit", "train", "--help"),
    "mnistkit train --arch typo": ("-m", "mnistkit", "train", "--arch", "typo"),
}


def seconds(arguments: tuple[str, ...]) -> float:
    """Return the wall time of one Python process."""
    start = time.perf_counter()
    subprocess.run([sys.executable, *arguments], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return time.perf_counter() - start


def measure(commands: dict[str, tuple[str, ...]], rounds: int) -> dict[str, list[float]]:
    """Return the times of each command over ``rounds`` rounds, after one that does not count."""
    times: dict[str, list[float]] = {name: [] for name in commands}
    for number in range(rounds + 1):
        for name, arguments in commands.items():
            taken = seconds(arguments)
            if number:
                times[name].append(taken)
    return times


def main() -> None:
    """Print one line per command."""
    times = measure(COMMANDS, int(sys.argv[1]) if len(sys.argv) > 1 else 15)
    base = times[next(iter(COMMANDS))]
    for name, taken in times.items():
        middle, fastest = statistics.median(taken), min(taken)
        ratios = f"{middle / statistics.median(base):.2f} {fastest / min(base):.2f}"
        print(f"{name:<28} median {middle:.3f} s  fastest {fastest:.3f} s  ratios {ratios}")


if __name__ == "__main__":
    main()
