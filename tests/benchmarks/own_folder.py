"""Measure what training on a small folder of one's own pictures gives: from scratch, and from trained weights.

    python tests/benchmarks/own_folder.py [--data NAME ...] [--each 30] [--test 60] [--seeds 5] [--arch convnext]

Folders are made with 30 training pictures a class and a test folder of other pictures: MNIST digits drawn as
photos, the same with the digits' names in words as classes (so that the last layer is new), the 8x8 digits of
scikit-learn, and letters in the fonts of this machine. On each is trained: from scratch by the architecture's own
recipe, from scratch by the recipe that ``mnistkit train`` fits to so few pictures, and with ``--init pictures``.
What is printed are errors on the test pictures by seed, and the mean and standard deviation of the accuracy.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from unittest import mock

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from mnistkit.data import load_dataset
from mnistkit.data.base import Dataset, LoadOptions
from mnistkit.evaluation.intervals import summarise_seeds
from mnistkit.models import get_architecture
from mnistkit.recipe import flatten
from mnistkit.reporting.training.terminal import over_seeds
from mnistkit.workflows.train import train_seeds
from mnistkit.workflows.train_config import TrainConfig
from tests.support.picture_generator import STYLES, digit_picture

WORDS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
LETTERS = "ABCDEFGHJK"
INIT = "pictures"

Drawn = Iterator[tuple[str, str, NDArray[np.uint8]]]
"""Split, class and pixels of one picture after another."""


def photos(each: int, test: int, rng: np.random.Generator) -> Drawn:
    """Draw MNIST's digits as photos and scans: the training pictures from its training images."""
    mnist = load_dataset("mnist")
    styles = [replace(STYLES[name], height=(200, 400)) for name in ("phone", "marker", "scan")]
    for split, images, count in (("train", mnist.train, each), ("test", mnist.test, test)):
        for label in range(10):
            for number, place in enumerate(rng.choice(np.flatnonzero(images.labels == label), count, False)):
                picture = digit_picture(images.images[place], label, styles[number % len(styles)], rng)
                yield split, str(label), picture.pixels


def words(each: int, test: int, rng: np.random.Generator) -> Drawn:
    """Draw the same as :func:`photos`, with the digits' names as classes."""
    for split, name, pixels in photos(each, test, rng):
        yield split, WORDS[int(name)], pixels


def digits8x8(each: int, test: int, rng: np.random.Generator) -> Drawn:
    """Give the real digits of 8x8 pixels that come with scikit-learn."""
    from sklearn.datasets import load_digits

    digits = load_digits()
    for label in range(10):
        places = rng.permutation(np.flatnonzero(digits.target == label))[: each + test]
        for number, image in enumerate((digits.images[places] * (255 / 16)).round().astype(np.uint8)):
            yield "train" if number < each else "test", str(label), image


def letters(each: int, test: int, rng: np.random.Generator) -> Drawn:
    """Draw ten capital letters, turned a little, in all fonts that matplotlib brings along or finds."""
    from matplotlib import font_manager

    fonts = sorted(path for path in font_manager.findSystemFonts() if "Symbol" not in path and "Math" not in path)
    for letter in LETTERS:
        for number in range(each + test):
            font = ImageFont.truetype(fonts[int(rng.integers(len(fonts)))], int(rng.integers(60, 110)))
            image = Image.new("L", (160, 160), int(rng.integers(200, 256)))
            ImageDraw.Draw(image).text((80, 80), letter, int(rng.integers(0, 80)), font, anchor="mm")
            image = image.rotate(float(rng.uniform(-20, 20)), fillcolor=image.getpixel((0, 0)))
            yield "train" if number < each else "test", letter, np.asarray(image)


DATA: dict[str, Callable[[int, int, np.random.Generator], Drawn]] = {
    "photos": photos,
    "words": words,
    "digits8x8": digits8x8,
    "letters": letters,
}


def make_folder(folder: Path, drawn: Drawn) -> Path:
    """Write pictures as PNG files into ``folder/SPLIT/CLASS``."""
    for number, (split, name, pixels) in enumerate(drawn):
        (folder / split / name).mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels).save(folder / split / name / f"{number}.png")
    return folder


def main() -> None:
    """Print one line for each folder and way to train."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", nargs="+", choices=DATA, default=list(DATA))
    parser.add_argument("--each", type=int, default=30, help="training pictures a class")
    parser.add_argument("--test", type=int, default=60, help="test pictures a class")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--arch", default="convnext", help="of the trainings from scratch")
    options = parser.parse_args()
    own = flatten(get_architecture(options.arch).recipe.to_dict())
    ways: dict[str, TrainConfig] = {
        f"{options.arch}, own recipe": TrainConfig(options.arch, changes=(("own", own),)),
        f"{options.arch}, fitted recipe": TrainConfig(options.arch),
        f"from {INIT}, fitted recipe": TrainConfig("convnext", init=INIT),
    }
    with tempfile.TemporaryDirectory() as home, mock.patch(_LOADER, _remembering(load_dataset)):
        for name in options.data:
            drawn = DATA[name](options.each, options.test, np.random.default_rng(1))
            folder = make_folder(Path(home) / name, drawn)
            for number, (way, config) in enumerate(ways.items()):
                out = Path(home) / f"{name}-{number}"
                result = train_seeds(replace(config, dataset=str(folder), out=out, device="cpu"), options.seeds)
                tests = [run.metrics["test"] for run in result.runs]
                errors = " ".join(str(test["errors"]) for test in tests)
                seconds = summarise_seeds([run.metrics["train_seconds"] for run in result.runs]).mean
                print(
                    f"{name:10} {way:26} {over_seeds(result.summary['top1']):>16}  "
                    f"errors of {tests[0]['n']}: {errors}  ({seconds:.0f} s)",
                    flush=True,
                )


_LOADER = "mnistkit.workflows.training_run.load_dataset"


def _remembering(load: Callable[[str, LoadOptions], Dataset]) -> Callable[[str, LoadOptions], Dataset]:
    """Return ``load`` with a memory: preparing photos takes longer than training on them."""
    loaded: dict[str, Dataset] = {}

    def remembered(spec: str, options: LoadOptions) -> Dataset:
        if spec not in loaded:
            loaded[spec] = load(spec, options)
        return loaded[spec]

    return remembered


if __name__ == "__main__":
    main()
