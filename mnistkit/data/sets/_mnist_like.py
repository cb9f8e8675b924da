"""Datasets in the very form of MNIST: four IDX files, 60,000 training and 10,000 test images, ten classes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mnistkit.data.base import DatasetInfo
from mnistkit.data.download import RemoteFile
from mnistkit.data.sets._torchvision import TorchvisionDownload, register_torchvision
from mnistkit.preparation import Preparation

if TYPE_CHECKING:
    from mnistkit.data.base import LabelledImages


def register_mnist_like(
    *,
    name: str,
    class_name: str,
    title: str,
    classes: tuple[str, ...],
    licence: str,
    citation: str,
    download_size: int,
    preparation: Preparation,
) -> DatasetInfo:
    """Register a dataset that ``torchvision.datasets`` has as a plain subclass of its MNIST."""
    download = TorchvisionDownload(
        name=name,
        folder=name,
        class_name=class_name,
        train={"train": True},
        test={"train": False},
        remote_files=_remote_files,
        convert=_convert,
        raw_folder=f"{class_name}/raw",
        download_size=download_size,
    )
    return register_torchvision(
        download,
        title=title,
        classes=classes,
        sizes=(60_000, 10_000),
        licence=licence,
        citation=citation,
        preparation=preparation,
    )


def _remote_files(dataset_class: Any) -> list[RemoteFile]:
    return [
        RemoteFile(md5, tuple(mirror + name for mirror in dataset_class.mirrors))
        for name, md5 in dataset_class.resources
    ]


def _convert(dataset: Any) -> LabelledImages:
    from mnistkit.data.assemble import label_images

    return label_images(dataset.data.numpy(), dataset.targets.numpy())
