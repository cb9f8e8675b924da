"""Datasets that torchvision downloads: its addresses, its checks and its readers, in a cache of whole datasets.

A download goes to a temporary folder beside its place. When everything in it has torchvision's MD5 sums and could
be read, the unpacked files are listed with their checksums and the folder is renamed to
``<cache>/<folder>/verified``. Nothing half-written is ever there. Files that the user put into
``<cache>/<folder>`` by hand are used instead of downloads where their MD5 sums are right.
"""

from __future__ import annotations

import errno
import json
import shutil
import tempfile
import time
import zlib
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mnistkit.data.base import LoadOptions, Status
from mnistkit.data.transfer import Transfer, explain_failure, show_transfers
from mnistkit.exceptions import DownloadError
from mnistkit.files import cache_dir, output_error, write_text

if TYPE_CHECKING:
    from mnistkit.data.base import LabelledImages

_MANIFEST = "checksums.json"
_ARCHIVES = (".gz", ".zip", ".xz")
_TEMPORARY = ".download-"
_DAY = 24 * 60 * 60
# What torchvision's download and readers raise: network, wrong digest, damaged archive, wrong format.
_FAILURES = (OSError, RuntimeError, ValueError, TypeError, EOFError, AssertionError, IndexError, zlib.error)

# Faults of the cache folder and not of the network.
_LOCAL_FAULTS = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM)


@dataclass(frozen=True)
class RemoteFile:
    """One file to download: its address, its name, and the MD5 sum of its bytes."""

    url: str
    name: str
    md5: str


@dataclass(frozen=True)
class TorchvisionSource:
    """How to get one dataset through torchvision.

    Attributes:
        name: The registered name.
        folder: Its folder in the cache; datasets that come in one archive share one.
        class_name: The class in ``torchvision.datasets``.
        train: Arguments of that class for the training images.
        test: Arguments of that class for the test images.
        remote_files: Returns the files to download, as that class states them.
        convert: Turns an instance of that class into images and labels.
        raw_folder: Where, below its root, the class expects downloaded files.
        keep: Says of an unpacked file whether it is needed, by its name.
        download_size: Bytes to download, about.
    """

    name: str
    folder: str
    class_name: str
    train: Mapping[str, Any]
    test: Mapping[str, Any]
    remote_files: Callable[[Any], list[RemoteFile]]
    convert: Callable[[Any], LabelledImages]
    raw_folder: str
    download_size: int
    keep: Callable[[str], bool] = lambda name: not name.endswith(_ARCHIVES)

    @property
    def home(self) -> Path:
        """The dataset's folder in the cache."""
        return cache_dir() / self.folder

    @property
    def verified(self) -> Path:
        """The folder that exists only when everything in it is complete and checked."""
        return self.home / "verified"

    def status(self) -> Status:
        """Say whether the dataset is in the cache, by the sizes of its files."""
        return "cached" if _is_complete(self.verified, checksums=False) else "to download"

    def dataset_class(self) -> Any:
        """Return the class in ``torchvision.datasets``, which takes a while to import."""
        import torchvision.datasets

        return getattr(torchvision.datasets, self.class_name)

    def load(self, options: LoadOptions) -> tuple[LabelledImages, LabelledImages]:
        """Return the training and the test images, downloading them where allowed and needed.

        A cached copy that is damaged in any byte is downloaded anew.

        Raises:
            DownloadError: no network, a broken connection, a wrong digest, or downloading is not allowed.
            OutputError: the cache folder cannot be written.
        """
        if not _is_complete(self.verified, checksums=True):
            fetch(self, options)
        make = self.dataset_class()
        train, test = (make(str(self.verified), **split, download=False) for split in (self.train, self.test))
        return self.convert(train), self.convert(test)


