"""Measure a checkpoint on generated pictures: digits, and pictures without one.

    python tests/benchmarks/pictures.py CHECKPOINT [--each N] [--seed S] [--split val|test]

For each style N single digits, N pictures of each kind without exactly one digit, and N digits in each kind of
surroundings are drawn by tests/support/picture_generator.py, written as PNG files, and read, prepared and
classified. A picture is refused if the preparation finds no digit or several, or if the probability stays below
the checkpoint's threshold. Digits with surroundings are reported apart. Choices are made with ``--split val``; the
test images are for the final report alone.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

import mnistkit
from mnistkit.data import load_dataset
from mnistkit.imaging.load import load_picture
from mnistkit.imaging.prepare import prepare
from mnistkit.imaging.prepared import Prepared
from mnistkit.preparation import INK
from tests.support.picture_generator import (
    CLEAN,
    STYLES,
    SURROUNDED,
    WITHOUT_DIGIT,
    Made,
    digit_picture,
    several_digits,
    without_digit,
)

GROUNDS = ("phone", "drawing", "board")


@dataclass(frozen=True)
class Outcome:
    """One picture and what became of it."""

    kind: str
    label: int | None
    count: int
    prepared: Prepared
    seconds: float


def generate(each: int, seed: int, split: str, largest: int) -> Iterator[Made]:
    """Draw the pictures one after another."""
    data = load_dataset("mnist").split(split)
    rng = np.random.default_rng(seed)
    styles = {
        name: replace(style, height=(style.height[0], min(style.height[1], max(style.height[0] + 1, largest))))
        for name, style in STYLES.items()
    }
    for style in styles.values():
        for place in rng.integers(0, len(data), each).tolist():
            yield digit_picture(data.images[place], int(data.labels[place]), style, rng)
    for kind in WITHOUT_DIGIT:
        for number in range(each):
            yield without_digit(kind, styles[GROUNDS[number % len(GROUNDS)]], rng)
    for number in range(each):
        places = rng.integers(0, len(data), int(rng.integers(2, 5)))
        yield several_digits(data.images[places], styles[GROUNDS[number % 2]], rng)
    for surround in SURROUNDED.values():
        for place in rng.integers(0, len(data), each).tolist():
            yield surround(rng, data.images[place], int(data.labels[place]))


def examine(made: Made) -> Outcome:
    """Prepare one picture from its file."""
    content = made.png()
    start = time.process_time()
    prepared = prepare(load_picture(content), INK)
    return Outcome(made.kind, made.label, made.count, prepared, time.process_time() - start)


def classify(checkpoint: str, outcomes: list[Outcome]) -> tuple[np.ndarray, np.ndarray, float]:
    """Return the predicted digits, their probabilities, and the probability below which there is no answer."""
    recogniser = mnistkit.load(checkpoint, device="cpu")
    logits = recogniser.logits(np.stack([outcome.prepared.tile for outcome in outcomes]))
    shares = recogniser.calibration.probabilities(logits)
    return shares.argmax(axis=1), shares.max(axis=1), recogniser.calibration.threshold


def report(outcomes: list[Outcome], digits: np.ndarray, sure: np.ndarray, threshold: float) -> None:
    """Print a table, one line a kind, and the three figures that count."""
    kinds = np.array([outcome.kind for outcome in outcomes])
    is_digit = np.array([outcome.label is not None for outcome in outcomes])
    surrounded = np.isin(kinds, list(SURROUNDED))
    single = is_digit & ~surrounded
    right = np.array([outcome.label == digit for outcome, digit in zip(outcomes, digits, strict=True)])
    found = np.array([outcome.prepared.finding.value == "digit" for outcome in outcomes])
    refused = ~found | (sure < threshold)
    counted = np.array([outcome.prepared.digits == outcome.count for outcome in outcomes])
    print(f"{'kind':12s}{'n':>6s}{'right':>8s}{'refused by ink':>16s}{'refused':>9s}")
    for kind in dict.fromkeys(kinds.tolist()):
        of = kinds == kind
        share = f"{right[of].mean():8.3f}" if is_digit[of].all() else " " * 8
        print(f"{kind:12s}{of.sum():6d}{share}{(~found)[of].mean():16.3f}{refused[of].mean():9.3f}")
    clean = np.isin(kinds, CLEAN) & single
    print(f"single digits right: {right[single].mean():.4f} of {single.sum()}")
    print(f"  of those not refused: {right[single & ~refused].mean():.4f} of {(single & ~refused).sum()}")
    print(f"without one digit refused: {refused[~is_digit].mean():.4f} of {(~is_digit).sum()}")
    named = right & ~refused
    print(
        f"with surroundings right: {named[surrounded].mean():.4f} of {surrounded.sum()}, "
        f"refused: {refused[surrounded].mean():.4f}"
    )
    print(
        f"clean digits refused: {refused[clean].mean():.4f}, by ink {(~found)[clean].mean():.4f}, of {clean.sum()}"
    )
    print(f"several counted right: {counted[kinds == 'several'].mean():.3f}")
    seconds = [outcome.seconds for outcome in outcomes]
    print(f"CPU time a picture: mean {1e3 * np.mean(seconds):.0f} ms, largest {1e3 * max(seconds):.0f} ms")


def main() -> None:
    """Run the measurement."""
    parser = argparse.ArgumentParser()
    parser.add_argument("checkpoint")
    parser.add_argument("--each", type=int, default=30)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--split", choices=("val", "test"), default="val")
    parser.add_argument("--largest", type=int, default=3000, help="longest shorter side of a picture")
    options = parser.parse_args()
    outcomes = [examine(made) for made in generate(options.each, options.seed, options.split, options.largest)]
    report(outcomes, *classify(options.checkpoint, outcomes))


if __name__ == "__main__":
    main()
