"""What a dataset is: the registry's entry, the loaded arrays, and the splits every command shares.

Only types stand here; numpy is imported by those who make or read the arrays.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple

from mnistkit.exceptions import UsageError
from mnistkit.numbers import counted
from mnistkit.preparation import AUTO, INK, Preparation
from mnistkit.registry import unknown_name

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

ALL = "all"
"""The split of all images, whatever split they are in otherwise."""

SPLITS = ("train", "val", "test", ALL)
DIGITS = tuple("0123456789")
Status = Literal["shipped", "cached", "to download"]


@dataclass(frozen=True)
class SplitShares:
    """How a folder's images are divided, in percent.

    Attributes:
        train: For training, above 0.
        val: For validation, above 0.
        test: For the test; 0 where the folder has test images of its own.
    """

    train: int
    val: int
    test: int

    def __post_init__(self) -> None:
        if min(self.train, self.val) < 1 or self.test < 0 or self.train + self.val + self.test != 100:
            raise UsageError(
                f"the split shares {self} are no percentages that add up to 100",
                hint="for example: 80/10/10; the last is 0 only where a folder has test images of its own",
            )

    def __str__(self) -> str:
        return f"{self.train}/{self.val}/{self.test}"

    @classmethod
    def parse(cls, text: str) -> SplitShares:
        """Return the shares written ``TRAIN/VAL/TEST``.

        Raises:
            UsageError: these are no three whole percentages that add up to 100.
        """
        parts = text.split("/")
        if len(parts) != 3 or not all(part.isascii() and part.isdigit() and len(part) < 4 for part in parts):
            raise UsageError(
                f"split shares are three percentages, not '{text}'",
                hint="for example: 80/10/10, for training, validation and test",
            )
        return cls(*map(int, parts))


@dataclass(frozen=True)
class LoadOptions:
    """How a dataset is read.

    Attributes:
        skip_bad: Leave out pictures of a user's folder that cannot be read, and count them, instead of
            stopping at the first.
        workers: Threads that read a folder's pictures; 0 means one per core.
        preparation: How a folder's pictures become tiles: the one that a checkpoint names, a kind of them, or
            :data:`mnistkit.preparation.AUTO` for the one that suits them.
        classes: The classes of the model that is to be measured on a folder, which may have only some of them.
            Empty where a model is to learn from the folder.
        shares: How a folder's images are divided; None for the usual shares.
        undivided: Divide no test images off a folder that has none: only its split "all" is wanted, for which
            one image is enough.
        download: Whether a missing dataset may be downloaded.
        progress: Called with (done, total, unit) now and then during long work; total may be 0 (unknown).
        warn: Called with one line that the user should see ("skipped 3 unreadable pictures").
    """

    skip_bad: bool = False
    workers: int = 0
    preparation: Preparation | str = AUTO
    classes: tuple[str, ...] = ()
    shares: SplitShares | None = None
    undivided: bool = False
    download: bool = True
    progress: Callable[[int, int, str], None] = field(default=lambda done, total, unit: None)
    warn: Callable[[str], None] = field(default=lambda message: None)


@dataclass(frozen=True)
class DatasetInfo:
    """One entry of the dataset registry: what is known without loading anything.

    Attributes:
        name: The public name.
        title: One line for ``mnistkit datasets``.
        classes: The class names in the order of the labels.
        train_size: Number of training images, validation images included.
        test_size: Number of test images.
        licence: The licence of the data.
        citation: Whom to cite, and where the data comes from.
        load: Loads the dataset, downloading it first where allowed and needed.
        status: Says whether the dataset ships, is in the cache, or must be downloaded.
        location: Returns the file or folder that holds the data, or will hold it.
        download_size: Bytes to download, about; 0 for a dataset that ships.
        preparation: How a picture becomes what a model that learnt from this data is given.
    """

    name: str
    title: str
    classes: tuple[str, ...]
    train_size: int
    test_size: int
    licence: str
    citation: str
    load: Callable[[LoadOptions], Dataset]
    status: Callable[[], Status]
    location: Callable[[], Path]
    download_size: int = 0
    preparation: Preparation = INK


class Origin(NamedTuple):
    """The picture that an image was made of.

    Attributes:
        file: Its path.
        finding: What it shows, as :class:`mnistkit.imaging.prepared.Finding` has it.
    """

    file: str
    finding: str


@dataclass(frozen=True)
class LabelledImages:
    """Images with their labels.

    Attributes:
        images: uint8 array of shape (n, 28, 28); 0 is background, 255 full ink.
        labels: int64 array of shape (n,), values 0 to classes-1.
        indices: int64 array of shape (n,): each image's place in the original training or test file.
        origins: The n pictures they were made of; empty where they were none.
    """

    images: NDArray[np.uint8]
    labels: NDArray[np.int64]
    indices: NDArray[np.int64]
    origins: tuple[Origin, ...] = ()

    def __repr__(self) -> str:
        height, width = self.images.shape[1:]
        return f"LabelledImages({counted(len(self), 'image')} of {width}x{height})"

    def __len__(self) -> int:
        return len(self.labels)

    def take(self, places: NDArray[np.int64]) -> LabelledImages:
        """Return the images at ``places``, in that order."""
        origins = tuple(self.origins[place] for place in places.tolist()) if self.origins else ()
        return LabelledImages(self.images[places], self.labels[places], self.indices[places], origins)

    def followed_by(self, others: LabelledImages) -> LabelledImages:
        """Return these images and then ``others``, whose indices go on after these if they are of another file."""
        import numpy as np

        indices = others.indices
        if np.isin(indices, self.indices).any():
            indices = indices + self.indices.max() + 1
        return LabelledImages(
            np.concatenate([self.images, others.images]),
            np.concatenate([self.labels, others.labels]),
            np.concatenate([self.indices, indices]),
            self.origins + others.origins,
        )


@dataclass(frozen=True)
class Dataset:
    """A loaded dataset.

    Attributes:
        name: The registered name, or the folder's path.
        classes: The class names in the order of the labels.
        train: All training images; validation images are taken out of these by :meth:`split`.
        test: The test images, used to report and never to choose.
        validation_size: How many training images make the validation split.
        mean: Mean pixel of the training images on the 0 to 1 scale.
        std: Standard deviation on the same scale.
        preparation: How the pictures were prepared, or how others are for a model that learns from this data.
        preparation_reason: Why it was chosen, for people; empty where there was no choice.
    """

    name: str
    classes: tuple[str, ...]
    train: LabelledImages
    test: LabelledImages
    validation_size: int
    mean: float
    std: float
    preparation: Preparation = INK
    preparation_reason: str = ""

    def __repr__(self) -> str:
        sizes = f"{len(self.train):,} training and {len(self.test):,} test images"
        return f"Dataset({self.name}: {sizes}, {len(self.classes)} classes)"

    def split(self, name: str) -> LabelledImages:
        """Return the split ``name``: "train" (without validation images), "val", "test", or "all" of them.

        Raises:
            UnknownNameError: no such split.
        """
        if name not in SPLITS:
            raise unknown_name("split", name, SPLITS)
        if name == "test":
            return self.test
        if name == ALL:
            return self.train.followed_by(self.test)
        train, validation = self._holdout
        return self.train.take(train if name == "train" else validation)

    @cached_property
    def _holdout(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        from mnistkit.data.splits import stratified_holdout

        return stratified_holdout(self.train.labels, self.validation_size)
