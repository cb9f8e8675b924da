"""Pictures made of MNIST images, and pictures as files."""

from __future__ import annotations

import io
from itertools import cycle
from pathlib import Path

import numpy as np
from PIL import Image

from mnistkit.data import load_dataset


def write_tiles(folder: Path, count: int) -> list[Path]:
    """Write the first test images of MNIST as PNG files, from the beginning again where there are no more."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"{number:05d}.png" for number in range(count)]
    for path, image in zip(paths, cycle(load_dataset("mnist").test.images), strict=False):
        Image.fromarray(image).save(path)
    return paths


def page(number: int = 0, *, size: int = 300) -> Image.Image:
    """A test image of MNIST as dark ink in the middle of a white page of ``size`` pixels."""
    ink = Image.fromarray(255 - load_dataset("mnist").test.images[number])
    picture = Image.new("L", (size, size), 255)
    picture.paste(ink.resize((size // 2, size // 2), Image.Resampling.BICUBIC), (size // 4, size // 4))
    return picture


def encoded(picture: Image.Image, kind: str, **options: object) -> bytes:
    """Return a picture as a file of the given format."""
    stream = io.BytesIO()
    picture.save(stream, kind, **options)
    return stream.getvalue()


def two_digits() -> Image.Image:
    """Two digits side by side on a page."""
    return Image.fromarray(np.hstack([np.asarray(page(0)), np.asarray(page(1))]))
