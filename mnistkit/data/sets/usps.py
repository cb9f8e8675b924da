"""USPS: digits from envelopes, 16x16 pixels, brought into the form of MNIST."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mnistkit.data.base import DIGITS
from mnistkit.data.download import RemoteFile
from mnistkit.data.sets._torchvision import TorchvisionDownload, register_torchvision

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from mnistkit.data.base import LabelledImages

# MNIST's digits are 20 pixels high at most, with a margin of four on each side; those of USPS fill their image.
_DIGIT_SIZE = 20


def _remote_files(dataset_class: Any) -> list[RemoteFile]:
    return [RemoteFile(md5, (url,)) for url, _, md5 in dataset_class.split_list.values()]


def _convert(dataset: Any) -> LabelledImages:
    import numpy as np

    from mnistkit.data.assemble import label_images

    return label_images(_enlarge(dataset.data), np.asarray(dataset.targets))


def _enlarge(images: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return images of shape (n, 16, 16) as (n, 28, 28): enlarged to 20x20 bilinearly, with an empty margin."""
    import torch
    from torch.nn import functional

    from mnistkit.recipe import IMAGE_SIZE

    pixels = torch.from_numpy(images).unsqueeze(1).float()
    digits = functional.interpolate(pixels, size=_DIGIT_SIZE, mode="bilinear", align_corners=False)
    margin = (IMAGE_SIZE[0] - _DIGIT_SIZE) // 2
    padded = functional.pad(digits.round(), [margin] * 4).to(torch.uint8)
    result: NDArray[np.uint8] = padded.squeeze(1).numpy()
    return result


INFO = register_torchvision(
    TorchvisionDownload(
        name="usps",
        folder="usps",
        class_name="USPS",
        train={"train": True},
        test={"train": False},
        remote_files=_remote_files,
        convert=_convert,
        raw_folder=".",
        keep=lambda name: name.endswith(".bz2"),
        download_size=8_411_109,
    ),
    title="Digits from envelopes, 16x16 enlarged",
    classes=DIGITS,
    sizes=(7_291, 2_007),
    licence="not stated",
    citation="Jonathan J. Hull, IEEE TPAMI 16(5), 550-554 (1994)",
)
