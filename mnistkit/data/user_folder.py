"""A user's own data: a folder with one subfolder of pictures for each class, or a folder of IDX files."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from mnistkit.data.assemble import assemble, label_images
from mnistkit.data.base import Dataset, LabelledImages, LoadOptions, Origin
from mnistkit.data.choose_preparation import choose_for_pictures, choose_for_tiles
from mnistkit.data.idx import PARTS, STEMS, find_idx, read_idx_split
from mnistkit.data.read_pictures import picture_suffixes, read_pictures
from mnistkit.data.splits import stratified_holdout
from mnistkit.exceptions import DataError
from mnistkit.imaging.prepared import Finding
from mnistkit.preparation import Preparation
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
    for the test. How pictures become tiles is said by ``options.preparation``, or chosen by
    :mod:`mnistkit.data.choose_preparation`.

    Raises:
        DataError: nothing to read, one class only, too few images of a class, or a damaged file, which is named.
    """
    if any(find_idx(folder, split, part) for split in STEMS for part in PARTS):
        return _load_idx_folder(folder, options)
    return _load_picture_folder(folder, options)


def _load_idx_folder(folder: Path, options: LoadOptions) -> Dataset:
    train = _read_idx(folder, "train")
    has_test = any(find_idx(folder, "test", part) for part in PARTS)
    test = _read_idx(folder, "test") if has_test else None
    labels = [split.labels.max() for split in (train, test) if split is not None]
    classes = tuple(str(label) for label in range(int(max(labels)) + 1))
    train, test = _with_test(folder, classes, train, test)
    kind = options.preparation
    preparation = choose_for_tiles(train.images, kind) if isinstance(kind, str) else (kind, "")
    return assemble(str(folder), classes, train, test, preparation=preparation)


def _read_idx(folder: Path, split: str) -> LabelledImages:
    images, labels = read_idx_split(folder, split)
    path = find_idx(folder, split, "images")
    if not len(images):
        raise DataError(f"{path} holds no images")
    if images.shape[1:] != IMAGE_SIZE:
        height, width = images.shape[1:]
        raise DataError(f"{path} holds images of {width}x{height} pixels, not {IMAGE_SIZE[1]}x{IMAGE_SIZE[0]}")
    return label_images(images, labels)


@dataclass(frozen=True)
class _Files:
    """Picture files with their classes, in natural order.

    Attributes:
        folder: Where the classes' subfolders stand.
        classes: Their names.
        paths: All files.
        labels: int64 array, the class of each file.
    """

    folder: Path
    classes: tuple[str, ...]
    paths: list[Path]
    labels: NDArray[np.int64]


def _load_picture_folder(folder: Path, options: LoadOptions) -> Dataset:
    names = _class_names(folder)
    if "train" not in names or not _class_names(folder / "train"):
        files, test_files = _find_files(folder), None
    else:
        if extra := [name for name in names if name not in STEMS]:
            raise DataError(
                f"{folder} has the folder '{extra[0]}' beside 'train'", hint="only train and test may stand there"
            )
        files = _find_files(folder / "train")
        test_files = _find_files(folder / "test") if "test" in names else None
        if test_files and (differing := sorted(set(files.classes) ^ set(test_files.classes), key=_natural)):
            place = "test" if differing[0] in files.classes else "train"
            raise DataError(f"class '{differing[0]}' is missing in {folder / place}")
    preparation, reason = _preparation(files, test_files is not None, options)
    train = _read(files, preparation, options)
    test = _read(test_files, preparation, options) if test_files else None
    train, test = _with_test(folder, files.classes, train, test)
    return assemble(str(folder), files.classes, train, test, preparation=(preparation, reason))


def _preparation(files: _Files, has_test: bool, options: LoadOptions) -> tuple[Preparation, str]:
    """Return the preparation asked for, or the one that suits those files that are for training."""
    if isinstance(options.preparation, Preparation):
        return options.preparation, ""
    training = files.paths
    size = _test_size(files.labels)
    if not has_test and size < len(training):
        training = [training[place] for place in stratified_holdout(files.labels, size)[0].tolist()]
    return choose_for_pictures(training, options.preparation)


def _find_files(folder: Path) -> _Files:
    """Find the pictures in the subfolders of ``folder``, which are the classes."""
    import numpy as np

    classes = _class_names(folder)
    files = [_pictures_in(folder / name) for name in classes]
    if not any(files):
        raise DataError(f"{folder} has no images", hint=_LAYOUT_HINT)
    if len(classes) < 2:
        raise DataError(f"{folder} has only one class, '{classes[0]}'", hint=_LAYOUT_HINT)
    if not all(files):
        raise DataError(f"{folder / classes[files.index([])]} has no images")
    labels = np.repeat(np.arange(len(classes), dtype=np.int64), [len(each) for each in files])
    return _Files(folder, classes, [path for each in files for path in each], labels)


def _read(files: _Files, preparation: Preparation, options: LoadOptions) -> LabelledImages:
    images, places, origins, errors = read_pictures(files.paths, preparation, options)
    if errors:
        options.warn(f"skipped {len(errors)} unreadable of {len(files.paths)} pictures: {errors[0]}")
    labels = files.labels[places]
    if missing := sorted(set(range(len(files.classes))) - set(labels.tolist())):
        raise DataError(f"no picture in {files.folder / files.classes[missing[0]]} can be read")
    _warn_of_unclear(files.folder, origins, options)
    return LabelledImages(images, labels, places, origins)


def _warn_of_unclear(folder: Path, origins: Sequence[Origin], options: LoadOptions) -> None:
    """Say how many pictures do not show one piece of writing; whatever was found in them is taken all the same."""
    unclear = [origin for origin in origins if origin.finding != Finding.DIGIT.value]
    if unclear:
        options.warn(
            f"{len(unclear)} of {len(origins)} pictures in {folder} do not show one piece of writing, such as "
            f"{unclear[0].file} ({unclear[0].finding})"
        )


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


def _with_test(
    folder: Path, classes: tuple[str, ...], train: LabelledImages, test: LabelledImages | None
) -> tuple[LabelledImages, LabelledImages]:
    """Check the numbers of images, and split test images off if there are none."""
    _check_counts(folder, classes, train, needed=2 if test else 3)
    if test is None:
        kept, held_out = stratified_holdout(train.labels, _test_size(train.labels))
        return train.take(kept), train.take(held_out)
    if unknown := sorted(set(test.labels.tolist()) - set(train.labels.tolist())):
        raise DataError(f"{folder} has test images of class '{classes[unknown[0]]}', but no training images of it")
    return train, test


def _test_size(labels: NDArray[np.int64]) -> int:
    return max(round(len(labels) / TEST_PART), len(set(labels.tolist())))


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
