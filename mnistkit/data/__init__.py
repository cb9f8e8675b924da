"""The datasets: one per file, found by itself, loaded by name or from a folder of the user's own.

A new dataset is one file in ``sets/`` that calls :func:`register_dataset`. Those files import nothing heavy at
the top: their names and sizes must be at hand before torch and numpy are loaded.
"""

from __future__ import annotations

import importlib
from contextlib import suppress
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from mnistkit.data.base import DatasetInfo, LoadOptions
from mnistkit.exceptions import UnknownNameError
from mnistkit.paths import is_path_like, is_url, no_folder, url_error
from mnistkit.preparation import AUTO, CHOICES, Preparation
from mnistkit.registry import Registry, check_name, unknown_name

if TYPE_CHECKING:
    from mnistkit.data.base import Dataset

_HINT = "mnistkit datasets lists all; a folder is given by its path (./digits)"
_registry: Registry[DatasetInfo] = Registry("dataset", hint=_HINT)


def register_dataset(info: DatasetInfo) -> DatasetInfo:
    """Add a dataset to the registry under ``info.name``."""
    return _registry.register(info.name, info)


def dataset_names() -> tuple[str, ...]:
    """Return the names of all registered datasets in alphabetical order."""
    _discover()
    return _registry.names()


def get_dataset_info(name: str) -> DatasetInfo:
    """Return the registry entry called ``name``.

    Raises:
        UnknownNameError: no such dataset; the message holds the closest match.
    """
    _discover()
    if is_url(name):
        raise _url(name)
    return _registry.get(name)


def check_dataset(spec: str) -> str:
    """Return ``spec`` if it is a dataset's name or an existing folder, without reading any data.

    Raises:
        UnknownNameError: neither; the message holds the closest name, or says what else it is.
    """
    if is_folder(spec) or spec in dataset_names():
        return spec
    if is_url(spec):
        raise _url(spec)
    if is_path_like(spec) or _exists(spec):
        raise no_folder(spec)
    raise unknown_name("dataset", spec, dataset_names(), hint=_HINT)


def _url(spec: str) -> UnknownNameError:
    return url_error("dataset", spec, "unpacked folder", UnknownNameError)


def _exists(spec: str) -> bool:
    # A text of a thousand letters is no file's name.
    with suppress(OSError, ValueError):
        return Path(spec).exists()
    return False


def is_folder(spec: str) -> bool:
    """Say whether ``spec`` means a folder rather than a registered name.

    A registered name wins over a folder that happens to be called the same; ``./mnist`` means the folder.
    """
    if spec in dataset_names():
        return False
    # "~nobody" has no home, and a text of a thousand letters is no file name: neither is a folder.
    with suppress(RuntimeError, OSError):
        return Path(spec).expanduser().is_dir()
    return False


def load_dataset(spec: str, options: LoadOptions | None = None) -> Dataset:
    """Load a registered dataset, or a folder of pictures or IDX files.

    Args:
        spec: A registered name, or the path of a folder.
        options: How to read; see :class:`LoadOptions`.

    Raises:
        UnknownNameError: ``spec`` is neither a name nor a folder, or there is no such preparation.
        DownloadError: the dataset must be downloaded and could not be.
        DataError: the data is damaged or unusable.
    """
    options = options or LoadOptions()
    if isinstance(options.preparation, str):
        check_name("preparation", options.preparation, CHOICES)
    if is_folder(check_dataset(spec)):
        from mnistkit.data.user_folder import load_user_folder

        return load_user_folder(Path(spec).expanduser(), options)
    info = get_dataset_info(spec)
    kind = options.preparation if isinstance(options.preparation, str) else AUTO
    return replace(info.load(options), preparation=info.preparation if kind == AUTO else Preparation(kind))


@cache
def _discover() -> None:
    from mnistkit.data import sets

    for file in sorted(Path(next(iter(sets.__path__))).glob("[!_]*.py")):
        importlib.import_module(f"{sets.__name__}.{file.stem}")
