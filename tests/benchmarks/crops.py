"""Let ``mnistkit predict`` name the digits of tight crops and of tiny pictures.

    python tests/benchmarks/crops.py [--checkpoint C] [--digits N] [--seed S] [--split train|val|test]

Two sets are written as PNG files and read by the command: scikit-learn's 8x8 digits (``load_digits``), light on
dark and dark on light, and crops of N images of MNIST, each with 12, 16, 20 and 32 pixels on its longer side, grey
and two-valued, of both polarities: tight, widened to a square, and stretched to one. See tests/support/crops.py.
Choices are made with ``--split train``, and with the half of ``load_digits`` that is called "chosen on"; the test
images and the other half are for the final report alone.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from mnistkit.data import load_dataset
from tests.support.crops import FORMS, crop_of, sample, small_digits

HALVES_SEED = 20261125
"""Draws the half of ``load_digits`` that thresholds and forms were chosen on."""


@dataclass(frozen=True)
class Case:
    """A picture, the digit it shows, and the lines of the report that count it."""

    pixels: NDArray[np.uint8]
    label: int
    groups: tuple[str, ...]


def tiny() -> Iterator[Case]:
    """Yield the 8x8 digits in both polarities."""
    digits = list(small_digits())
    order = np.random.default_rng(HALVES_SEED).permutation(len(digits))
    chosen = set(order[: len(digits) // 2].tolist())
    for place, (pixels, label) in enumerate(digits):
        half = "load_digits, half chosen on" if place in chosen else "load_digits, other half"
        yield Case(pixels, label, ("load_digits, light on dark", half))
        yield Case(255 - pixels, label, ("load_digits, dark on light", half))


def crops(digits: int, seed: int, split: str) -> Iterator[Case]:
    """Yield crops of images of MNIST."""
    for tile, label in sample(load_dataset("mnist").split(split), digits, seed):
        for form in FORMS:
            levels = "two-valued" if form.is_two_valued else "grey"
            polarity = "dark on light" if form.is_dark else "light on dark"
            parts = (f"{form.side} pixels", levels, polarity)
            groups = (form.shape, *(f"{form.shape}, {part}" for part in parts))
            yield Case(crop_of(tile, form), label, groups)


def answers(cases: list[Case], checkpoint: list[str]) -> list[dict[str, object]]:
    """Return what the command answers about each picture."""
    with tempfile.TemporaryDirectory() as folder:
        for number, case in enumerate(cases):
            Image.fromarray(case.pixels).save(Path(folder, f"{number:06d}.png"), compress_level=1)
        command = [sys.executable, "-m", "mnistkit", "predict", *checkpoint, folder, "--jsonl"]
        result = subprocess.run(command, capture_output=True, text=True, check=True)
    found = [json.loads(line) for line in result.stdout.splitlines()]
    return sorted(found, key=lambda entry: str(entry["path"]))


def report(cases: list[Case], found: list[dict[str, object]]) -> None:
    """Print a line for each group."""
    counts: dict[str, list[int]] = {}
    for case, entry in zip(cases, found, strict=True):
        for group in case.groups:
            count = counts.setdefault(group, [0, 0, 0])
            count[0] += 1
            count[1] += entry["digit"] == str(case.label)
            count[2] += entry["digit"] is None
    print(f"{'':32s}{'n':>7s}{'named rightly':>15s}{'refused':>9s}{'wrong':>7s}")
    for group, (n, right, refused) in sorted(counts.items()):
        wrong = n - right - refused
        print(f"{group:32s}{n:7d}{100 * right / n:15.2f}{100 * refused / n:9.2f}{100 * wrong / n:7.2f}")


def main() -> None:
    """Run the measurement."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--checkpoint")
    parser.add_argument("--digits", type=int, default=500)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--split", choices=("train", "val", "test"), default="train")
    options = parser.parse_args()
    cases = [*tiny(), *crops(options.digits, options.seed, options.split)]
    report(cases, answers(cases, ["--checkpoint", options.checkpoint] if options.checkpoint else []))


if __name__ == "__main__":
    main()
