"""QMNIST: MNIST rebuilt from NIST's originals, with 50,000 test digits that MNIST's authors never released.

Its training images are those of MNIST, rebuilt. Its test images here are the 50,000 lost ones ("test50k" in
torchvision) and not the first 10,000, which are MNIST's test images again: so a model trained on either can be
tested on digits that nobody has tuned anything on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mnistkit.data.base import DIGITS
from mnistkit.data.download import RemoteFile
from mnistkit.data.sets._torchvision import TorchvisionDownload, register_torchvision

if TYPE_CHECKING:
    from mnistkit.data.base import LabelledImages


def _remote_files(dataset_class: Any) -> list[RemoteFile]:
    resources = dataset_class.resources
    return [RemoteFile(md5, (url,)) for split in ("train", "test") for url, md5 in resources[split]]


def _convert(dataset: Any) -> LabelledImages:
    from mnistkit.data.assemble import label_images

    # The first of the eight columns is the class; the others tell of the writer and of NIST's numbering.
    return label_images(dataset.data.numpy(), dataset.targets[:, 0].numpy())


INFO = register_torchvision(
    TorchvisionDownload(
        name="qmnist",
        folder="qmnist",
        class_name="QMNIST",
        train={"what": "train"},
        test={"what": "test50k"},
        remote_files=_remote_files,
        convert=_convert,
        raw_folder="QMNIST/raw",
        download_size=20_436_162,
    ),
    title="MNIST rebuilt, 50,000 new test digits",
    classes=DIGITS,
    sizes=(60_000, 50_000),
    licence="BSD 3-Clause",
    citation="Chhavi Yadav and Léon Bottou, arXiv:1905.10498 (2019)",
)
