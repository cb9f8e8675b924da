from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from mnistkit.data import load_dataset, user_folder
from mnistkit.data.base import Dataset, LoadOptions, SplitShares
from mnistkit.exceptions import DataError, UnknownNameError, UsageError
from mnistkit.own_figures import METADATA
from mnistkit.preparation import Preparation
from tests.support.dataset_folders import level, make_classes, make_idx

TILE = Preparation("tile")


def centres(dataset: Dataset) -> list[int]:
    return sorted([*dataset.train.images[:, 14, 14].tolist(), *dataset.test.images[:, 14, 14].tolist()])


def test_a_folder_of_classes(tmp_path: Path) -> None:
    folder = make_classes(tmp_path / "digits", {"zero": 7, "one": 14})
    dataset = load_dataset(str(folder))
    assert dataset.name == str(folder)
    assert dataset.classes == ("one", "zero")
    assert (len(dataset.train), len(dataset.test)) == (18, 3)
    assert np.bincount(dataset.test.labels).tolist() == [2, 1]
    assert centres(dataset) == sorted([level(0, i) for i in range(7)] + [level(1, i) for i in range(14)])
    assert sorted([*dataset.train.indices, *dataset.test.indices]) == list(range(21))
    assert np.bincount(dataset.split("val").labels).tolist() == [1, 1]
    again = load_dataset(str(folder), LoadOptions(workers=1))
    assert (again.train.images == dataset.train.images).all()


def test_train_and_test_folders(tmp_path: Path) -> None:
    make_classes(tmp_path / "d" / "train", {"a": 4, "b": 5})
    make_classes(tmp_path / "d" / "test", {"a": 1, "b": 2})
    dataset = load_dataset(str(tmp_path / "d"))
    assert (len(dataset.train), len(dataset.test), dataset.classes) == (9, 3, ("a", "b"))
    assert dataset.test.labels.tolist() == [0, 1, 1]


def test_train_folder_alone_is_split(tmp_path: Path) -> None:
    make_classes(tmp_path / "d" / "train", {"a": 7, "b": 7})
    assert len(load_dataset(str(tmp_path / "d")).test) == 2


def test_classes_called_train_and_bus_are_classes(tmp_path: Path) -> None:
    folder = make_classes(tmp_path / "d", {"bus": 4, "train": 4})
    assert load_dataset(str(folder)).classes == ("bus", "train")


def test_natural_order_of_many_classes(tmp_path: Path) -> None:
    names = ["1", "2", "10", "20", "a2", "a10", "B"]
    folder = make_classes(tmp_path / "d", dict.fromkeys(reversed(names), 3))
    dataset = load_dataset(str(folder))
    assert dataset.classes == tuple(names)
    assert set(dataset.train.labels.tolist()) == set(dataset.test.labels.tolist()) == set(range(7))


def test_hidden_and_other_files_are_left_out_and_nested_ones_found(tmp_path: Path) -> None:
    folder = make_classes(tmp_path / "d", {"a": 3, "b": 3})
    for name in ("a/notes.txt", "a/Thumbs.db", "a/.hidden.png", ".git/x.png", "a/.cache/x.png", "readme.png"):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text("no picture")
    (folder / "b" / "more").mkdir()
    Image.new("L", (28, 28), 1).save(folder / "b" / "more" / "LAST.PNG")
    about = PngInfo()
    for name, text in METADATA[".png"].items():
        about.add_text(name, text)
    Image.new("L", (28, 28), 1).save(folder / "b" / "explained.png", pnginfo=about)
    dataset = load_dataset(str(folder))
    assert dataset.classes == ("a", "b") and len(dataset.train) + len(dataset.test) == 7


def test_dark_ink_on_light_paper_is_inverted(tmp_path: Path) -> None:
    light = load_dataset(str(make_classes(tmp_path / "light", {"a": 4, "b": 4}, paper=255)))
    dark = load_dataset(str(make_classes(tmp_path / "dark", {"a": 4, "b": 4}, paper=0)))
    assert light.train.images[:, 0, 0].max() == light.test.images[:, 0, 0].max() == 0
    assert light.train.images[0, 14, 14] == 255 - dark.train.images[0, 14, 14]


def test_normalisation_and_validation_size_are_computed(tmp_path: Path) -> None:
    dataset = load_dataset(str(make_classes(tmp_path / "d", {"a": 30, "b": 30})))
    pixels = dataset.train.images / 255
    assert dataset.mean == pytest.approx(pixels.mean()) and dataset.std == pytest.approx(pixels.std())
    assert dataset.validation_size == round(len(dataset.train) / 12)


def test_blank_pictures_do_not_divide_by_zero(tmp_path: Path) -> None:
    for name in "ab":
        (tmp_path / "d" / name).mkdir(parents=True)
        for number in range(3):
            Image.new("L", (9, 9), 0).save(tmp_path / "d" / name / f"{number}.png")
    assert load_dataset(str(tmp_path / "d")).std == 1


