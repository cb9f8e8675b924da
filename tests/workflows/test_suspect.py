from dataclasses import replace

import numpy as np
import pytest

from mnistkit.data import load_dataset
from mnistkit.data.base import LabelledImages, LoadOptions
from mnistkit.exceptions import DataError, UsageError
from mnistkit.workflows import suspect
from mnistkit.workflows.suspect import EPOCHS, FOLDS, SuspectConfig, find_suspects
from tests.support.dataset_folders import make_bars
from tests.support.toys import register, toy_dataset

SPOILED = (3, 77, 200, 333)


@pytest.fixture
def spoiled(monkeypatch):
    """Clear pictures, of which four have a wrong label."""
    clean = toy_dataset("spoiled", ("left", "middle", "right"))
    labels = clean.train.labels.copy()
    labels[list(SPOILED)] = (labels[list(SPOILED)] + 1) % 3
    train = LabelledImages(clean.train.images, labels, clean.train.indices)
    monkeypatch.setattr(suspect, "_LEAST_STEPS", 30)
    return register(monkeypatch, replace(clean, train=train))


def config(**changes):
    return SuspectConfig(dataset="spoiled", device="cpu", precision="fp32", **changes)


def test_finds_the_labels_that_were_changed_and_shows_why(spoiled):
    calls, lines = [], []
    result = find_suspects(config(explain=True, progress=lambda *call: calls.append(call)), lines.append)
    assert {image.index for image in result.misclassifications} == set(SPOILED) & set(
        spoiled.split("train").indices
    )
    for image in result.misclassifications:
        (said,) = image.predictions
        assert said.predicted == (image.label - 1) % 3
        assert np.abs(said.attribution_map).max() == pytest.approx(1)
    facts = result.cross_validation
    assert (facts.architecture, facts.folds, facts.images) == ("lenet5", FOLDS, 400)
    assert calls[-1][0] == calls[-1][1] and all(done <= total for done, total, _ in calls)
    assert "each on the images of 3 of 4 parts" in lines[0]


@pytest.mark.parametrize(("least", "epochs"), [(1, EPOCHS), (6, EPOCHS), (7, 4), (50, 25)])
def test_few_images_are_seen_more_often(spoiled, monkeypatch, least, epochs):
    monkeypatch.setattr(suspect, "_LEAST_STEPS", least)
    # Each model learns from 300 images: two steps of 128.
    assert suspect._setup(config(), spoiled, folds=4).recipe.epochs == epochs


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"split": "test"}, "--split train or val"),
        ({"split": "all"}, "--split train or val"),
        ({"split": "tset"}, "unknown split 'tset'"),
        ({"checkpoints": ("x",)}, "takes no checkpoint"),
    ],
)
def test_wrong_usage(spoiled, changes, said):
    with pytest.raises(UsageError, match=said):
        find_suspects(config(**changes))


MISFILED = ("left/3.png", "middle/11.png", "right/7.png")


@pytest.fixture(scope="module")
def own(tmp_path_factory):
    """A folder of pictures of which three are filed under a wrong class."""
    return make_bars(tmp_path_factory.mktemp("own"), {"left": 40, "middle": 40, "right": 40}, MISFILED)


def of_folder(folder, monkeypatch, **changes):
    monkeypatch.setattr(suspect, "_LEAST_STEPS", 40)
    return find_suspects(
        SuspectConfig(
            dataset=str(folder), device="cpu", precision="fp32", load=LoadOptions(preparation="tile"), **changes
        )
    )


def test_every_picture_of_a_folder_is_examined_and_named(own, monkeypatch):
    result = of_folder(own, monkeypatch)
    assert (result.split, result.n, result.cross_validation.images) == ("all", 120, 120)
    assert {image.path for image in result.misclassifications} == {str(own / name) for name in MISFILED}
    dataset = load_dataset(str(own), LoadOptions(preparation="tile", undivided=True))
    for image in result.misclassifications:
        np.testing.assert_array_equal(image.pixels, dataset.split("all").images[image.place])


def test_two_pictures_of_a_class_are_enough(monkeypatch, tmp_path):
    own = make_bars(tmp_path / "own", {"left": 2, "middle": 3, "right": 3})
    result = of_folder(own, monkeypatch)
    assert (result.n, result.cross_validation.folds) == (8, 2)


@pytest.mark.parametrize("split", ["train", "val", "test"])
def test_one_split_of_a_folder_is_a_part_of_what_is_found_in_all(own, monkeypatch, split):
    part = load_dataset(str(own), LoadOptions(preparation="tile")).split(split)
    result = of_folder(own, monkeypatch, split=split)
    found = {image.path for image in result.misclassifications}
    assert (result.n, result.cross_validation.images) == (len(part), 120)
    assert found == {str(own / name) for name in MISFILED} & {origin.file for origin in part.origins}


def test_a_class_with_one_image_is_named(spoiled, monkeypatch):
    labels = np.zeros(400, dtype=np.int64)
    labels[0], labels[1:200] = 2, 1
    train = LabelledImages(spoiled.train.images, labels, spoiled.train.indices)
    register(monkeypatch, replace(spoiled, train=train))
    with pytest.raises(DataError, match="class 'right' of spoiled has a single training image"):
        find_suspects(config())
