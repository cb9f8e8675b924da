from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mnistkit.data import dataset_names, load_dataset
from mnistkit.data.base import LoadOptions
from mnistkit.data.packed import unpack
from mnistkit.exceptions import DataError, OutputError, UnknownNameError, UsageError
from mnistkit.workflows.datasets import fetch_dataset, list_datasets, pack_mnist, sample_dataset
from tests.support.dataset_folders import make_classes, make_idx
from tests.support.download_server import TRAIN, served


def test_all_datasets_are_listed() -> None:
    entries = list_datasets().datasets
    assert [entry.name for entry in entries] == list(dataset_names())
    mnist = next(entry for entry in entries if entry.name == "mnist")
    assert mnist.status == "shipped" and Path(mnist.location).is_file()


def test_fetch_says_what_was_there_before(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with served("kmnist", monkeypatch, tmp_path / "cache"):
        first, second = (fetch_dataset("kmnist", LoadOptions()) for _ in range(2))
    assert (first.before, second.before) == ("to download", "cached")
    assert first.train == TRAIN and first.location.is_dir()
    assert tmp_path / "cache" in first.location.parents


def test_fetch_of_a_folder_is_wrong_usage(tmp_path: Path) -> None:
    with pytest.raises(UnknownNameError):
        fetch_dataset(str(tmp_path), LoadOptions())


@pytest.mark.parametrize(
    ("count", "expected"), [(None, [1] * 10), (3, [1, 1, 1] + [0] * 7), (25, [3] * 5 + [2] * 5)]
)
def test_samples_of_each_class(count: int | None, expected: list[int]) -> None:
    samples = sample_dataset("mnist", "test", count, LoadOptions())
    labels = [int(caption.split("  #")[0]) for caption in samples.captions]
    assert np.bincount(labels, minlength=10).tolist() == expected
    assert labels == sorted(labels)
    test = load_dataset("mnist").test
    for caption, image in zip(samples.captions, samples.images, strict=True):
        label, place = caption.split("  #")
        assert (test.images[int(place)] == image).all() and test.labels[int(place)] == int(label)


def test_captions_of_the_validation_split_name_places_in_the_training_file() -> None:
    samples = sample_dataset("mnist", "val", 1, LoadOptions())
    place = int(samples.captions[0].split("#")[1])
    assert (load_dataset("mnist").train.images[place] == samples.images[0]).all()


def test_samples_of_a_small_folder_are_at_most_all(tmp_path: Path) -> None:
    folder = make_classes(tmp_path / "d", {"a": 5, "b": 5})
    samples = sample_dataset(str(folder), "train", 1000, LoadOptions())
    assert len(samples.images) == 6 and "6 of 6" in samples.title


@pytest.mark.parametrize(
    ("spec", "split", "count", "message"),
    [
        ("mnits", "test", None, "did you mean 'mnist'"),
        ("mnist", "tets", None, "did you mean 'test'"),
        ("mnist", "test", 0, "at least 1, not 0"),
    ],
)
def test_wrong_requests(spec: str, split: str, count: int | None, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        sample_dataset(spec, split, count, LoadOptions())


def test_pack(tmp_path: Path) -> None:
    make_idx(make_idx(tmp_path / "idx", "train", [0, 1, 2]), "t10k", [2, 1])
    size = pack_mnist(tmp_path / "idx", tmp_path / "out" / "mnist.packed")
    assert (tmp_path / "out" / "mnist.packed").stat().st_size == size
    assert unpack(tmp_path / "out" / "mnist.packed")[-5:] == bytes([0, 1, 2, 2, 1])
    with pytest.raises(DataError, match="has no train-images"):
        pack_mnist(tmp_path, tmp_path / "x")
    with pytest.raises(OutputError):
        pack_mnist(tmp_path / "idx", tmp_path / "out" / "mnist.packed" / "x")
