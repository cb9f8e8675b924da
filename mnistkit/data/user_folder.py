"""A user's own data: a folder with one subfolder of pictures for each class, or a folder of IDX files."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from mnistkit.data.assemble import assemble, label_images, validation_size
from mnistkit.data.base import ALL, Dataset, LabelledImages, LoadOptions, SplitShares
from mnistkit.data.choose_preparation import choose_for_pictures, choose_for_tiles
from mnistkit.data.doubtful import divided, warn_of_doubtful
from mnistkit.data.idx import PARTS, STEMS, find_idx, read_idx_split
from mnistkit.data.read_pictures import picture_suffixes, read_pictures
from mnistkit.data.splits import stratified_holdout
from mnistkit.exceptions import DataError
from mnistkit.own_figures import is_own_figure
from mnistkit.preparation import Preparation
from mnistkit.recipe import IMAGE_SIZE
from mnistkit.registry import brief

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
    for the test, and a twelfth of the others for validation, unless ``options.shares`` says otherwise. How
    pictures become tiles is said by ``options.preparation``, or chosen by :mod:`mnistkit.data.choose_preparation`.

    With ``options.classes`` the folder may have any of those classes, even a single one; the dataset's classes
    are the folder's own all the same, so that it is divided as ever.

    Raises:
        DataError: nothing to read, one class only, too few images of a class, a class that is none of
            ``options.classes``, or a damaged file, which is named.
    """
    if any(find_idx(folder, split, part) for split in STEMS for part in PARTS):
        return _load_idx_folder(folder, options)
    dataset = _load_picture_folder(folder, options)
    warn_of_doubtful(folder, {ALL: dataset.split(ALL)} if options.undivided else divided(dataset), options.warn)
    return dataset


