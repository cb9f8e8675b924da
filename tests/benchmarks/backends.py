"""Compare numpy and torch: what they answer, and from how many pictures torch is done sooner.

    python tests/benchmarks/backends.py agree [--images N] [--each N]
    python tests/benchmarks/backends.py time [CKPT] [--counts 1,500,2000,...] [--rounds N]

``agree`` computes the logits of N test images (all 10,000) by every bundled model and, with random weights, by
every architecture, and what the default model answers about generated pictures (tests/benchmarks/pictures.py).
``time`` runs ``mnistkit predict`` on folders of MNIST's test images with each backend in turn, beside
``import torch``; wall time counts, since who waits does not care which process computes.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mnistkit.data import load_dataset
from mnistkit.export.lower import lower_architecture
from mnistkit.inference.answers import Answer
from mnistkit.inference.backends import NUMPY, TORCH
from mnistkit.inference.checkpoints import FoundCheckpoint
from mnistkit.inference.recogniser import Recogniser
from mnistkit.locate import DEFAULT_BUNDLED, bundled_names, bundled_path
from mnistkit.models import build_model, model_names
from tests.benchmarks.pictures import generate
from tests.benchmarks.predict import seconds
from tests.support.pictures import write_tiles
from tests.support.programs import both, disturb, mnist_images


def report(name: str, found: NDArray[np.float32], expected: NDArray[np.float32]) -> None:
    """Print how far logits lie apart, and how many answers differ."""
    differ = int((found.argmax(axis=1) != expected.argmax(axis=1)).sum())
    apart, largest = np.abs(found - expected).max(), np.abs(expected).max()
    print(f"{name:24} n {len(found):6,}  logits apart {apart:.1e} of {largest:.1f}  answers that differ {differ}")


def agree(images: int, each: int) -> None:
    """Print a line for each bundled model and architecture, and one for generated pictures."""
    tiles = load_dataset("mnist").test.images[:images]
    for name in bundled_names():
        recognisers = _both_backends(name)
        report(f"bundled {name}", *(recogniser.logits(tiles) for recogniser in recognisers))
    for name in model_names():
        model = disturb(build_model(name, 10, plain=True))
        report(f"architecture {name}", *both(lower_architecture(name, 10), model, mnist_images(images)))
    first, second = _both_backends(DEFAULT_BUNDLED)
    words, apart, n = 0, 0.0, 0
    for made in generate(each, seed=20261121, split="test", largest=1000):
        one, other = (recogniser.read(made.png()) for recogniser in (first, second))
        assert isinstance(one, Answer) and isinstance(other, Answer)
        words += one.word != other.word
        apart = max(apart, abs((one.probability or 0) - (other.probability or 0)))
        n += 1
    print(f"generated pictures       n {n:6,}  probabilities apart {apart:.1e}  answers that differ {words}")


def _both_backends(name: str) -> tuple[Recogniser, Recogniser]:
    found = FoundCheckpoint.read(bundled_path(name))
    numpy, torch = (Recogniser.load(found, device="cpu", backend=each) for each in (NUMPY, TORCH))
    return numpy, torch


def compare(checkpoint: str, counts: list[int], rounds: int) -> None:
    """Print a line for each number of pictures: median wall and processor seconds of both backends."""
    with tempfile.TemporaryDirectory() as name:
        for count in counts:
            folder = Path(name, str(count))
            write_tiles(folder, count)
            where = str(folder) if count > 1 else str(folder / "00000.png")
            predict = ["-m", "mnistkit", "predict", "--checkpoint", checkpoint, where, "--backend"]
            commands = {"import": ["-c", "import torch"], NUMPY: [*predict, NUMPY], TORCH: [*predict, TORCH]}
            taken: dict[str, list[tuple[float, float]]] = {title: [] for title in commands}
            for _ in range(rounds):
                for title, arguments in commands.items():
                    taken[title].append(seconds(arguments))
            shown = []
            for title, times in taken.items():
                wall, work = (statistics.median(column) for column in zip(*times, strict=True))
                shown.append(f"{title} {wall:.2f} s (processor {work:.2f})")
            ratio = statistics.median(numpy[0] / alone[0] for numpy, alone in zip(*_first_two(taken), strict=True))
            print(f"{count:6,} pictures: {', '.join(shown)}; numpy takes {ratio:.2f} of import torch")


def _first_two(taken: dict[str, list[tuple[float, float]]]) -> tuple[list[tuple[float, float]], ...]:
    return taken[NUMPY], taken["import"]


def main() -> None:
    """Run one of the two."""
    parser = argparse.ArgumentParser()
    parser.add_argument("what", choices=("agree", "time"))
    parser.add_argument("checkpoint", nargs="?", default=DEFAULT_BUNDLED)
    parser.add_argument("--images", type=int, default=10_000)
    parser.add_argument("--each", type=int, default=30)
    parser.add_argument("--counts", default="1,100,1000,2000,4000,10000")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    if options.what == "agree":
        agree(options.images, options.each)
    else:
        compare(options.checkpoint, [int(each) for each in options.counts.split(",")], options.rounds)


if __name__ == "__main__":
    main()
