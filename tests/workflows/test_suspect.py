from dataclasses import replace

import numpy as np
import pytest

from mnistkit.data.base import LabelledImages
from mnistkit.exceptions import DataError, UsageError
from mnistkit.workflows import suspect
from mnistkit.workflows.suspect import EPOCHS, FOLDS, SuspectConfig, find_suspects
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
    [({"split": "test"}, "--split train or val"), ({"checkpoints": ("x",)}, "takes no checkpoint")],
)
def test_wrong_usage(spoiled, changes, said):
    with pytest.raises(UsageError, match=said):
        find_suspects(config(**changes))


def test_a_class_with_one_image_is_named(spoiled, monkeypatch):
    labels = np.zeros(400, dtype=np.int64)
    labels[0], labels[1:200] = 2, 1
    train = LabelledImages(spoiled.train.images, labels, spoiled.train.indices)
    register(monkeypatch, replace(spoiled, train=train))
    with pytest.raises(DataError, match="class 'right' of spoiled has a single training image"):
        find_suspects(config())
