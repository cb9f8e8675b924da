"""MNIST, which ships with the package: ``assets/mnist.packed``, made by ``mnistkit datasets pack``."""

from __future__ import annotations

from pathlib import Path

from mnistkit.data import register_dataset
from mnistkit.data.base import DIGITS, Dataset, DatasetInfo, LoadOptions

PACKED = Path(__file__).parent.parent / "assets" / "mnist.packed"
# The usual rounded values; the training images' own are 0.13066 and 0.30811.
NORMALISATION = (0.1307, 0.3081)


def _load(options: LoadOptions) -> Dataset:
    from mnistkit.data.assemble import assemble, label_images
    from mnistkit.data.decoded import open_packed
    from mnistkit.files import cache_dir

    splits = open_packed(PACKED, cache_dir() / INFO.name, options.warn)
    return assemble(
        INFO.name,
        INFO.classes,
        label_images(splits.train_images, splits.train_labels),
        label_images(splits.test_images, splits.test_labels),
        NORMALISATION,
    )


INFO = register_dataset(
    DatasetInfo(
        name="mnist",
        title="Handwritten digits",
        classes=DIGITS,
        train_size=60_000,
        test_size=10_000,
        licence="CC BY-SA 3.0",
        citation="Yann LeCun and Corinna Cortes, from NIST Special Databases 1 and 3",
        load=_load,
        status=lambda: "shipped",
        location=lambda: PACKED,
    )
)