def test_faults_of_the_layout(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    make_classes(tmp_path, {"flat": 4})
    make_classes(tmp_path / "one", {"a": 5})
    make_classes(tmp_path / "hollow", {"a": 5, "b": 0, "c": 5})
    make_classes(tmp_path / "few", {"a": 5, "b": 2})
    make_classes(tmp_path / "differ" / "train", {"a": 5, "b": 5})
    make_classes(tmp_path / "differ" / "test", {"a": 5, "c": 5})
    make_classes(tmp_path / "extra" / "train", {"a": 5, "b": 5})
    make_classes(tmp_path / "extra" / "val", {"a": 5})
    messages = {
        "empty": "empty has no images",
        "flat": "flat holds 4 pictures, but no folder of pictures for each class",
        "one": "one has only one class, 'a'",
        "hollow": "hollow/b has no images",
        "few": "few has too few images of class 'b': 2, where 3 are needed",
        "differ": "class 'b' is missing in .*differ/test",
        "extra": "extra has the folder 'val' beside 'train'",
    }
    for name, message in messages.items():
        with pytest.raises(DataError, match=message) as caught:
            load_dataset(str(tmp_path / name))
        assert "\n" not in caught.value.message


def test_pictures_without_classes_can_be_read_or_sorted(tmp_path: Path) -> None:
    make_classes(tmp_path, {"flat": 1})
    with pytest.raises(DataError, match="flat holds 1 picture, but") as caught:
        load_dataset(str(tmp_path / "flat"))
    assert caught.value.hint
    assert f"mnistkit predict {tmp_path / 'flat'}" in caught.value.hint
    assert "a folder named after its class" in caught.value.hint


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UnknownNameError, match="no such folder: "):
        load_dataset(str(tmp_path / "nowhere"))


def test_a_bad_picture_is_named_or_skipped_with_a_count(tmp_path: Path) -> None:
    folder = make_classes(tmp_path / "d", {"a": 5, "b": 5})
    for name in ("2", "4"):
        (folder / "b" / f"{name}.png").write_bytes(b"broken")
    with pytest.raises(DataError, match=r"b/2\.png is a text, not a picture"):
        load_dataset(str(folder))
    warnings: list[str] = []
    dataset = load_dataset(str(folder), LoadOptions(skip_bad=True, warn=warnings.append))
    assert len(dataset.train) + len(dataset.test) == 8
    assert sorted([*dataset.train.indices, *dataset.test.indices]) == [0, 1, 2, 3, 4, 5, 6, 8]
    assert len(warnings) == 1 and warnings[0].startswith("skipped 2 unreadable of 10 pictures")
    for path in (folder / "b").iterdir():
        path.write_bytes(b"broken")
    with pytest.raises(DataError, match=r"no picture in .*b can be read"):
        load_dataset(str(folder), LoadOptions(skip_bad=True))


