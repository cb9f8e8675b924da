"""Compare an epoch of a student that is taught, its teacher's answers kept already, with one of it alone.

    python tests/benchmarks/distill_epoch.py [STUDENT] [ROUNDS]

Both train by their default recipe on the same 12,800 images of MNIST, in turns in one process. Timed is everything
from the order of the images to the last step. The bundled convnext teaches. The ratio is taken round by round; the
bar is 2.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import numpy as np

from mnistkit.data import load_dataset
from mnistkit.device import set_up_machine
from mnistkit.models import get_architecture
from mnistkit.training.answer_cache import AnswerCache
from mnistkit.training.loop import run_training
from mnistkit.training.objectives import CrossEntropy, Distillation, Objective
from mnistkit.training.setup import TrainingSetup
from mnistkit.training.teachers import find_teachers

IMAGES = 12_800


def main() -> None:
    """Print the seconds of each round and the median ratio."""
    student = sys.argv[1] if len(sys.argv) > 1 else "lenet5"
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 5
    mnist = load_dataset("mnist")
    few = replace(mnist, train=mnist.train.take(np.arange(IMAGES)), validation_size=1)
    recipe = replace(get_architecture(student).recipe, epochs=1)
    machine = set_up_machine("cpu", "auto")
    setup, teachers = TrainingSetup(student, recipe, few, machine), find_teachers(["convnext"])
    ratios = []
    with tempfile.TemporaryDirectory() as folder:

        def seconds(objective: Objective) -> float:
            state = setup.fresh_state()
            job = setup.job(objective, setup.on_device(few.train))
            start = time.perf_counter()
            run_training(job, state)
            return time.perf_counter() - start

        cache = AnswerCache(Path(folder))
        for number in range(rounds + 1):
            # The first round answers, keeps the answers, and warms everything up.
            alone = seconds(CrossEntropy(recipe))
            taught = seconds(Distillation(recipe, teachers, cache=cache))
            if number:
                ratios.append(taught / alone)
                print(
                    f"round {number}: alone {alone:.2f} s, taught {taught:.2f} s, ratio {ratios[-1]:.2f}",
                    flush=True,
                )
    print(f"{student}: median ratio {statistics.median(ratios):.2f} of {rounds} rounds of {IMAGES:,} images")


if __name__ == "__main__":
    main()
