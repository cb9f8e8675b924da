"""A user's own data: a folder with one subfolder of pictures for each class, or a folder of IDX files."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from mnistkit.data.assemble import assemble, label_images
from mnistkit.data.base import Dataset, LabelledImages, LoadOptions
from mnistkit.data.idx import PARTS, STEMS, find_idx, read_idx_split
from mnistkit.data.pictures import is_dark_on_light, picture_suffixes, read_pictures
from mnistkit.data.splits import stratified_holdout
from mnistkit.exceptions import DataError
from mnistkit.recipe import IMAGE_SIZE

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

# Without a test set of its own, the part of a folder's images that MNIST has: 10,000 of 70,000.
TEST_PART = 7
_LAYOUT_HINT = "expected one subfolder of pictures per class, or the IDX files of MNIST's names"


def load_user_folder(folder: Path, options: LoadOptions) -> Dataset:
    """Load a folder of pictures or of IDX files.

    Pictures stand in subfolders whose names are the classes, either right in ``folder`` or in its subfolders
    ``train`` and ``test``. Without test images, a seventh of the images, stratified and always the same, is taken
    for the test. Where the pictures are dark on light, all of them are inverted: 0 is the background everywhere.

    Raises:
        DataError: nothing to read, one class only, too few images of a class, or a damaged file, which is named.
    """
    if any(find_idx(folder, split, part) for split in STEMS for part in PARTS):
        return _load_idx_folder(folder)
    return _load_picture_folder(folder, options)


def _load_idx_folder(folder: Path) -> Dataset:
    train = _read_idx(folder, "train")
    has_test = any(find_idx(folder, "test", part) for part in PARTS)
    test = _read_idx(folder, "test") if has_test else None
    labels = [split.labels.max() for split in (train, test) if split is not None]
    classes = tuple(str(label) for label in range(int(max(labels)) + 1))
    return _finish(folder, classes, train, test)


def _read_idx(folder: Path, split: str) -> LabelledImages:
    images, labels = read_idx_split(folder, split)
    path = find_idx(folder, split, "images")
    if not len(images):
        raise DataError(f"{path} holds no images")
    if images.shape[1:] != IMAGE_SIZE:
        height, width = images.shape[1:]
        raise DataError(f"{path} holds images of {width}x{height} pixels, not {IMAGE_SIZE[1]}x{IMAGE_SIZE[0]}")
    return label_images(images, labels)


def _load_picture_folder(folder: Path, options: LoadOptions) -> Dataset:
    names = _class_names(folder)
    if "train" not in names or not _class_names(folder / "train"):
        classes, images = _read_classes(folder, options)
        return _finish(folder, classes, _as_light_on_dark(images, images), None)
    if extra := [name for name in names if name not in STEMS]:
        raise DataError(
            f"{folder} has the folder '{extra[0]}' beside 'train'", hint="only train and test may stand there"
        )
    classes, train = _read_classes(folder / "train", options)
    test = None
    if "test" in names:
        test_classes, test = _read_classes(folder / "test", options)
        if differing := sorted(set(classes) ^ set(test_classes), key=_natural):
            place = "test" if differing[0] in classes else "train"
            raise DataError(f"class '{differing[0]}' is missing in {folder / place}")
        test = _as_light_on_dark(test, train)
    return _finish(folder, classes, _as_light_on_dark(train, train), test)


def _read_classes(folder: Path, options: LoadOptions) -> tuple[tuple[str, ...], LabelledImages]:
    """Read the subfolders of ``folder`` as classes, in natural order."""
    import numpy as np

    classes = _class_names(folder)
    files = [_pictures_in(folder / name) for name in classes]
    if not any(files):
        raise DataError(f"{folder} has no images", hint=_LAYOUT_HINT)
    if len(classes) < 2:
        raise DataError(f"{folder} has only one class, '{classes[0]}'", hint=_LAYOUT_HINT)
    if not all(files):
        raise DataError(f"{folder / classes[files.index([])]} has no images")
    images, places, errors = read_pictures([path for each in files for path in each], options)
    if errors:
        options.warn(f"skipped {len(errors)} unreadable of {len(errors) + len(places)} pictures: {errors[0]}")
    labels = np.repeat(np.arange(len(classes)), [len(each) for each in files])[places]
    if missing := sorted(set(range(len(classes))) - set(labels.tolist())):
        raise DataError(f"no picture in {folder / classes[missing[0]]} can be read")
    return classes, LabelledImages(images, labels.astype(np.int64), places)


def _class_names(folder: Path) -> tuple[str, ...]:
    try:
        names = [path.name for path in folder.iterdir() if path.is_dir() and not path.name.startswith(".")]
    except OSError as error:
        raise DataError(f"cannot read {folder}: {error.strerror or error}") from None
    return tuple(sorted(names, key=_natural))


def _pictures_in(folder: Path) -> list[Path]:
    """Return the files below ``folder`` that have a picture's suffix, hidden ones left out, in natural order."""
    return sorted(_walk(folder), key=lambda path: _natural(path.relative_to(folder).as_posix()))


def _walk(folder: Path) -> Iterator[Path]:
    for path in folder.rglob("*"):
        hidden = any(part.startswith(".") for part in path.relative_to(folder).parts)
        if path.suffix.lower() in picture_suffixes() and not hidden and path.is_file():
            yield path


def _natural(text: str) -> tuple[list[tuple[int, int, str]], str]:
    """Return a sort key that puts "2" before "10"."""
    parts = re.findall(r"[0-9]+|[^0-9]+", text.casefold())
    return [(0, int(part), "") if part[0] in "0123456789" else (1, 0, part) for part in parts], text


def _as_light_on_dark(split: LabelledImages, judged_by: LabelledImages) -> LabelledImages:
    if not is_dark_on_light(judged_by.images):
        return split
    return LabelledImages(255 - split.images, split.labels, split.indices)


def _finish(folder: Path, classes: tuple[str, ...], train: LabelledImages, test: LabelledImages | None) -> Dataset:
    """Check the numbers of images, split a test set off if there is none, and return the dataset."""
    _check_counts(folder, classes, train, needed=2 if test else 3)
    if test is None:
        size = max(round(len(train) / TEST_PART), len(set(train.labels.tolist())))
        kept, held_out = stratified_holdout(train.labels, size)
        train, test = train.take(kept), train.take(held_out)
    elif unknown := sorted(set(test.labels.tolist()) - set(train.labels.tolist())):
        raise DataError(f"{folder} has test images of class '{classes[unknown[0]]}', but no training images of it")
    return assemble(str(folder), classes, train, test)


def _check_counts(folder: Path, classes: tuple[str, ...], train: LabelledImages, needed: int) -> None:
    import numpy as np

    counts: NDArray[np.intp] = np.bincount(train.labels, minlength=len(classes))
    present = np.flatnonzero(counts)
    if len(present) < 2:
        raise DataError(f"{folder} has only one class, '{classes[present[0]]}'", hint=_LAYOUT_HINT)
    rare = int(present[counts[present].argmin()])
    if counts[rare] < needed:
        raise DataError(
            f"{folder} has too few images of class '{classes[rare]}': {counts[rare]}, where {needed} are needed",
            hint="each split needs at least one image of each class",
        )
