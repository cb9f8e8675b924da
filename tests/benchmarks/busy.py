"""Time work alone, beside a busy process, and twice at once, on the same machine in one run.

    python tests/benchmarks/busy.py [CASE...] [--rounds N] [--other CHECKOUT]

Cases: train-convnext, train-convnext-bf16, train-lenet5, evaluate, predict, suspect; all without one. In every
round each is measured alone, beside one process that computes without end, and twice at the same time; ratios are
taken within a round and their medians printed. ``--other`` measures another checkout of mnistkit alone, in turn.

Training is 150 (convnext) or 600 (lenet5) steps of 128 images with everything that the loop does, without imports.
The others are whole commands: ``evaluate`` of the bundled 'pictures' on the 10,000 test images, ``predict`` of a
folder of 2,000 MNIST images as PNG, and ``errors --suspect`` with the lenet5 of one epoch that it trains per fold.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

STEPS = {"convnext": 150, "lenet5": 400}
CASES = ("train-convnext", "train-convnext-bf16", "train-lenet5", "evaluate", "predict", "suspect")
WAYS = ("alone", "beside a busy process", "two at once")
HERE = Path(__file__).resolve().parents[2]


def train(architecture: str, precision: str) -> float:
    """Return the seconds of some steps of training, in this process."""
    import numpy as np

    from mnistkit.data import load_dataset
    from mnistkit.device import set_up_machine
    from mnistkit.models import get_architecture
    from mnistkit.training.objectives import choose_objective
    from mnistkit.training.setup import TrainingSetup

    recipe = replace(get_architecture(architecture).recipe, epochs=1)
    dataset = load_dataset("mnist")
    setup = TrainingSetup(architecture, recipe, dataset, set_up_machine("cpu", precision))
    from mnistkit.training.loop import run_training

    for count in (10, STEPS[architecture]):
        images = setup.on_device(dataset.train.take(np.arange(count * recipe.batch_size)))
        state = setup.fresh_state()
        run_training(setup.job(choose_objective(recipe), images), state)
    return state.history[0].seconds


def _command(case: str, folder: Path) -> list[str]:
    if case.startswith("train-"):
        _, architecture, *precision = case.split("-")
        return [sys.executable, __file__, "--train", architecture, *(precision or ["fp32"])]
    arguments = {
        "evaluate": ["evaluate", "pictures"],
        "predict": ["predict", str(folder)],
        "suspect": ["errors", "--suspect"],
    }
    return [sys.executable, "-m", "mnistkit", *arguments[case], "--json"]


def _start(command: list[str], tree: Path) -> subprocess.Popen[str]:
    # A command times itself, from its start to its end, so that two at once are each timed.
    timed = [sys.executable, "-c", _TIMED, *command]
    environment = {**os.environ, "PYTHONPATH": str(tree)}
    return subprocess.Popen(timed, stdout=subprocess.PIPE, text=True, env=environment)


_TIMED = """
import subprocess, sys, time
start = time.perf_counter()
done = subprocess.run(sys.argv[1:], capture_output=True, text=True)
if done.returncode not in (0, 3):
    sys.exit(done.stderr)
print(done.stdout.strip() if "--train" in sys.argv else time.perf_counter() - start)
"""


def _seconds(way: str, command: list[str], tree: Path) -> float:
    busy = subprocess.Popen([sys.executable, "-c", "while True: pass"]) if way == WAYS[1] else None
    try:
        started = [_start(command, tree) for _ in range(2 if way == WAYS[2] else 1)]
        return max(float(process.communicate()[0]) for process in started)
    finally:
        if busy:
            busy.kill()


def _write_pictures(folder: Path, count: int) -> None:
    from PIL import Image

    from mnistkit.data import load_dataset

    for number, image in enumerate(load_dataset("mnist").test.images[:count]):
        Image.fromarray(image).save(folder / f"{number}.png")


def main() -> None:
    """Print the medians."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("cases", nargs="*", metavar="CASE", default=CASES)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--other", type=Path, help="root of another checkout, measured in turn")
    parser.add_argument("--train", nargs=2, metavar=("ARCH", "PRECISION"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.train:
        print(train(*options.train))
        return
    with tempfile.TemporaryDirectory() as folder:
        _write_pictures(Path(folder), 2000)
        for case in options.cases:
            command = _command(case, Path(folder))
            times: dict[str, list[float]] = {way: [] for way in WAYS}
            others: list[float] = []
            for _ in range(options.rounds):
                for way in WAYS:
                    times[way].append(_seconds(way, command, HERE))
                    if way == WAYS[0] and options.other:
                        others.append(_seconds(way, command, options.other))
            _report(case, times, others)


def _report(case: str, times: dict[str, list[float]], others: list[float]) -> None:
    alone = times[WAYS[0]]
    print(
        f"{case:20} alone {statistics.median(alone):6.2f} s"
        + (f" ({_ratio(alone, others):.2f} of the other checkout)" if others else "")
        + "".join(f", {way} {_ratio(times[way], alone):.2f}" for way in WAYS[1:]),
        flush=True,
    )


def _ratio(times: list[float], others: list[float]) -> float:
    return statistics.median(a / b for a, b in zip(times, others, strict=True))


if __name__ == "__main__":
    main()
