"""Datasets known to torchvision: its addresses, its MD5 sums, its unpacking and its readers.

torchvision is not left to download, for it waits for ever for a server that went silent, prints a bar of its own,
and says at length why it failed. The files are downloaded to where it looks for them; it finds and unpacks them.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mnistkit.data import register_dataset
from mnistkit.data.base import Dataset, DatasetInfo, LoadOptions, Status
from mnistkit.data.dataset_cache import is_complete, new_folder
from mnistkit.data.download import RemoteFile, download_file, has_md5
from mnistkit.exceptions import DownloadError
from mnistkit.files import cache_dir
from mnistkit.preparation import INK, Preparation
from mnistkit.units import BYTES

if TYPE_CHECKING:
    from mnistkit.data.base import LabelledImages

_ARCHIVES = (".gz", ".zip", ".xz")


@dataclass(frozen=True)
class TorchvisionDownload:
    """How to get one dataset with the help of torchvision.

    Its files lie in ``<cache>/<folder>/verified``. Those that the user put into ``<cache>/<folder>`` by hand are
    taken instead of downloaded where their MD5 sums are right.

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
        return "cached" if is_complete(self.verified, checksums=False) else "to download"

    def load(self, options: LoadOptions) -> tuple[LabelledImages, LabelledImages]:
        """Return the training and the test images, downloading them where allowed and needed.

        A cached copy that is damaged in any byte is downloaded anew.

        Raises:
            DownloadError: no network, a broken connection, a wrong digest, or downloading is not allowed.
            OutputError: the cache folder cannot be written.
        """
        if not is_complete(self.verified, checksums=True):
            self._fill_cache(options)
        make = self._dataset_class()
        train, test = (make(str(self.verified), **split, download=False) for split in (self.train, self.test))
        return self.convert(train), self.convert(test)

    def _dataset_class(self) -> Any:
        import torchvision.datasets

        return getattr(torchvision.datasets, self.class_name)

    def _fill_cache(self, options: LoadOptions) -> None:
        make = self._dataset_class()
        with new_folder(self.verified) as root:
            raw = root / self.raw_folder
            raw.mkdir(parents=True, exist_ok=True)
            files = self.remote_files(make)
            missing = [file for file in files if not self._take_put_by_hand(file, raw, options)]
            if missing and not options.download:
                raise DownloadError(
                    f"{self.name} is not in the cache", hint=f"mnistkit datasets fetch {self.name}"
                )
            self._download(missing, raw, options)
            # It looks for its files first, finds them all with the right MD5 sums, unpacks and reads them.
            for split in (self.train, self.test):
                make(str(root), **split, download=True)
            for path in [path for path in root.rglob("*") if path.is_file() and not self.keep(path.name)]:
                path.unlink()

    def _take_put_by_hand(self, file: RemoteFile, raw: Path, options: LoadOptions) -> bool:
        """Copy what the user put into the dataset's folder to ``raw``; say whether there was a right file."""
        path = self.home / file.name
        if not path.is_file():
            return False
        if not has_md5(path, file.md5):
            options.warn(f"{path} has the wrong MD5 sum and is not used")
            return False
        shutil.copyfile(path, raw / file.name)
        return True

    def _download(self, files: list[RemoteFile], raw: Path, options: LoadOptions) -> None:
        before = 0

        def report(arrived: int) -> None:
            done = before + arrived
            options.progress(done, max(self.download_size, done), BYTES)

        for file in files:
            try:
                download_file(file, raw / file.name, report)
            except DownloadError as error:
                addresses = " ".join(each.urls[0] for each in files)
                raise DownloadError(
                    f"cannot download {self.name}: {error.message}",
                    hint=f"try again later, or put the files into {self.home} by hand: {addresses}",
                ) from error
            before += (raw / file.name).stat().st_size
        if files:
            options.progress(before, before, BYTES)


def register_torchvision(
    download: TorchvisionDownload,
    *,
    title: str,
    classes: tuple[str, ...],
    sizes: tuple[int, int],
    licence: str,
    citation: str,
    preparation: Preparation = INK,
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
            citation=citation,
            load=load,
            status=download.status,
            location=lambda: download.verified,
            download_size=download.download_size,
            preparation=preparation,
        )
    )