def _load_idx_folder(folder: Path, options: LoadOptions) -> Dataset:
    import numpy as np

    train = _read_idx(folder, "train")
    has_test = any(find_idx(folder, "test", part) for part in PARTS)
    test = _read_idx(folder, "test") if has_test else None
    numbers = np.concatenate([split.labels for split in (train, test) if split is not None])
    classes = tuple(str(label) for label in range(int(numbers.max()) + 1))
    if options.classes:
        _check_known(folder, [classes[number] for number in np.unique(numbers)], options.classes)
    train, test, size = _divide(folder, classes, train, test, options)
    kind = options.preparation
    preparation = choose_for_tiles(train.images, kind) if isinstance(kind, str) else (kind, "")
    return assemble(str(folder), classes, train, test, preparation=preparation, held_out=size)


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
        classes: The names of the classes.
        paths: All files.
        labels: int64 array, the class of each file as its place in ``classes``.
    """

    folder: Path
    classes: tuple[str, ...]
    paths: list[Path]
    labels: NDArray[np.int64]

    @classmethod
    def of(cls, folder: Path, files: Mapping[str, list[Path]], classes: tuple[str, ...]) -> _Files:
        """Return the files of each class, of which some may have none."""
        import numpy as np

        counts = [len(files.get(name, ())) for name in classes]
        labels = np.repeat(np.arange(len(classes), dtype=np.int64), counts)
        return cls(folder, classes, [path for name in classes for path in files.get(name, ())], labels)


def _load_picture_folder(folder: Path, options: LoadOptions) -> Dataset:
    files, test_files = _find_files(folder, options.classes)
    preparation, reason = _preparation(files, test_files is not None, options)
    train = _read(files, preparation, options)
    test = _read(test_files, preparation, options) if test_files else None
    train, test, size = _divide(folder, files.classes, train, test, options)
    return assemble(str(folder), files.classes, train, test, preparation=(preparation, reason), held_out=size)


def _find_files(folder: Path, known: tuple[str, ...]) -> tuple[_Files, _Files | None]:
    """Find training pictures and, if they have a place of their own, test pictures.

    Args:
        folder: Where to look.
        known: The classes of the model that the folder is read for: it may lack any of them, but has no others.
            Empty where a model is to learn from the folder, which then needs two classes and pictures of each.
    """
    names = _class_names(folder)
    if "train" not in names or not _class_names(folder / "train"):
        places = [folder]
    elif extra := [name for name in names if name not in STEMS]:
        raise DataError(
            f"{folder} has the folder '{extra[0]}' beside 'train'", hint="only train and test may stand there"
        )
    else:
        places = [folder / name for name in STEMS if name in names]
    found = [_find_classes(place, complete=not known) for place in places]
    classes = tuple(sorted({name for each in found for name in each}, key=_natural))
    if known:
        _check_known(folder, classes, known)
    if not known:
        _check_complete(classes, dict(zip(places, found, strict=True)))
    parts = [_Files.of(place, each, classes) for place, each in zip(places, found, strict=True)]
    return parts[0], parts[1] if len(parts) > 1 else None


def _check_complete(classes: Iterable[str], places: Mapping[Path, Mapping[str, list[Path]]]) -> None:
    for name in classes:
        if lacking := [place for place, files in places.items() if name not in files]:
            raise DataError(f"class '{name}' is missing in {lacking[0]}")


def _find_classes(folder: Path, *, complete: bool) -> dict[str, list[Path]]:
    """Return the pictures in each subfolder of ``folder``; without those that have none, unless all must have."""
    files = {name: _pictures_in(folder / name) for name in _class_names(folder)}
    if not any(files.values()):
        raise _no_images(folder)
    if not complete:
        return {name: paths for name, paths in files.items() if paths}
    if len(files) < 2:
        raise DataError(f"{folder} has only one class, '{next(iter(files))}'", hint=_LAYOUT_HINT)
    if empty := [name for name, paths in files.items() if not paths]:
        raise DataError(f"{folder / empty[0]} has no images")
    return files


def _check_known(folder: Path, classes: Iterable[str], known: tuple[str, ...]) -> None:
    """Raise if a folder has a class that the model which it is read for does not know.

    Raises:
        DataError: it has; the message names the first.
    """
    unknown = [name for name in classes if name not in known]
    if unknown:
        more = f" and {len(unknown) - 1} more" if len(unknown) > 1 else ""
        raise DataError(
            f"{folder} has the class '{unknown[0]}'{more}, which the model does not know: it knows {brief(known)}",
            hint=f"train one that does: mnistkit train --dataset {folder}",
        )


def _preparation(files: _Files, has_test: bool, options: LoadOptions) -> tuple[Preparation, str]:
    """Return the preparation asked for, or the one that suits those files that are for training."""
    if isinstance(options.preparation, Preparation):
        return options.preparation, ""
    training = files.paths
    size = _test_size(files.labels, options.shares)
    if not has_test and size < len(training):
        training = [training[place] for place in stratified_holdout(files.labels, size)[0].tolist()]
    return choose_for_pictures(training, options.preparation)


def _no_images(folder: Path) -> DataError:
    """Return the error for a folder without pictures in subfolders; it may have some without any class."""
    loose = sum(path.suffix.lower() in picture_suffixes() and path.is_file() for path in folder.iterdir())
    if not loose:
        return DataError(f"{folder} has no images", hint=_LAYOUT_HINT)
    return DataError(
        f"{folder} holds {loose:,} picture{'s' if loose > 1 else ''}, but no folder of pictures for each class",
        hint=f"to read them: mnistkit predict {folder}; to learn from them, put each into a folder named after "
        "its class",
    )


def _read(files: _Files, preparation: Preparation, options: LoadOptions) -> LabelledImages:
    images, places, origins, errors = read_pictures(files.paths, preparation, options)
    if errors:
        options.warn(f"skipped {len(errors)} unreadable of {len(files.paths)} pictures: {errors[0]}")
    labels = files.labels[places]
    if missing := sorted(set(files.labels.tolist()) - set(labels.tolist())):
        raise DataError(f"no picture in {files.folder / files.classes[missing[0]]} can be read")
    return LabelledImages(images, labels, places, origins)


def _class_names(folder: Path) -> tuple[str, ...]:
    try:
        names = [path.name for path in folder.iterdir() if path.is_dir() and not path.name.startswith(".")]
    except OSError as error:
        raise DataError(f"cannot read {folder}: {error.strerror or error}") from None
    return tuple(sorted(names, key=_natural))


def _pictures_in(folder: Path) -> list[Path]:
    """Return the pictures below ``folder`` by their suffix, in natural order; no hidden ones, no own figures."""
    return sorted(_walk(folder), key=lambda path: _natural(path.relative_to(folder).as_posix()))


def _walk(folder: Path) -> Iterator[Path]:
    for path in folder.rglob("*"):
        hidden = any(part.startswith(".") for part in path.relative_to(folder).parts)
        is_picture = path.suffix.lower() in picture_suffixes() and not hidden and path.is_file()
        if is_picture and not is_own_figure(path):
            yield path


def _natural(text: str) -> tuple[list[tuple[int, int, str]], str]:
    """Return a sort key that puts "2" before "10"."""
    parts = re.findall(r"[0-9]+|[^0-9]+", text.casefold())
    return [(0, int(part), "") if part[0] in "0123456789" else (1, 0, part) for part in parts], text


def _divide(
    folder: Path,
    classes: tuple[str, ...],
    train: LabelledImages,
    test: LabelledImages | None,
    options: LoadOptions,
) -> tuple[LabelledImages, LabelledImages, int | None]:
    """Return training and test images, these split off if there are none, and how many are for validation.

    Raises:
        DataError: there are too few images, or ``options.shares`` do not suit the folder.
    """
    import numpy as np

    if options.undivided:
        return train, test or train.take(np.zeros(0, dtype=np.int64)), None
    _check_shares(folder, test is not None, options.shares)
    if test is None or not options.classes:
        _check_counts(folder, classes, train, 2 if test else 3, options)
    if test is None:
        kept, held_out = stratified_holdout(train.labels, _test_size(train.labels, options.shares))
        train, test = train.take(kept), train.take(held_out)
    elif not options.classes and (unknown := sorted(set(test.labels.tolist()) - set(train.labels.tolist()))):
        raise DataError(f"{folder} has test images of class '{classes[unknown[0]]}', but no training images of it")
    return train, test, _held_out(train.labels, options.shares)


def _check_shares(folder: Path, has_test: bool, shares: SplitShares | None) -> None:
    if shares is None or has_test == (shares.test == 0):
        return
    fault = "has test images of its own" if has_test else "has no test images of its own"
    example = SplitShares(90, 10, 0) if has_test else SplitShares(80, 10, 10)
    raise DataError(
        f"{folder} {fault}: the split shares {shares} do not suit it",
        hint=f"for example: --split-shares {example}",
    )


def _test_size(labels: NDArray[np.int64], shares: SplitShares | None) -> int:
    n, classes = len(labels), len(set(labels.tolist()))
    if shares is None:
        return max(round(n / TEST_PART), classes)
    # Two of each class are for the other splits.
    return min(max(round(n * shares.test / 100), classes), max(n - 2 * classes, 1))


def _held_out(labels: NDArray[np.int64], shares: SplitShares | None) -> int:
    """Return how many of the training images are for validation."""
    n, classes = len(labels), len(set(labels.tolist()))
    if shares is None:
        return validation_size(n, classes)
    return min(max(round(n * shares.val / (shares.train + shares.val)), classes), max(n - classes, 1))


def _check_counts(
    folder: Path, classes: tuple[str, ...], train: LabelledImages, needed: int, options: LoadOptions
) -> None:
    import numpy as np

    counts: NDArray[np.intp] = np.bincount(train.labels, minlength=len(classes))
    present = np.flatnonzero(counts)
    if len(present) < 2 and not options.classes:
        raise DataError(f"{folder} has only one class, '{classes[present[0]]}'", hint=_LAYOUT_HINT)
    rare = int(present[counts[present].argmin()])
    if counts[rare] < needed:
        every = "each split needs at least one image of each class"
        raise DataError(
            f"{folder} has too few images of class '{classes[rare]}': {counts[rare]}, where {needed} are needed",
            hint="--split all measures on every image" if options.classes else every,
        )
