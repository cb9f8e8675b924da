"""The registry entry of a dataset that torchvision downloads."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mnistkit.data import register_dataset
from mnistkit.data.base import Dataset, DatasetInfo, LoadOptions
from mnistkit.data.download import TorchvisionSource

if TYPE_CHECKING:
    from mnistkit.data.base import LabelledImages


def register_torchvision(
    download: TorchvisionSource,
    *,
    title: str,
    classes: tuple[str, ...],
    sizes: tuple[int, int],
    licence: str,
    source: str,
) -> DatasetInfo:
    """Register a dataset with its numbers of training and test images and what its authors ask for."""

    def load(options: LoadOptions) -> Dataset:
        from mnistkit.data.assemble import assemble

        train, test = download.load(options)
        return assemble(download.name, classes, train, test)

    return register_dataset(
        DatasetInfo(
            name=download.name,
            title=title,
            classes=classes,
            train_size=sizes[0],
            test_size=sizes[1],
            licence=licence,
            source=source,
            load=load,
            status=download.status,
            location=lambda: download.verified,
            download_size=download.download_size,
        )
    )


def as_labelled(dataset: Any) -> LabelledImages:
    """Return the images and labels of an instance of ``torchvision.datasets.MNIST`` or one of its kind."""
    from mnistkit.data.assemble import label_images

    return label_images(dataset.data.numpy(), dataset.targets.numpy())
