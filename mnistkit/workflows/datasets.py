"""What ``mnistkit datasets`` does: list the datasets, get one, show some of its images, pack MNIST."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from mnistkit.data import check_dataset, dataset_names, get_dataset_info, load_dataset
from mnistkit.data.base import SPLITS, LoadOptions, Status
from mnistkit.exceptions import UsageError
from mnistkit.registry import check_name

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from mnistkit.data.base import LabelledImages

# So that a dataset of few classes shows more than a glimpse of each.
_LEAST_SAMPLES = 10


@dataclass(frozen=True)
class DatasetEntry:
    """One registered dataset.

    Attributes:
        name: The public name.
        title: One line.
        classes: The class names in the order of the labels.
        train_size: Number of training images, validation images included.
        test_size: Number of test images.
        status: "shipped", "cached" or "to download".
        download_size: Bytes to download, about; 0 for a dataset that ships.
        licence: The licence of the data.
        citation: Whom to cite, and where the data comes from.
        location: The file or folder that holds the data, or will hold it.
    """

    name: str
    title: str
    classes: tuple[str, ...]
    train_size: int
    test_size: int
    status: Status
    download_size: int
    licence: str
    citation: str
    location: str


@dataclass(frozen=True)
class DatasetList:
    """All registered datasets in alphabetical order."""

    schema: ClassVar = "mnistkit/datasets/2"

    datasets: tuple[DatasetEntry, ...]

    def to_json(self) -> dict[str, Any]:
        """Return plain values."""
        return asdict(self)


@dataclass(frozen=True)
class Fetched:
    """A dataset that is on this machine now.

    Attributes:
        name: Its name.
        before: Its status before.
        location: Where it lies.
        train: Number of training images.
        test: Number of test images.
    """

    name: str
    before: Status
    location: Path
    train: int
    test: int


@dataclass(frozen=True)
class Samples:
    """Some images of a split.

    Attributes:
        title: What they are taken from, in words.
        images: uint8 array of shape (n, 28, 28).
        captions: The class of each, and its place in the original file.
    """

    title: str
    images: NDArray[np.uint8]
    captions: tuple[str, ...]


def list_datasets() -> DatasetList:
    """Return all registered datasets; nothing is loaded or contacted."""
    return DatasetList(tuple(_entry(name) for name in dataset_names()))


def fetch_dataset(name: str, options: LoadOptions) -> Fetched:
    """Make sure that a dataset is complete on this machine, downloading it if need be.

    Raises:
        UnknownNameError: no such dataset.
        DownloadError: no network, a broken connection or a wrong digest.
    """
    info = get_dataset_info(name)
    before = info.status()
    dataset = info.load(options)
    return Fetched(name, before, info.location(), len(dataset.train), len(dataset.test))


def sample_dataset(spec: str, split: str, count: int | None, options: LoadOptions) -> Samples:
    """Return the first images of each class of a split, class after class.

    Args:
        spec: A dataset's name or folder.
        split: "test", "val", "train" or "all".
        count: How many images in all; None for one of each class and ten at least.
        options: How to read.

    Raises:
        UsageError: an unknown dataset or split, or a count below one.
        DataError: the dataset cannot be read.
    """
    check_request(spec, split, count)
    dataset = load_dataset(spec, options)
    data = dataset.split(split)
    chosen = data.take(_first_of_each(data, count or max(len(dataset.classes), _LEAST_SAMPLES)))
    captions = (
        f"{dataset.classes[label]}  #{index}" for label, index in zip(chosen.labels, chosen.indices, strict=True)
    )
    title = f"{dataset.name}, {split} split: {len(chosen):,} of {len(data):,} images"
    return Samples(title, chosen.images, tuple(captions))


def check_request(spec: str, split: str, count: int | None) -> None:
    """Raise if the arguments of :func:`sample_dataset` are wrong in themselves; opens no file.

    Raises:
        UsageError: an unknown dataset or split, or a count below one.
    """
    check_dataset(spec)
    check_name("split", split, SPLITS)
    if count is not None and count < 1:
        raise UsageError(f"the number of images must be at least 1, not {count}")


def pack_mnist(folder: Path, out: Path) -> int:
    """Pack the four IDX files of MNIST into the one file that ships, and return its size in bytes.

    Raises:
        DataError: a file is missing or damaged.
        OutputError: ``out`` cannot be written.
    """
    from mnistkit.data.idx import read_idx_split
    from mnistkit.data.packed import RawSplits, pack
    from mnistkit.files import atomic_write

    content = pack(RawSplits(*read_idx_split(folder, "train"), *read_idx_split(folder, "test")))
    with atomic_write(out) as temporary:
        temporary.write_bytes(content)
    return len(content)


def _entry(name: str) -> DatasetEntry:
    info = get_dataset_info(name)
    return DatasetEntry(
        name=info.name,
        title=info.title,
        classes=info.classes,
        train_size=info.train_size,
        test_size=info.test_size,
        status=info.status(),
        download_size=info.download_size,
        licence=info.licence,
        citation=info.citation,
        location=str(info.location()),
    )


def _first_of_each(data: LabelledImages, count: int) -> NDArray[np.int64]:
    """Return the places of ``count`` images: as evenly from the classes as there are images, sorted by class."""
    import numpy as np

    by_class = np.argsort(data.labels, kind="stable")
    labels = data.labels[by_class]
    rank = np.arange(len(labels)) - np.searchsorted(labels, labels)
    chosen = np.lexsort((labels, rank))[:count]
    return by_class[np.sort(chosen)]
