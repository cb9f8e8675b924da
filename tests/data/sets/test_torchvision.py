"""The datasets that are downloaded, from small copies on a server of this machine."""

from __future__ import annotations

import resource
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import torchvision.datasets
import torchvision.datasets.utils as torchvision_utils

from mnistkit.data import dataset_names, get_dataset_info, load_dataset
from mnistkit.data.base import LoadOptions
from mnistkit.exceptions import DownloadError, OutputError
from tests.support.download_server import CLASS_NAMES, TEST, TRAIN, served

NAME = "fashion-mnist"
FILE = "train-images-idx3-ubyte.gz"


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "cache"


def _left_over(cache: Path) -> list[Path]:
    """Return what stands in the datasets' folders in the cache."""
    return [path for home in cache.glob("*") for path in home.iterdir()]


def test_every_dataset_but_mnist_is_tested_here() -> None:
    assert set(dataset_names()) - {"mnist"} == set(CLASS_NAMES)


@pytest.mark.parametrize("name", CLASS_NAMES)
def test_downloads_once_and_reads(name: str, monkeypatch: pytest.MonkeyPatch, cache: Path) -> None:
    with served(name, monkeypatch, cache) as server:
        info = get_dataset_info(name)
        assert info.status() == "to download"
        dataset = load_dataset(name)
        assert info.status() == "cached"
        again = load_dataset(name)
        assert sorted(server.requests) == sorted(server.files)
    classes = len(info.classes)
    sizes = (4 * classes, 2 * classes) if name.startswith("emnist") else (TRAIN, TEST)
    assert (len(dataset.train), len(dataset.test)) == sizes
    assert dataset.classes == info.classes
    assert dataset.train.labels.tolist() == [place % classes for place in range(sizes[0])]
    assert dataset.train.images.shape[1:] == (28, 28)
    assert (again.train.images == dataset.train.images).all()
    # What is bright in the upper left quarter must be there, and not transposed.
    upper_left, mirrored = dataset.train.images[:, 5:13, 5:7].mean(), dataset.train.images[:, 5:7, 15:20].mean()
    assert upper_left > 150 > 100 > mirrored
    assert 0 < dataset.mean < 1 and 0 < dataset.std < 1


def test_emnist_is_downloaded_once_for_all_its_splits(monkeypatch: pytest.MonkeyPatch, cache: Path) -> None:
    with served("emnist-digits", monkeypatch, cache) as server:
        load_dataset("emnist-digits")
        assert len(load_dataset("emnist-letters").classes) == 26
        assert len(load_dataset("emnist-balanced").classes) == 47
        assert server.requests == ["gzip.zip"]
    kept = [path.name for path in cache.rglob("*") if path.is_file()]
    assert not [name for name in kept if name.endswith((".gz", ".zip")) or "byclass" in name]


@pytest.mark.parametrize("name", ["emnist-digits", "emnist-letters", "emnist-balanced", "kmnist", NAME])
def test_class_names_are_those_of_torchvision(name: str) -> None:
    dataset_class = getattr(torchvision.datasets, CLASS_NAMES[name])
    if name.startswith("emnist"):
        expected = [each for each in dataset_class.classes_split_dict[name.split("-")[1]] if each != "N/A"]
    else:
        expected = dataset_class.classes
    assert list(get_dataset_info(name).classes) == expected


def test_usps_has_the_margin_of_mnist(monkeypatch: pytest.MonkeyPatch, cache: Path) -> None:
    with served("usps", monkeypatch, cache):
        images = load_dataset("usps").train.images
    assert images[:, :4].max() == images[:, -4:].max() == images[:, :, :4].max() == images[:, :, -4:].max() == 0
    assert images[0, 4, 4] == 255