def fetch(source: TorchvisionSource, options: LoadOptions) -> None:
    """Download a dataset into the cache.

    Raises:
        DownloadError: no network, a broken connection, a wrong digest, or downloading is not allowed.
        OutputError: the cache folder cannot be written.
    """
    try:
        source.home.mkdir(parents=True, exist_ok=True)
        _remove_abandoned(source.home)
        with tempfile.TemporaryDirectory(dir=source.home, prefix=_TEMPORARY) as temporary:
            root = Path(temporary) / source.verified.name
            is_complete_by_hand = _take_files_put_by_hand(source, root, options)
            if not options.download and not is_complete_by_hand:
                raise DownloadError(
                    f"{source.name} is not in the cache", hint=f"mnistkit datasets fetch {source.name}"
                )
            _download(source, root, options)
            _finish(source, root)
            _move_into_place(root, source.verified)
    except OSError as error:
        raise output_error(source.home, error) from error


def _download(source: TorchvisionSource, root: Path, options: LoadOptions) -> None:
    """Let torchvision download, check, unpack and read everything below ``root``."""
    from http.client import HTTPException

    make = source.dataset_class()
    transfer = Transfer(source.download_size, options.progress)
    try:
        with show_transfers(transfer):
            for split in (source.train, source.test):
                make(str(root), **split, download=True)
    except (*_FAILURES, HTTPException) as error:
        if isinstance(error, OSError) and error.errno in _LOCAL_FAULTS:
            raise
        files = source.remote_files(make)
        damaged = next(
            (file for file in files if _has_wrong_md5(root / source.raw_folder / file.name, file)), None
        )
        damage = f"{damaged.name} has the wrong MD5 sum" if damaged else None
        reason = explain_failure(error, transfer, damage)
        addresses = " ".join(file.url for file in files)
        raise DownloadError(
            f"cannot download {source.name}: {reason}",
            hint=f"try again later, or put the files into {source.home} by hand: {addresses}",
        ) from error
    transfer.finish()


def _take_files_put_by_hand(source: TorchvisionSource, root: Path, options: LoadOptions) -> bool:
    """Copy what the user put into the dataset's folder to where torchvision looks; say whether that is all."""
    raw = root / source.raw_folder
    raw.mkdir(parents=True)
    taken = []
    for file in source.remote_files(source.dataset_class()):
        path = source.home / file.name
        if _has_wrong_md5(path, file):
            options.warn(f"{path} has the wrong MD5 sum and is not used")
        taken.append(path.is_file() and not _has_wrong_md5(path, file))
        if taken[-1]:
            shutil.copyfile(path, raw / file.name)
    return all(taken)


def _has_wrong_md5(path: Path, file: RemoteFile) -> bool:
    from torchvision.datasets.utils import check_md5

    return path.is_file() and not check_md5(path, file.md5)


def _finish(source: TorchvisionSource, root: Path) -> None:
    """Remove what only the download needed, and list the rest with sizes and checksums."""
    for path in [path for path in root.rglob("*") if path.is_file()]:
        if not source.keep(path.name):
            path.unlink()
    kept = sorted(path for path in root.rglob("*") if path.is_file())
    checksums = {path.relative_to(root).as_posix(): [path.stat().st_size, _crc(path)] for path in kept}
    write_text(root / _MANIFEST, json.dumps(checksums, indent=1))


def _move_into_place(root: Path, verified: Path) -> None:
    if verified.exists() and not _is_complete(verified, checksums=True):
        shutil.rmtree(verified)
    try:
        root.replace(verified)
    except OSError:
        # Another process may have finished the same download in between; its copy is as good.
        if not _is_complete(verified, checksums=True):
            raise


def _is_complete(verified: Path, *, checksums: bool) -> bool:
    """Say whether all listed files are there with the right sizes and, if asked for, the right checksums."""
    try:
        listed = json.loads((verified / _MANIFEST).read_text(encoding="utf-8"))
        return bool(listed) and all(
            (verified / name).stat().st_size == size and (not checksums or _crc(verified / name) == crc)
            for name, (size, crc) in listed.items()
        )
    except (OSError, ValueError, TypeError, AttributeError):
        return False


def _crc(path: Path) -> int:
    crc = 0
    with path.open("rb") as file:
        while chunk := file.read(1 << 20):
            crc = zlib.crc32(chunk, crc)
    return crc


def _remove_abandoned(home: Path) -> None:
    """Remove what a killed download left behind, but nothing that may still be in use."""
    for path in home.glob(f"{_TEMPORARY}*"):
        with suppress(OSError):
            if time.time() - path.stat().st_mtime > _DAY:
                shutil.rmtree(path)
