"""Measure what each CPU form of a layer gains: the share of a model's time that goes with it.

    OMP_NUM_THREADS=2 python tests/benchmarks/cpu_forms.py [--precision bf16] [--rounds 60]

For every architecture that has CPU forms, a batch of 128 is trained on (forward, backward, AdamW) and classified
by the model without any forms, without one of them and with all. The models take turns in one process, and a gain
is the median over the rounds: a machine that does other things too is slow for all of them. One thread is timed by
the processor's time that it takes, several by the clock.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from statistics import median

import torch
from torch import nn
from torch.nn import functional

from mnistkit.device import Precision, set_up_machine
from mnistkit.models import build_model, model_names
from mnistkit.models.cpu_forms import all_forms, use_plain_forms

CPU = torch.device("cpu")
WARM_UP = 3


class Runner:
    """One model, and the two things that are timed with it."""

    def __init__(self, model: nn.Module, precision: Precision) -> None:
        self.model, self.precision = model, precision
        self.optimizer = torch.optim.AdamW(model.parameters(), lr=1e-5)
        self.images, self.labels = torch.randn(128, 1, 28, 28), torch.randint(10, (128,))

    def train(self) -> None:
        with self.precision.autocast(CPU):
            loss = functional.cross_entropy(self.model(self.images), self.labels)
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()

    @torch.inference_mode()
    def classify(self) -> None:
        with self.precision.autocast(CPU):
            self.model(self.images)


def without(name: str, form: type[nn.Module]) -> nn.Module:
    """Return the model with all of its forms but one."""
    model = build_model(name, 10)
    for module in model.modules():
        if type(module) is form:
            use_plain_forms(module)
    return model


def gains(
    tasks: dict[str, Callable[[], None]], reference: Callable[[], None], rounds: int
) -> dict[str, tuple[float, float]]:
    """Return the median milliseconds of each task, and the share of them that the reference saves."""
    clock = time.process_time if torch.get_num_threads() == 1 else time.perf_counter

    def milliseconds(task: Callable[[], None]) -> float:
        started = clock()
        task()
        return (clock() - started) * 1000

    taken: dict[str, list[float]] = {label: [] for label in tasks}
    saved: dict[str, list[float]] = {label: [] for label in tasks}
    for number in range(WARM_UP + rounds):
        for label, task in tasks.items():
            # Both orders, half of the time each: a pause of the machine's between the two favours neither.
            pair = (task, reference) if number % 2 else (reference, task)
            first, second = (milliseconds(each) for each in pair)
            theirs, ours = (first, second) if number % 2 else (second, first)
            if number >= WARM_UP:
                taken[label].append(theirs)
                saved[label].append(1 - ours / theirs)
    return {label: (median(taken[label]), median(saved[label])) for label in tasks}


def main() -> None:
    """Print a line for each form and task."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--precision", default="fp32", choices=("fp32", "bf16"))
    parser.add_argument("--rounds", type=int, default=60)
    options = parser.parse_args()
    precision = set_up_machine("cpu", options.precision).precision
    print(f"{precision.name}, {torch.get_num_threads()} threads, torch {torch.__version__}")
    for name in model_names():
        model = build_model(name, 10)
        forms = [form for form in all_forms().values() if any(type(part) is form for part in model.modules())]
        if not forms:
            continue
        quick = Runner(model, precision)
        others = {f"{form.__name__} gains": Runner(without(name, form), precision) for form in forms}
        others["all forms gain"] = Runner(build_model(name, 10, plain=True), precision)
        for what in ("train", "classify"):
            tasks: dict[str, Callable[[], None]] = {
                label: getattr(runner, what) for label, runner in others.items()
            }
            for label, (taken, gain) in gains(tasks, getattr(quick, what), options.rounds).items():
                print(f"{name} {what}: {label} {gain:.1%} of {taken:.1f} ms", flush=True)


if __name__ == "__main__":
    main()
