"""Measure classical methods of scikit-learn on MNIST, and write them as rows beside the networks'.

    OMP_NUM_THREADS=1 python tests/benchmarks/classical.py [METHOD ...] [--pixels raw deskewed] [--replace]

The protocol is the networks': hyperparameters are chosen by the accuracy on the 5,000 validation images, of models
that learnt from 10,000 of the training images; the best one then learns from all 55,000, and the 10,000 test
images are read once for each seed. Methods without chance in them have one seed. "deskewed" pixels are sheared so
that the digit stands upright: by its second moments, as LeCun et al. (1998, "Gradient-based learning applied to
document recognition", III.A) do for their classical classifiers.

A row is written as soon as it is measured, so that the methods can be measured one at a time.
"""

from __future__ import annotations

import argparse
import pickle
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import sklearn
from numpy.typing import NDArray
from scipy.ndimage import affine_transform
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.neighbors import KNeighborsClassifier
from sklearn.svm import SVC

import mnistkit
from mnistkit.data import load_dataset
from mnistkit.data.base import LabelledImages
from mnistkit.workflows.record import measured_row
from mnistkit.zoo import MEASURED, add_measured

SEARCHED_ON = 10_000
"""Training images that a model learns from while hyperparameters are chosen."""

Pixels = NDArray[np.float32]


@dataclass(frozen=True)
class Method:
    """One classical method.

    Attributes:
        description: What it is.
        build: Makes an untrained model from hyperparameters and a seed.
        choices: The values of each hyperparameter that are tried.
        seeds: How many seeds; one where there is no chance in it.
    """

    description: str
    build: Callable[..., Any]
    choices: Mapping[str, Sequence[Any]]
    seeds: int = 1


METHODS = {
    "nearest neighbours": Method(
        "the vote of the nearest training images",
        lambda seed, **values: KNeighborsClassifier(algorithm="brute", weights="distance", **values),
        {"n_neighbors": (1, 3, 5, 7)},
    ),
    "SVM": Method(
        "support vector machine with RBF kernel",
        lambda seed, **values: SVC(kernel="rbf", cache_size=2000, **values),
        {"C": (3, 10, 30), "gamma": (0.01, 0.02, 0.03)},
    ),
    "random forest": Method(
        "300 decision trees on random features",
        lambda seed, **values: RandomForestClassifier(n_estimators=300, n_jobs=1, random_state=seed, **values),
        {"max_features": (20, 28, 56)},
        seeds=3,
    ),
    "gradient boosting": Method(
        "gradient boosting of trees on histograms",
        lambda seed, **values: HistGradientBoostingClassifier(
            early_stopping=False, max_features=0.1, random_state=seed, **values
        ),
        {"learning_rate": (0.1, 0.2), "max_iter": (200,), "max_leaf_nodes": (15, 31)},
        seeds=3,
    ),
}


def raw(images: NDArray[np.uint8]) -> Pixels:
    """Return the pixels of (n, 28, 28) images as (n, 784) numbers from 0 to 1."""
    return images.reshape(len(images), -1).astype(np.float32) / 255


def deskewed(images: NDArray[np.uint8]) -> Pixels:
    """Return the pixels of (n, 28, 28) images after each is sheared upright about its centre of mass."""
    return raw(np.stack([_upright(image) for image in images]))


