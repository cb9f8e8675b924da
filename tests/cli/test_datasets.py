from __future__ import annotations

import json
from pathlib import Path

import pytest
from PIL import Image

from mnistkit.data import dataset_names, get_dataset_info
from tests.support.cli import RunCli
from tests.support.dataset_folders import make_classes, make_idx
from tests.support.download_server import served


def test_list(run_cli: RunCli) -> None:
    result = run_cli("datasets")
    assert result.code == 0 and result.err == ""
    for name in dataset_names():
        assert name in result.out
    for text in ("60,000", "shipped", "download 31 MB", "CC BY-SA 3.0", "47"):
        assert text in result.out


def test_list_fits_80_columns(run_cli: RunCli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    lines = run_cli("datasets").out.splitlines()
    assert max(map(len, lines)) <= 80
    for name in dataset_names():
        # What is in a dataset stands below its line, so that neither is broken.
        place = next(i for i, line in enumerate(lines) if line.startswith(f"{name} "))
        assert lines[place + 1] == f"  {get_dataset_info(name).title}"


def test_list_as_json(run_cli: RunCli) -> None:
    result = run_cli("datasets", "--json")
    document = json.loads(result.out)
    assert document["schema"] == "mnistkit/datasets/2"
    assert [each["name"] for each in document["datasets"]] == list(dataset_names())
    fashion = next(each for each in document["datasets"] if each["name"] == "fashion-mnist")
    assert fashion["classes"][-1] == "Ankle boot" and fashion["status"] == "to download"
    assert "arXiv:1708.07747" in fashion["citation"]


def test_json_goes_with_no_subcommand(run_cli: RunCli) -> None:
    result = run_cli("datasets", "--json", "show", "mnist")
    assert result.code == 2 and result.out == ""


def test_fetch_then_listed_as_cached(run_cli: RunCli, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with served("usps", monkeypatch, tmp_path / "cache"):
        first, second = run_cli("datasets", "fetch", "usps"), run_cli("datasets", "fetch", "usps")
    assert first.code == second.code == 0
    assert first.out.startswith("usps downloaded: 40 training and 20 test images in ")
    assert str(tmp_path / "cache" / "usps") in first.out and len(first.out.splitlines()) == 1
    assert "downloading" in first.err and "downloading" not in second.err
    assert second.out.startswith("usps is in the cache")
    (row,) = [line for line in run_cli("datasets").out.splitlines() if line.startswith("usps")]
    assert "cached" in row


def test_fetch_of_what_ships(run_cli: RunCli) -> None:
    result = run_cli("datasets", "fetch", "mnist")
    assert result.code == 0 and result.out.startswith("mnist ships with mnistkit: 60,000 training")


@pytest.mark.parametrize("fault", ["digest", "break", "refused"])
def test_fetch_that_fails_is_one_line_with_a_way_out(
    fault: str, run_cli: RunCli, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with served("kmnist", monkeypatch, tmp_path / "cache") as server:
        name = next(iter(server.files))
        if fault == "digest":
            server.files[name] += b"x"
        elif fault == "break":
            server.faults[name] = "break"
        if fault != "refused":
            result = run_cli("datasets", "fetch", "kmnist")
    if fault == "refused":
        result = run_cli("datasets", "fetch", "kmnist")
    expected = {"digest": "wrong MD5 sum", "break": "connection broke", "refused": "refused"}[fault]
    assert result.code == 1 and result.out == ""
    (error,) = [line for line in result.err.splitlines() if line.startswith("error:")]
    (hint,) = [line for line in result.err.splitlines() if line.startswith("hint:")]
    assert error.startswith("error: cannot download kmnist: ") and expected in error
    assert "by hand" in hint and str(tmp_path / "cache" / "kmnist") in hint
    assert "Traceback" not in result.err
    assert not [path for path in (tmp_path / "cache").rglob("*") if path.is_file()]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("fetch", "fashon-mnist"), "did you mean 'fashion-mnist'"),
        (("fetch", "."), "unknown dataset"),
        (("show", "nmist"), "did you mean 'mnist'"),
        (("show", "mnist", "--split", "tst"), "did you mean 'test'"),
        (("show", "mnist", "--count", "0"), "at least 1"),
        (("show", "mnist", "--count", "many"), "--count takes a whole number"),
        (("show", "mnist", "--out", "grid.xyz"), "one of .png, .pdf, .svg"),
        (("show", "mnist", "--out", "grid"), "no suffix"),
        (("sho",), "did you mean show"),
    ],
)
def test_wrong_usage(arguments: tuple[str, ...], message: str, run_cli: RunCli) -> None:
    result = run_cli("datasets", *arguments)
    assert result.code == 2 and result.out == ""
    assert message in result.err


def test_show_in_the_terminal_and_as_a_picture(run_cli: RunCli, tmp_path: Path) -> None:
    result = run_cli("datasets", "show", "mnist", "--count", "4", "--split", "train", "--out", "grid.png")
    assert result.code == 0
    lines = result.out.splitlines()
    assert lines[0] == "mnist, train split: 4 of 55,000 images"
    captions = [line.split() for line in lines if "#" in line and line.split()[0] in "0123" and "@" not in line]
    assert [caption[::2] for caption in captions] == [["0", "1"], ["2", "3"]]
    assert any("@@" in line for line in lines)
    assert result.err == "wrote grid.png\n"
    with Image.open(tmp_path / "grid.png") as picture:
        assert picture.format == "PNG" and picture.width >= 400


def test_show_of_a_folder_with_a_bad_picture(run_cli: RunCli, tmp_path: Path) -> None:
    folder = make_classes(tmp_path / "digits", {"a": 5, "b": 5})
    (folder / "b" / "3.png").write_bytes(b"broken")
    result = run_cli("datasets", "show", "./digits")
    assert result.code == 1 and "digits/b/3.png is a text, not a picture" in result.err
    assert "--skip-bad" in result.err
    result = run_cli("datasets", "show", "./digits", "--skip-bad")
    assert result.code == 0 and "warning: skipped 1 unreadable of 9" not in result.out
    assert "warning: skipped 1 unreadable of 10 pictures" in result.err


def test_show_to_an_unwritable_place(run_cli: RunCli, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    result = run_cli("datasets", "show", "mnist", "--count", "1", "--out", "file/grid.png")
    assert result.code == 1 and "cannot write file/grid.png" in result.err


def test_pack_is_there_but_hidden(run_cli: RunCli, tmp_path: Path) -> None:
    make_idx(make_idx(tmp_path / "idx", "train", [0, 1, 2]), "t10k", [2, 1])
    result = run_cli("datasets", "pack", "idx", "out.packed")
    assert result.code == 0 and "out.packed" in result.out and (tmp_path / "out.packed").is_file()
    assert run_cli("datasets", "pack", "nowhere", "x").code == 1
    help_page = run_cli("datasets", "--help").out
    assert "fetch" in help_page and "pack" not in help_page