def test_progress_goes_to_the_callback_and_nothing_is_printed(
    monkeypatch: pytest.MonkeyPatch, cache: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    reports: list[tuple[int, int, str]] = []
    with served(NAME, monkeypatch, cache) as server:
        load_dataset(NAME, LoadOptions(progress=lambda *report: reports.append(report)))
        total = sum(len(content) for content in server.files.values())
    done = [report[0] for report in reports]
    assert done == sorted(done) and done[-1] == total
    assert reports[-1] == (total, total, "bytes")
    assert all(report[1] >= report[0] for report in reports)
    assert capfd.readouterr() == ("", "")


def test_other_libraries_and_the_process_stay_as_they_are(monkeypatch: pytest.MonkeyPatch, cache: Path) -> None:
    def state() -> list[object]:
        return [socket.getdefaulttimeout(), *vars(torchvision_utils).values()]

    assert socket.getdefaulttimeout() is None
    before, during = state(), []
    with served(NAME, monkeypatch, cache):
        load_dataset(NAME, LoadOptions(progress=lambda *report: during.append(state())))
    assert during and all(each == before for each in [*during, state()])


def test_wrong_digest(monkeypatch: pytest.MonkeyPatch, cache: Path) -> None:
    with served(NAME, monkeypatch, cache) as server:
        server.files[FILE] = server.files[FILE][:-1] + b"x"
        with pytest.raises(DownloadError, match=f"fashion-mnist: {FILE} has the wrong MD5 sum") as caught:
            load_dataset(NAME)
    assert "by hand" in (caught.value.hint or "") and FILE in (caught.value.hint or "")
    assert "\n" not in caught.value.message
    assert _left_over(cache) == []
    assert get_dataset_info(NAME).status() == "to download"


@pytest.mark.parametrize(("name", "file"), [(NAME, FILE), ("usps", "usps.t.bz2"), ("emnist-digits", "gzip.zip")])
def test_broken_connection(name: str, file: str, monkeypatch: pytest.MonkeyPatch, cache: Path) -> None:
    with served(name, monkeypatch, cache) as server:
        server.faults[file] = "break"
        size = len(server.files[file])
        with pytest.raises(DownloadError, match=rf"broke after {size // 2:,} of {size:,} bytes"):
            load_dataset(name)
        assert _left_over(cache) == []
        server.faults.clear()
        assert len(load_dataset(name).train)


def test_missing_file(monkeypatch: pytest.MonkeyPatch, cache: Path) -> None:
    with served(NAME, monkeypatch, cache) as server:
        del server.files[FILE]
        with pytest.raises(DownloadError, match="HTTP Error 404"):
            load_dataset(NAME)
    assert _left_over(cache) == []


@pytest.mark.parametrize("name", [NAME, "usps", "qmnist"])
def test_refused_connection(name: str, monkeypatch: pytest.MonkeyPatch, cache: Path) -> None:
    with served(name, monkeypatch, cache):
        pass
    with pytest.raises(
        DownloadError, match=rf"cannot download {name}: no connection \(Connection refused\)"
    ) as caught:
        load_dataset(name)
    assert "\n" not in caught.value.message
    assert _left_over(cache) == []


def test_the_mirrors_of_torchvision_are_tried_in_order(monkeypatch: pytest.MonkeyPatch, cache: Path) -> None:
    with served(NAME, monkeypatch, cache) as server:
        mirrors = [server.url + "gone/", server.url, server.url + "unused/"]
        monkeypatch.setattr(torchvision.datasets.FashionMNIST, "mirrors", mirrors)
        assert len(load_dataset(NAME).train) == TRAIN
        assert server.requests == [name for file in server.files for name in (f"gone/{file}", file)]


@pytest.mark.parametrize("name", [NAME, "usps"])
def test_ctrl_c_leaves_nothing(name: str, monkeypatch: pytest.MonkeyPatch, cache: Path) -> None:
    def interrupt(done: int, total: int, unit: str) -> None:
        raise KeyboardInterrupt

    with served(name, monkeypatch, cache):
        with pytest.raises(KeyboardInterrupt):
            load_dataset(name, LoadOptions(progress=interrupt))
        assert _left_over(cache) == []
        assert get_dataset_info(name).status() == "to download"
        assert len(load_dataset(name).train) == TRAIN


def test_files_put_by_hand_are_used_without_network(monkeypatch: pytest.MonkeyPatch, cache: Path) -> None:
    home, reports = cache / NAME, []
    home.mkdir(parents=True)
    with served(NAME, monkeypatch, cache) as server:
        for name, content in server.files.items():
            (home / name).write_bytes(content)
        options = LoadOptions(download=False, progress=lambda *report: reports.append(report))
        assert len(load_dataset(NAME, options).train) == TRAIN
    assert server.requests == reports == []
    assert (home / FILE).read_bytes() == server.files[FILE]


def test_a_wrong_file_put_by_hand_is_named_and_downloaded(monkeypatch: pytest.MonkeyPatch, cache: Path) -> None:
    home, warnings = cache / NAME, []
    home.mkdir(parents=True)
    (home / FILE).write_bytes(b"something else")
    with served(NAME, monkeypatch, cache) as server:
        right = next(name for name in server.files if name != FILE)
        (home / right).write_bytes(server.files[right])
        load_dataset(NAME, LoadOptions(warn=warnings.append))
        assert sorted(server.requests) == sorted(set(server.files) - {right})
    assert warnings == [f"{home / FILE} has the wrong MD5 sum and is not used"]
    assert (home / FILE).read_bytes() == b"something else"


def test_without_leave_to_download(monkeypatch: pytest.MonkeyPatch, cache: Path) -> None:
    with served(NAME, monkeypatch, cache) as server:
        with pytest.raises(DownloadError, match="not in the cache") as caught:
            load_dataset(NAME, LoadOptions(download=False))
        assert server.requests == []
    assert caught.value.hint == f"mnistkit datasets fetch {NAME}"


def test_a_damaged_cache_heals(monkeypatch: pytest.MonkeyPatch, cache: Path) -> None:
    with served(NAME, monkeypatch, cache):
        first = load_dataset(NAME)
        victim = get_dataset_info(NAME).location() / "FashionMNIST" / "raw" / FILE.removesuffix(".gz")
        content = victim.read_bytes()
        victim.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
        healed = load_dataset(NAME)
    assert (healed.train.images == first.train.images).all()


def test_a_second_download_that_was_quicker_does_no_harm(monkeypatch: pytest.MonkeyPatch, cache: Path) -> None:
    quicker = []

    def load_meanwhile(done: int, total: int, unit: str) -> None:
        if not quicker:
            quicker.append(load_dataset(NAME))

    with served(NAME, monkeypatch, cache):
        slower = load_dataset(NAME, LoadOptions(progress=load_meanwhile))
    assert (slower.train.images == quicker[0].train.images).all()
    assert [path.name for path in _left_over(cache)] == ["verified"]


def test_an_unwritable_cache_is_one_line(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    with (
        served(NAME, monkeypatch, tmp_path / "file" / "cache"),
        pytest.raises(OutputError, match="cannot write"),
    ):
        load_dataset(NAME)


def test_a_full_disk_is_no_fault_of_the_network(monkeypatch: pytest.MonkeyPatch, cache: Path) -> None:
    with (
        served(NAME, monkeypatch, cache),
        _files_of_at_most(1000),
        pytest.raises(OutputError, match=f"cannot write {cache / NAME}: File too large"),
    ):
        load_dataset(NAME)
    assert _left_over(cache) == []


@contextmanager
def _files_of_at_most(size: int) -> Iterator[None]:
    """Let the system refuse to write more than ``size`` bytes to any file, as a full disk does."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
