"""The Recogniser with a backend of a few lines: what it asks of the model, and what it makes of the logits."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mnistkit.data import load_dataset
from mnistkit.exceptions import CheckpointError, PictureError, UsageError
from mnistkit.imaging.limits import Limits
from mnistkit.imaging.prepared import Finding
from mnistkit.inference.answers import Answer, Failure, Verdict
from mnistkit.inference.checkpoints import FoundCheckpoint
from mnistkit.inference.recogniser import Recogniser
from mnistkit.preparation import Preparation
from tests.support.brightness import INFO, Brightness, prepared, recogniser
from tests.support.pictures import encoded, page, two_digits


def test_logits_become_calibrated_answers() -> None:
    answers = recogniser().answers(["a", "b", "c"], [prepared(0), prepared(4), prepared(60)])
    assert [each.name for each in answers] == ["a", "b", "c"]
    assert [each.verdict for each in answers] == [Verdict.DIGIT, Verdict.UNSURE, Verdict.DIGIT]
    assert [each.digit for each in answers] == ["low", None, "high"]
    powers = np.exp(np.array([4.0, 0.0, -40.0]) / 2.0)
    assert answers[0].probability == pytest.approx(powers[0] / powers.sum())
    assert [name for name, _ in answers[2].ranking] == ["high", "middle", "low"]


def test_equal_probabilities_keep_the_order_of_the_classes() -> None:
    (answer,) = recogniser().answers(["a"], [prepared(4)])
    assert [name for name, _ in answer.ranking] == ["low", "middle", "high"]


@pytest.mark.parametrize("finding", [Finding.NOTHING, Finding.SEVERAL, Finding.NOT_A_DIGIT])
def test_what_the_ink_says_comes_before_the_model(finding: Finding) -> None:
    (answer,) = recogniser().answers(["a"], [prepared(200, finding)])
    assert (answer.verdict.value, answer.digit) == (finding.value, None)
    assert bool(answer.ranking) == (finding is Finding.NOT_A_DIGIT)


def test_failures_stay_in_their_places_and_cost_the_model_nothing() -> None:
    model = recogniser()
    error = PictureError("b is empty")
    first, second, third = model.answers(["a", "b", "c"], [prepared(0), error, prepared(60)])
    assert isinstance(first, Answer) and isinstance(third, Answer)
    assert second == Failure("b", error)
    assert [len(tiles) for tiles in model.backend.given] == [2]


def test_nothing_but_failures_is_fine() -> None:
    (failure,) = recogniser().answers(["b"], [PictureError("b is empty")])
    assert isinstance(failure, Failure)


def test_pictures_are_prepared_as_the_checkpoint_says() -> None:
    pixels = np.full((28, 28), 200, dtype=np.uint8)
    content = encoded(Image.fromarray(pixels), "PNG")
    for kind, expected in ((Preparation("tile"), 200), (Preparation("whole", inverted=True), 55)):
        model = recogniser(preparation=kind)
        model.read(content)
        assert (model.backend.given[0] == expected).all()
    ink = recogniser()
    assert ink.read(content).verdict is Verdict.NOTHING
    assert ink.read(encoded(two_digits(), "PNG")).verdict is Verdict.SEVERAL


def test_steps_are_kept_only_where_they_are_wanted() -> None:
    content = encoded(page(), "PNG")
    assert recogniser().read(content).picture.steps == ()
    steps = recogniser().read(content, keep_steps=True).picture.steps
    assert (steps[0].name, steps[-1].name) == ("original", "tile")


def test_any_number_of_pictures_in_order() -> None:
    tiles = load_dataset("mnist").test.images[:70]
    model = recogniser()
    answers = model.read_all(tiles)
    assert len(answers) == 70
    for answer, tile in zip(answers, tiles, strict=True):
        assert isinstance(answer, Answer)
        np.testing.assert_array_equal(answer.picture.tile, tile)
    assert max(len(given) for given in model.backend.given) <= 32


def test_limits_are_the_callers() -> None:
    checkpoint = FoundCheckpoint(Path("model.safetensors"), INFO)
    strict = Recogniser(checkpoint, Brightness(), limits=Limits(file_bytes=10**6, pixels=50 * 50))
    with pytest.raises(PictureError, match="is too large"):
        strict.read(encoded(page(), "PNG"))
    assert isinstance(strict.read(load_dataset("mnist").test.images[0]), Answer)


def test_outputs_that_are_no_numbers_are_never_an_answer() -> None:
    model = recogniser()
    model.backend.logits = lambda tiles: np.full((len(tiles), 3), np.nan, np.float32)
    with pytest.raises(CheckpointError, match="outputs are not finite numbers"):
        model.answers(["a"], [prepared(0)])


def test_a_checkpoint_for_other_sizes_is_refused() -> None:
    with pytest.raises(CheckpointError, match="for pictures of 32x48; they are made 28x28 here"):
        recogniser(input_size=(48, 32))


@pytest.mark.parametrize("one", ["photo.jpg", b"photo", Path("photo.jpg")])
def test_one_picture_is_not_taken_for_several(one: object) -> None:
    with pytest.raises(UsageError, match="takes several pictures"):
        recogniser().read_all(one)