def _upright(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    rows, columns = np.mgrid[: image.shape[0], : image.shape[1]]
    mass = image / image.sum()
    row, column = (mass * rows).sum(), (mass * columns).sum()
    slant = (mass * (rows - row) * (columns - column)).sum() / (mass * (rows - row) ** 2).sum()
    shear = np.array([[1, 0], [slant, 1]])
    # The centre of mass comes to the middle.
    middle = (np.array(image.shape) - 1) / 2
    upright: NDArray[np.uint8] = affine_transform(image, shear, np.array([row, column]) - shear @ middle, order=1)
    return upright


PIXELS = {"raw": raw, "deskewed": deskewed}


@dataclass(frozen=True)
class Split:
    """Pixels and labels of a split."""

    pixels: Pixels
    labels: NDArray[np.integer[Any]]

    @classmethod
    def of(cls, data: LabelledImages, prepare: Callable[[NDArray[np.uint8]], Pixels]) -> Split:
        return cls(prepare(data.images), data.labels)

    def errors(self, model: Any) -> int:
        return int((model.predict(self.pixels) != self.labels).sum())


def choose(method: Method, train: Split, val: Split) -> dict[str, Any]:
    """Return the hyperparameters with the fewest errors on the validation images; of equal ones the first."""
    best: tuple[int, dict[str, Any]] | None = None
    for values in product(*method.choices.values()):
        settings = dict(zip(method.choices, values, strict=True))
        model = method.build(seed=0, **settings).fit(train.pixels[:SEARCHED_ON], train.labels[:SEARCHED_ON])
        errors = val.errors(model)
        print(f"  {settings}: {errors} errors in {len(val.labels):,} validation images", flush=True)
        if best is None or errors < best[0]:
            best = errors, settings
    assert best
    return best[1]


def measure(name: str, pixels: str, table: Path, *, replace: bool) -> None:
    """Measure one method on one kind of pixels, and write its row."""
    method, dataset = METHODS[name], load_dataset("mnist")
    # The order is random, so that a part of the training images is like all of them.
    train = Split.of(dataset.split("train"), PIXELS[pixels])
    order = np.random.default_rng(0).permutation(len(train.labels))
    train = Split(train.pixels[order], train.labels[order])
    val, test = (Split.of(dataset.split(part), PIXELS[pixels]) for part in ("val", "test"))
    print(f"{name}, {pixels} pixels", flush=True)
    settings = choose(method, train, val)
    errors, accuracies, seconds = [], [], []
    for seed in range(method.seeds):
        started = time.perf_counter()
        model = method.build(seed=seed, **settings).fit(train.pixels, train.labels)
        seconds.append(time.perf_counter() - started)
        accuracies.append(1 - val.errors(model) / len(val.labels))
        errors.append(test.errors(model))
        print(f"  seed {seed}: {errors[-1]} errors in {len(test.labels):,} test images", flush=True)
    chosen = ", ".join(f"{key} {value}" for key, value in settings.items())
    row = measured_row(
        kind="classical",
        name=name,
        recipe=pixels,
        teacher=None,
        dataset="mnist",
        description=method.description,
        parameters=None,
        bytes=len(pickle.dumps(model)),
        macs=None,
        epochs=None,
        selection=f"{chosen} by validation accuracy",
        images=len(test.labels),
        seeds=list(range(method.seeds)),
        errors=errors,
        top2_errors=None,
        val_accuracy=accuracies,
        epochs_run=None,
        seconds_per_epoch=sum(seconds) / len(seconds),
        device="cpu (1 thread)",
        precision="fp32",
        versions={
            "mnistkit": mnistkit.__version__,
            "scikit-learn": sklearn.__version__,
            "numpy": np.__version__,
        },
        date=date.today().isoformat(),
        command=f"OMP_NUM_THREADS=1 python tests/benchmarks/classical.py '{name}' --pixels {pixels}",
        digest="",
    )
    add_measured(row, table, replace=replace)
    print(f"  {row}", flush=True)


def main() -> None:
    """Measure what is asked for, one row after another."""
    parser = argparse.ArgumentParser()
    parser.add_argument("methods", nargs="*", metavar="METHOD", help=", ".join(METHODS))
    parser.add_argument("--pixels", nargs="+", choices=PIXELS, default=list(PIXELS))
    parser.add_argument("--table", type=Path, default=MEASURED)
    parser.add_argument("--replace", action="store_true")
    options = parser.parse_args()
    if unknown := set(options.methods) - set(METHODS):
        parser.error(f"unknown method: {', '.join(sorted(unknown))}; known: {', '.join(METHODS)}")
    for name, pixels in product(options.methods or METHODS, options.pixels):
        measure(name, pixels, options.table, replace=options.replace)


if __name__ == "__main__":
    main()
