from __future__ import annotations

import json
import os
import shutil
import socket
from pathlib import Path

import pytest
import torchvision.datasets
import torchvision.datasets.utils as torchvision_utils

from mnistkit.data import dataset_names, get_dataset_info, load_dataset, transfer
from mnistkit.data.base import LoadOptions
from mnistkit.exceptions import DownloadError, OutputError
from tests.data.served import CLASS_NAMES, TEST, TRAIN, served

NAME = "fashion-mnist"
FILE = "train-images-idx3-ubyte.gz"


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "cache"


def _left_over(cache: Path) -> list[str]:
    return [path.relative_to(cache).as_posix() for path in cache.rglob("*") if path.is_file()]


def test_every_dataset_but_mnist_is_tested_here() -> None:
    assert set(dataset_names()) - {"mnist"} == set(CLASS_NAMES)


@pytest.mark.parametrize("name", CLASS_NAMES)
def test_downloads_once_and_reads(name: str, monkeypatch: pytest.MonkeyPatch, cache: Path) -> None:
    with served(name, monkeypatch, cache) as server:
        info = get_dataset_info(name)
        assert info.status() == "to download"
        dataset = load_dataset(name)
        assert info.status() == "cached"
        requests = len(server.requests)
        assert requests
        again = load_dataset(name)
        assert len(server.requests) == requests
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
        requests = len(server.requests)
        assert len(load_dataset("emnist-letters").classes) == 26
        assert len(load_dataset("emnist-balanced").classes) == 47
        assert len(server.requests) == requests
    kept = _left_over(cache)
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
    monkeypatch: pytest.MonkeyPatch, cache: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    reports: list[tuple[int, int, str]] = []
    before = torchvision_utils.tqdm
    with served(NAME, monkeypatch, cache) as server:
        load_dataset(NAME, LoadOptions(progress=lambda *report: reports.append(report)))
        total = sum(len(content) for content in server.files.values())
    done = [report[0] for report in reports]
    assert done == sorted(done) and done[-1] == total
    assert reports[-1] == (total, total, "bytes")
    assert all(report[1] >= report[0] for report in reports)
    assert capsys.readouterr() == ("", "")
    assert torchvision_utils.tqdm is before


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
        server.breaking.add(file)
        size = len(server.files[file])
        with pytest.raises(DownloadError, match=rf"broke after {size // 2:,} of {size:,} bytes"):
            load_dataset(name)
        assert _left_over(cache) == []
        server.breaking.clear()
        assert len(load_dataset(name).train)


def test_a_server_that_goes_silent(monkeypatch: pytest.MonkeyPatch, cache: Path) -> None:
    monkeypatch.setattr(transfer, "TIMEOUT", 0.3)
    with served(NAME, monkeypatch, cache) as server:
        server.hanging.add(FILE)
        with pytest.raises(DownloadError, match="the connection broke after"):
            load_dataset(NAME)
    assert socket.getdefaulttimeout() is None
    assert _left_over(cache) == []


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


def test_files_put_by_hand_are_used_without_network(monkeypatch: pytest.MonkeyPatch, cache: Path) -> None:
    home = cache / NAME
    home.mkdir(parents=True)
    with served(NAME, monkeypatch, cache) as server:
        for name, content in server.files.items():
            (home / name).write_bytes(content)
    assert len(load_dataset(NAME, LoadOptions(download=False)).train) == TRAIN
    assert server.requests == []
    assert (home / FILE).read_bytes() == server.files[FILE]


def test_a_wrong_file_put_by_hand_is_named_and_downloaded(monkeypatch: pytest.MonkeyPatch, cache: Path) -> None:
    home, warnings = cache / NAME, []
    home.mkdir(parents=True)
    (home / FILE).write_bytes(b"something else")
    with served(NAME, monkeypatch, cache):
        load_dataset(NAME, LoadOptions(warn=warnings.append))
    assert warnings == [f"{home / FILE} has the wrong MD5 sum and is not used"]
    assert (home / FILE).read_bytes() == b"something else"


def test_without_leave_to_download(monkeypatch: pytest.MonkeyPatch, cache: Path) -> None:
    with served(NAME, monkeypatch, cache) as server:
        with pytest.raises(DownloadError, match="not in the cache") as caught:
            load_dataset(NAME, LoadOptions(download=False))
        assert server.requests == []
    assert caught.value.hint == f"mnistkit datasets fetch {NAME}"


@pytest.mark.parametrize("damage", ["flip", "truncate", "remove", "manifest"])
def test_a_damaged_cache_heals(damage: str, monkeypatch: pytest.MonkeyPatch, cache: Path) -> None:
    with served(NAME, monkeypatch, cache):
        first = load_dataset(NAME)
        verified = get_dataset_info(NAME).location()
        victim = verified / "FashionMNIST" / "raw" / "train-images-idx3-ubyte"
        content = victim.read_bytes()
        if damage == "flip":
            victim.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
        elif damage == "truncate":
            victim.write_bytes(content[:1000])
        elif damage == "remove":
            victim.unlink()
        else:
            (verified / "checksums.json").write_text(json.dumps([1]))
        healed = load_dataset(NAME)
    assert (healed.train.images == first.train.images).all()


def test_a_second_process_that_was_quicker_does_no_harm(monkeypatch: pytest.MonkeyPatch, cache: Path) -> None:
    from mnistkit.data import download

    finish = download._finish

    def finish_second(source: download.TorchvisionSource, root: Path) -> None:
        finish(source, root)
        shutil.copytree(root, source.verified)

    with served(NAME, monkeypatch, cache):
        monkeypatch.setattr(download, "_finish", finish_second)
        assert len(load_dataset(NAME).train) == TRAIN
    assert [path.name for path in (cache / NAME).iterdir()] == ["verified"]


def test_an_unwritable_cache_is_one_line(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    with (
        served(NAME, monkeypatch, tmp_path / "file" / "cache"),
        pytest.raises(OutputError, match="cannot write"),
    ):
        load_dataset(NAME)


def test_a_full_disk_is_no_fault_of_the_network(monkeypatch: pytest.MonkeyPatch, cache: Path) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    with served(NAME, monkeypatch, cache):
        monkeypatch.setattr(torchvision_utils, "_urlretrieve", full)
        with pytest.raises(OutputError, match="No space left on device"):
            load_dataset(NAME)
    assert _left_over(cache) == []


def test_abandoned_downloads_are_removed_after_a_day(monkeypatch: pytest.MonkeyPatch, cache: Path) -> None:
    old, new = cache / NAME / ".download-old", cache / NAME / ".download-new"
    for folder in (old, new):
        folder.mkdir(parents=True)
    os.utime(old, (1e9, 1e9))
    with served(NAME, monkeypatch, cache):
        load_dataset(NAME)
    assert not old.exists() and new.exists()


def test_torchvision_prints_are_kept_off_standard_output(capsys: pytest.CaptureFixture[str]) -> None:
    from mnistkit.data.transfer import Transfer, show_transfers

    with show_transfers(Transfer(0, lambda *_: None)):
        print("Downloading ...")
    assert capsys.readouterr().out == ""
