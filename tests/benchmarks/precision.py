"""Compare trainings in bfloat16 and in fp32 on a CPU: how long a step takes, and what is learnt.

    python tests/benchmarks/precision.py compact-7k [ARCH ...] [--rounds 20] [--seeds 2] [--epochs 2]

``--precision auto`` takes fp32 on every CPU, since what comes of bfloat16 depends on its kind. A step is forward
and backward of a shard of 64 images in one thread, in the processor's time that it takes; the two precisions take
turns, and the ratio is the median over the rounds. Then seeds 0, 1, ... are trained in both with the
architecture's recipe, its epochs as many as ``--epochs`` says, and the loss on the validation images is compared
seed by seed: the images, their order, their augmentation and the initial weights are the same. The test images are
not read.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from dataclasses import replace
from statistics import fmean, median, stdev

import torch
from torch.nn import functional

from mnistkit.data import load_dataset
from mnistkit.device import Machine, set_up_machine
from mnistkit.models import build_model, get_architecture, model_names
from mnistkit.threads import one_thread_an_operation
from mnistkit.training.loop import run_training
from mnistkit.training.objectives import choose_objective
from mnistkit.training.setup import TrainingSetup

PRECISIONS = ("fp32", "bf16")
SHARD = 64


def step_times(name: str, rounds: int) -> dict[str, list[float]]:
    """Return the milliseconds of each round by precision."""
    machines = {precision: set_up_machine("cpu", precision) for precision in PRECISIONS}
    model = build_model(name, 10)
    parameters = list(model.parameters())
    images, labels = torch.randn(SHARD, 1, 28, 28), torch.randint(10, (SHARD,))

    def milliseconds(machine: Machine) -> float:
        started = time.thread_time()
        with machine.precision.autocast(machine.device):
            loss = functional.cross_entropy(model(images), labels)
        torch.autograd.grad(loss, parameters)
        return (time.thread_time() - started) * 1000

    with one_thread_an_operation():
        for machine in machines.values():
            milliseconds(machine)
        taken: dict[str, list[float]] = {precision: [] for precision in PRECISIONS}
        for _ in range(rounds):
            for precision, machine in machines.items():
                taken[precision].append(milliseconds(machine))
    return taken


def validation_losses(name: str, seeds: Sequence[int], epochs: int) -> dict[str, list[float]]:
    """Return the validation loss of each seed after so many epochs, by precision."""
    dataset = load_dataset("mnist")
    losses: dict[str, list[float]] = {precision: [] for precision in PRECISIONS}
    for seed in seeds:
        recipe = replace(get_architecture(name).recipe, epochs=epochs, seed=seed, patience=0)
        for precision in PRECISIONS:
            setup = TrainingSetup(name, recipe, dataset, set_up_machine("cpu", precision), {})
            train, val = (setup.on_device(dataset.split(part)) for part in ("train", "val"))
            state = setup.fresh_state()
            run_training(setup.job(choose_objective(recipe), train, val), state)
            losses[precision].append(state.losses[-1])
            print(f"{name} seed {seed} {precision}: validation loss {losses[precision][-1]:.5f}", flush=True)
    return losses


def main() -> None:
    """Print the ratio of the times, and the difference of the losses."""
    parser = argparse.ArgumentParser()
    parser.add_argument("architectures", nargs="+", choices=model_names(), metavar="ARCH")
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--seeds", type=int, default=2, help="0 compares only the times")
    parser.add_argument("--epochs", type=int, default=2)
    options = parser.parse_args()
    for name in options.architectures:
        taken = step_times(name, options.rounds)
        ratio = median(half / full for full, half in zip(taken["fp32"], taken["bf16"], strict=True))
        print(f"{name}: a step in bf16 takes {ratio:.2f} of {median(taken['fp32']):.1f} ms in fp32", flush=True)
        if not options.seeds:
            continue
        losses = validation_losses(name, range(options.seeds), options.epochs)
        changes = [half - full for full, half in zip(losses["fp32"], losses["bf16"], strict=True)]
        spread = f" ± {stdev(changes):.5f}" if len(changes) > 1 else ""
        print(f"{name}: validation loss in bf16 differs by {fmean(changes):+.5f}{spread} of {options.seeds} seeds")


if __name__ == "__main__":
    main()
