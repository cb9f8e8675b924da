from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from mnistkit.data import load_dataset
from mnistkit.exceptions import UsageError
from mnistkit.workflows.errors import SORT_CHOICES, ErrorsConfig, find_errors
from tests.support.dataset_folders import make_bars
from tests.support.toys import register, save_constant, save_trained


@pytest.fixture
def trained(toys, tmp_path):
    # So little trained that it still makes misclassifications, of different confidence.
    return str(save_trained(tmp_path / "trained.safetensors", toys, steps=1))


def config(*checkpoints, **changes):
    return ErrorsConfig(tuple(map(str, checkpoints)), device="cpu", precision="fp32", **changes)


@pytest.mark.parametrize("split", ["test", "val", "train"])
def test_all_errors_and_only_misclassifications(toys, constants, split):
    result = find_errors(config(constants[1], split=split))
    data = toys.split(split)
    (section,) = result.sections
    assert section.kind == "wrong" and section.total == len(section.misclassifications) == (data.labels != 1).sum()
    assert {image.index for image in section.misclassifications} == set(data.indices[data.labels != 1].tolist())
    for image in section.misclassifications:
        np.testing.assert_array_equal(image.pixels, data.images[image.place])
        (said,) = image.predictions
        assert said.predicted == 1 and image.label == data.labels[image.place]
        assert said.probabilities.sum() == pytest.approx(1)
        assert said.confidence == pytest.approx(np.e / (np.e + 2))
        assert said.loss == pytest.approx(-np.log(1 / (np.e + 2)))
        assert said.margin == pytest.approx((np.e - 1) / (np.e + 2))


def test_pictures_of_a_folder_have_their_names_and_other_images_none(toys, constants, tmp_path):
    own = make_bars(tmp_path / "own", {"left": 7, "middle": 7, "right": 7})
    images = list(find_errors(config(constants[0], dataset=str(own))).misclassifications)
    test = load_dataset(str(own)).test
    assert {image.path for image in images} == {
        origin.file for origin, label in zip(test.origins, test.labels, strict=True) if label != 0
    }
    for image in images:
        assert Path(image.path).parent == own / toys.classes[image.label]
    assert {image.path for image in find_errors(config(constants[0])).misclassifications} == {None}


@pytest.mark.parametrize("sort", SORT_CHOICES)
def test_the_order_asked_for(trained, sort):
    misclassifications = find_errors(config(trained, sort=sort)).sections[0].misclassifications
    assert len(misclassifications) > 5
    if sort == "index":
        values = [image.index for image in misclassifications]
        assert values == sorted(values)
    else:
        values = [getattr(image.predictions[0], sort) for image in misclassifications]
        assert values == sorted(values, reverse=True) and len(set(values)) > 5


def test_classes_and_limit_choose(toys, constants):
    only = find_errors(config(constants[1], true="left")).sections[0]
    assert only.total == (toys.test.labels == 0).sum() and {m.label for m in only.misclassifications} == {0}
    assert find_errors(config(constants[1], pred="left")).sections[0].total == 0
    limited = find_errors(config(constants[1], true="left", limit=3, sort="index")).sections[0]
    assert limited.total == only.total
    assert [m.index for m in limited.misclassifications] == sorted(m.index for m in only.misclassifications)[:3]


def test_two_models_are_told_apart(toys, constants):
    result = find_errors(config(*constants[:2]))
    labels = toys.test.labels
    found = {(section.kind, section.models): section.total for section in result.sections}
    assert found == {
        ("only", (0,)): (labels == 1).sum(),
        ("only", (1,)): (labels == 0).sum(),
        ("all", (0, 1)): (labels == 2).sum(),
    }
    both = result.sections[-1].misclassifications[0]
    assert [each.model for each in both.predictions] == [0, 1]
    assert [each.predicted for each in both.predictions] == [0, 1]


def test_of_three_some_are_wrong(toys, constants):
    sections = {section.kind: section for section in find_errors(config(*constants)).sections}
    # Whatever the label, exactly two of the three constant models are wrong.
    assert sections["some"].total == len(toys.test) and sections["all"].total == 0


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"true": "up"}, "unknown class 'up'; known: left, middle, right"),
        ({"pred": "lefd"}, "did you mean 'left'"),
        ({"true": "left", "pred": "left"}, "is no error"),
        ({"limit": 0}, "the limit must be at least 1"),
        ({"sort": "losss"}, "did you mean 'loss'"),
    ],
)
def test_wrong_usage(constants, changes, said):
    with pytest.raises(UsageError, match=said):
        find_errors(config(constants[0], **changes))


def test_known_label_errors_are_marked_in_mnists_test_split_only(tmp_path, monkeypatch):
    mnist = load_dataset("mnist")
    few = replace(mnist, test=mnist.test.take(np.array([0, 2, 947, 1901, 2130, 6783])))
    register(monkeypatch, few)
    path = save_constant(tmp_path / "always-1.safetensors", mnist, 1)
    notes = {m.index: m.note for m in find_errors(config(path)).misclassifications if m.note}
    # The model is right about 2 and 6783, whose labels say 1.
    assert notes == {947: "label error: voted 9", 1901: "label error: voted 4", 2130: "ambiguous label"}
    register(monkeypatch, replace(few, train=few.test, validation_size=3))
    assert not any(m.note for m in find_errors(config(path, split="train")).misclassifications)


def test_attribution_maps_point_at_the_ink_and_keep_within_one(trained):
    result = find_errors(config(trained, explain=True, limit=4))
    assert "Sundararajan" in result.explained
    for image in result.sections[0].misclassifications:
        attributions = image.predictions[0].attribution_map
        assert attributions.shape == (28, 28) and np.abs(attributions).max() == pytest.approx(1)
        assert not attributions[image.pixels == 0].any()


def test_a_constant_model_looks_nowhere(constants):
    image = find_errors(config(constants[0], explain=True, limit=1)).sections[0].misclassifications[0]
    assert not image.predictions[0].attribution_map.any()


def test_attributions_add_up_to_what_the_image_changes(toys, trained):
    from mnistkit.data.batches import Normalisation
    from mnistkit.evaluation.attribution import integrated_gradients
    from mnistkit.inference.checkpoints import FoundCheckpoint, load_model

    model = load_model(FoundCheckpoint.read(Path(trained)))
    normalisation = Normalisation(toys.mean, toys.std)
    images = torch.from_numpy(toys.test.images[:3].copy()).unsqueeze(1)
    found = integrated_gradients(model, images, normalisation, [0, 1, 2], [1, 2, 0], batch_size=100, steps=256)
    with torch.no_grad():
        logits = model(normalisation(images)) - model(normalisation(torch.zeros_like(images)))
    rows = torch.arange(3)
    change = logits[rows, [0, 1, 2]] - logits[rows, [1, 2, 0]]
    torch.testing.assert_close(found.sum(dim=(1, 2)), change, rtol=0.02, atol=0.02)
