"""EMNIST: digits and letters from NIST Special Database 19 in the form of MNIST.

One archive holds all its splits, so the three datasets here share one download.
"""

from __future__ import annotations

import string
from typing import TYPE_CHECKING, Any

from mnistkit.data.base import DatasetInfo
from mnistkit.data.download import RemoteFile
from mnistkit.data.sets._torchvision import TorchvisionDownload, register_torchvision

if TYPE_CHECKING:
    from mnistkit.data.base import LabelledImages

_SPLITS = ("balanced", "digits", "letters")


def _remote_files(dataset_class: Any) -> list[RemoteFile]:
    return [RemoteFile(dataset_class.md5, (dataset_class.url,))]


def _keep(name: str) -> bool:
    return name.endswith("-ubyte") and name.startswith(tuple(f"emnist-{split}-" for split in _SPLITS))


def _convert(dataset: Any) -> LabelledImages:
    import numpy as np

    from mnistkit.data.assemble import label_images

    # The files hold each image transposed, and number the letters from 1.
    upright = np.ascontiguousarray(dataset.data.numpy().transpose(0, 2, 1))
    return label_images(upright, dataset.targets.numpy() - (dataset.split == "letters"))


def _register(split: str, title: str, classes: str, sizes: tuple[int, int]) -> DatasetInfo:
    return register_torchvision(
        TorchvisionDownload(
            name=f"emnist-{split}",
            folder="emnist",
            class_name="EMNIST",
            train={"split": split, "train": True},
            test={"split": split, "train": False},
            remote_files=_remote_files,
            convert=_convert,
            raw_folder="EMNIST/raw",
            keep=_keep,
            download_size=561_753_746,
        ),
        title=title,
        classes=tuple(classes),
        sizes=sizes,
        licence="public domain",
        citation="Gregory Cohen et al., arXiv:1702.05373 (2017), from NIST Special Database 19",
    )


DIGITS = _register("digits", "Digits, 280,000 of them", string.digits, (240_000, 40_000))
LETTERS = _register("letters", "Letters, both cases as one", string.ascii_lowercase, (124_800, 20_800))
# Lower-case letters that look like their capitals share their classes.
BALANCED = _register(
    "balanced", "Digits and letters, 47 even classes", string.digits + string.ascii_uppercase + "abdefghnqrt",
    (112_800, 18_800),
)  # fmt: skip