@pytest.mark.parametrize("has_test", [False, True])
def test_how_pictures_are_prepared_is_judged_by_the_training_pictures_alone(
    has_test: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = make_classes(tmp_path / "d" / "train", {"a": 9, "b": 9}).parent
    if has_test:
        make_classes(folder / "test", {"a": 2, "b": 2})
    looked_at: list[str] = []

    def choose(paths: Sequence[Path], kind: str) -> tuple[Preparation, str]:
        looked_at.extend(map(str, paths))
        return Preparation("tile"), "a test"

    monkeypatch.setattr(user_folder, "choose_for_pictures", choose)
    dataset = load_dataset(str(folder))
    assert sorted(looked_at) == sorted(origin.file for origin in dataset.train.origins)
    assert len(looked_at) == (18 if has_test else 15)


@pytest.mark.parametrize("suffix", ["", ".gz"])
def test_a_folder_of_idx_files(suffix: str, tmp_path: Path) -> None:
    folder = make_idx(tmp_path / "idx", "train", [0, 1, 2] * 5, suffix=suffix)
    make_idx(folder, "t10k", [2, 1], suffix=suffix)
    dataset = load_dataset(str(folder))
    assert dataset.classes == ("0", "1", "2")
    assert (len(dataset.train), dataset.test.labels.tolist()) == (15, [2, 1])


def test_training_idx_files_alone_are_split(tmp_path: Path) -> None:
    dataset = load_dataset(str(make_idx(tmp_path / "idx", "train", [0, 1] * 14)))
    assert (len(dataset.train), len(dataset.test)) == (24, 4)


def test_faults_of_idx_folders(tmp_path: Path) -> None:
    make_idx(tmp_path / "size", "train", [0, 1] * 5, size=20)
    make_idx(tmp_path / "none", "train", [])
    make_idx(tmp_path / "one", "train", [3] * 5)
    make_idx(tmp_path / "testonly", "t10k", [0, 1] * 5)
    make_idx(make_idx(tmp_path / "unknown", "train", [0, 1] * 5), "t10k", [2])
    make_idx(tmp_path / "cut", "train", [0, 1] * 5)
    cut = tmp_path / "cut" / "train-images-idx3-ubyte"
    cut.write_bytes(cut.read_bytes()[:-1])
    messages = {
        "size": "train-images-idx3-ubyte holds images of 20x20 pixels, not 28x28",
        "none": "train-images-idx3-ubyte holds no images",
        "one": "one has only one class, '3'",
        "testonly": "testonly has no train-images-idx3-ubyte",
        "unknown": "test images of class '2', but no training images",
        "cut": "train-images-idx3-ubyte is cut short",
    }
    for name, message in messages.items():
        with pytest.raises(DataError, match=message):
            load_dataset(str(tmp_path / name))


def read_for(folder: Path, *classes: str, **options: object) -> Dataset:
    return load_dataset(str(folder), LoadOptions(preparation=TILE, classes=classes, **options))


def test_a_folder_is_read_for_a_model_with_more_classes(tmp_path: Path) -> None:
    folder = make_classes(tmp_path / "d", {"c": 14, "a": 7})
    own = load_dataset(str(folder), LoadOptions(preparation=TILE))
    (folder / "notes").mkdir()
    known = read_for(folder, "d", "c", "b", "a")
    assert known.classes == own.classes == ("a", "c")
    # Whatever else the model knows, it is not measured on what it would have learnt from.
    for split in ("train", "val", "test"):
        assert own.split(split).origins == known.split(split).origins
        assert own.split(split).labels.tolist() == known.split(split).labels.tolist()


def test_one_picture_is_enough_if_nothing_is_divided(tmp_path: Path) -> None:
    folder = make_classes(tmp_path / "d", {"b": 1})
    assert read_for(folder, "a", "b", undivided=True).split("all").labels.tolist() == [0]
    with pytest.raises(DataError, match="too few images of class 'b': 1, where 3 are needed") as caught:
        read_for(folder, "a", "b")
    assert caught.value.hint == "--split all measures on every image"


def test_all_images_of_a_folder_with_a_test_of_its_own(tmp_path: Path) -> None:
    make_classes(tmp_path / "d" / "train", {"a": 2, "b": 1})
    make_classes(tmp_path / "d" / "test", {"b": 2, "c": 1})
    everything = read_for(tmp_path / "d", "a", "b", "c", undivided=True).split("all")
    assert everything.labels.tolist() == [0, 0, 1, 1, 1, 2]
    assert len(set(everything.indices.tolist())) == 6
    assert [Path(origin.file).parent.parent.name for origin in everything.origins] == ["train"] * 3 + ["test"] * 3


def test_classes_that_a_model_does_not_know(tmp_path: Path) -> None:
    folder = make_classes(tmp_path / "d", {"a": 3, "b": 3, "c": 3})
    with pytest.raises(
        DataError, match=r"d has the class 'b' and 1 more, which the model does not know: it knows a, x"
    ):
        read_for(folder, "a", "x")
    idx = make_idx(tmp_path / "idx", "train", [0, 2] * 5)
    with pytest.raises(DataError, match="the class '2', which the model does not know: it knows 0, 1"):
        read_for(idx, "0", "1")


def test_idx_files_with_some_of_the_classes_of_a_model(tmp_path: Path) -> None:
    folder = make_idx(tmp_path / "idx", "train", [0, 0, 2, 2, 2])
    make_idx(folder, "t10k", [2, 0])
    assert read_for(folder, "two", "2", "0").test.labels.tolist() == [2, 0]


@pytest.mark.parametrize(
    ("shares", "sizes"), [("80/10/10", (32, 4, 4)), ("50/25/25", (20, 10, 10)), ("1/1/98", (2, 2, 36))]
)
def test_shares_of_the_splits(shares: str, sizes: tuple[int, int, int], tmp_path: Path) -> None:
    folder = make_classes(tmp_path / "d", {"a": 20, "b": 20})
    dataset = load_dataset(str(folder), LoadOptions(shares=SplitShares.parse(shares)))
    parts = [dataset.split(name) for name in ("train", "val", "test")]
    assert tuple(map(len, parts)) == sizes
    assert sorted(place for part in parts for place in part.indices.tolist()) == list(range(40))


def test_shares_of_a_folder_with_test_images_of_its_own(tmp_path: Path) -> None:
    folder = make_classes(tmp_path / "d" / "train", {"a": 10, "b": 10}).parent
    with pytest.raises(DataError, match="has no test images of its own: the split shares 75/25/0 do not suit it"):
        load_dataset(str(folder), LoadOptions(shares=SplitShares(75, 25, 0)))
    make_classes(folder / "test", {"a": 1, "b": 2})
    dataset = load_dataset(str(folder), LoadOptions(shares=SplitShares(75, 25, 0)))
    assert [len(dataset.split(name)) for name in ("train", "val", "test")] == [15, 5, 3]
    with pytest.raises(DataError, match="has test images of its own") as caught:
        load_dataset(str(folder), LoadOptions(shares=SplitShares(80, 10, 10)))
    assert caught.value.hint == "for example: --split-shares 90/10/0"


@pytest.mark.parametrize(
    "text", ["80", "80/20", "80/10/11", "0/50/50", "90/0/10", "-5/100/5", "a/b/c", "8e1/10/10"]
)
def test_shares_that_are_none(text: str) -> None:
    with pytest.raises(UsageError, match="split shares"):
        SplitShares.parse(text)
