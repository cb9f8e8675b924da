"""What a model learns from, is measured on and is given is prepared by one function: the same bytes everywhere."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageDraw

from mnistkit.checkpoint import read_info
from mnistkit.data import load_dataset
from mnistkit.data.base import Dataset, LoadOptions
from mnistkit.exceptions import InterruptedRunError, OutputError
from mnistkit.inference.answers import Answer
from mnistkit.inference.calibration import calibrate
from mnistkit.preparation import INK, Preparation
from mnistkit.workflows.bundle import BundleConfig, bundle
from mnistkit.workflows.evaluate import EvaluateConfig, evaluate
from mnistkit.workflows.inputs import InferenceConfig, open_inputs
from mnistkit.workflows.inputs import run_checkpoint as logits_of
from mnistkit.workflows.predict import PredictConfig, open_run
from mnistkit.workflows.train import train
from mnistkit.workflows.train_config import TrainConfig
from tests.support.cli import RunCli
from tests.support.pictures import page

CLASSES = ("circle", "cross", "stroke")


def drawn(kind: str, number: int, size: int = 240) -> Image.Image:
    """A shape in dark ink, of another size and at another place on each page."""
    rng = np.random.default_rng([CLASSES.index(kind), number])
    picture = Image.new("L", (size, size), 250)
    draw, width = ImageDraw.Draw(picture), int(rng.integers(7, 14))
    radius = int(rng.integers(30, 60))
    x, y = rng.integers(radius + 20, size - radius - 20, 2).tolist()
    box = (x - radius, y - radius, x + radius, y + radius)
    if kind == "circle":
        draw.ellipse(box, outline=20, width=width)
    elif kind == "stroke":
        draw.line((x, y - radius, x + radius // 3, y + radius), fill=20, width=width)
    else:
        draw.line(box, fill=20, width=width)
        draw.line((x - radius, y + radius, x + radius, y - radius), fill=20, width=width)
    return picture


def clothes(kind: str, number: int) -> Image.Image:
    """No ink: textures and areas that fill the picture, light on dark."""
    rng = np.random.default_rng([7, CLASSES.index(kind), number])
    y, x = np.mgrid[0:90, 0:70] / 90
    wave = {"circle": x + y, "cross": x - y, "stroke": x * x}[kind]
    pixels = 90 + 60 * np.sin(25 * wave + rng.uniform(0, 6)) + rng.normal(0, 12, wave.shape)
    return Image.fromarray(pixels.clip(0, 255).astype(np.uint8))


def tile(kind: str, number: int) -> Image.Image:
    """28x28 pixels that are not made as MNIST's are: what they show fills them, dark on light."""
    return clothes(kind, number).resize((28, 28)).point(lambda level: 255 - level // 3)


def write(folder: Path, picture: Callable[[str, int], Image.Image], count: int = 14) -> Path:
    for kind in CLASSES:
        (folder / kind).mkdir(parents=True)
        for number in range(count):
            picture(kind, number).save(folder / kind / f"{number}.png")
    return folder


KINDS = {
    "ink": (drawn, INK),
    "whole": (clothes, Preparation("whole")),
    "tile": (tile, Preparation("tile", inverted=True)),
}


def trained(folder: Path, out: Path = Path("run"), **changes: Any) -> Path:
    config = TrainConfig(
        architecture="lenet5",
        dataset=str(folder),
        changes=(("a test", {"epochs": 8, "batch_size": 8, "learning_rate": 2e-3}),),
        device="cpu",
        out=out,
        load=LoadOptions(**changes),
    )
    return train(config).checkpoint


def answers(checkpoint: Path, folder: Path) -> dict[str, Answer]:
    config = PredictConfig((str(folder),), checkpoint=str(checkpoint), device="cpu", keep_steps=True)
    found = [each for each in open_run(config).results() if isinstance(each, Answer)]
    return {each.name: each for each in found}


@dataclass(frozen=True)
class Case:
    """Pictures of one kind, and what became of them.

    Attributes:
        preparation: The one that suits them.
        dataset: What the folder is read as.
        checkpoint: A model that learnt from it.
        predicted: What the model answers about each file.
    """

    preparation: Preparation
    dataset: Dataset
    checkpoint: Path
    predicted: dict[str, Answer]


@pytest.fixture(scope="module", params=KINDS)
def case(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Case:
    picture, preparation = KINDS[request.param]
    home = tmp_path_factory.mktemp(request.param)
    folder = write(home / "own", picture)
    checkpoint = trained(folder, home / "run")
    return Case(preparation, load_dataset(str(folder)), checkpoint, answers(checkpoint, folder))


def test_every_way_gives_the_model_the_same_bytes(case: Case) -> None:
    assert case.dataset.preparation == read_info(case.checkpoint).preparation == case.preparation
    predicted, seen = case.predicted, 0
    for split in ("train", "val", "test"):
        learnt = case.dataset.split(split)
        inputs = open_inputs(InferenceConfig((str(case.checkpoint),), split=split, device="cpu"))
        assert inputs.data.origins == learnt.origins
        for place, origin in enumerate(learnt.origins):
            answer = predicted[origin.file]
            np.testing.assert_array_equal(inputs.images[0][place, 0].numpy(), learnt.images[place])
            np.testing.assert_array_equal(answer.picture.tile, learnt.images[place])
            assert answer.picture.steps[-1].name == "tile"
            np.testing.assert_array_equal(answer.picture.steps[-1].image, learnt.images[place])
            seen += 1
    assert seen == len(predicted) == 14 * len(CLASSES)


def test_evaluate_counts_what_predict_answers(case: Case) -> None:
    for split in ("train", "test"):
        (row,) = evaluate(EvaluateConfig((str(case.checkpoint),), split=split, device="cpu")).models
        data = case.dataset.split(split)
        pairs = [
            (case.predicted[origin.file], CLASSES[label])
            for origin, label in zip(data.origins, data.labels.tolist(), strict=True)
        ]
        assert row.answers is not None
        assert row.answers.right == sum(answer.digit == label for answer, label in pairs)
        assert row.answers.wrong == sum(answer.digit not in (None, label) for answer, label in pairs)
        assert row.answers.refused == sum(answer.digit is None for answer, _ in pairs)
        if all(answer.ranking for answer, _ in pairs):
            top = [answer.ranking[0][0] == label for answer, label in pairs]
            assert row.metrics.top1 == pytest.approx(np.mean(top))


def test_a_folder_is_only_gone_on_with_as_it_was_begun() -> None:
    folder = write(Path("own"), drawn, count=6)
    config = TrainConfig("lenet5", str(folder), (("a test", {"epochs": 1}),), "cpu", Path("run"))
    train(config, should_stop=lambda: False)
    asked = replace(config, load=LoadOptions(preparation="whole"))
    with pytest.raises(OutputError, match="holds a run with preparation ink, not whole"):
        train(asked)
    assert not train(replace(config, load=LoadOptions(preparation="ink"))).trained


def test_a_resumed_run_keeps_its_preparation_though_the_folder_looks_different_now() -> None:
    folder = write(Path("own"), drawn, count=6)
    config = TrainConfig("lenet5", str(folder), (("a test", {"epochs": 2}),), "cpu", Path("run"))
    with pytest.raises(InterruptedRunError):
        train(config, should_stop=lambda: True)
    for kind in CLASSES:
        for number in range(6):
            clothes(kind, number).save(folder / kind / f"{number}.png")
    assert load_dataset(str(folder)).preparation.kind == "whole"
    checkpoint = train(replace(config, resume=True)).checkpoint
    assert read_info(checkpoint).preparation == INK


def test_a_run_that_does_not_tell_its_preparation_is_not_gone_on_with() -> None:
    folder = write(Path("own"), drawn, count=6)
    config = TrainConfig("lenet5", str(folder), (("a test", {"epochs": 1}),), "cpu", Path("run"))
    with pytest.raises(InterruptedRunError):
        train(config, should_stop=lambda: True)
    recipe = Path("run", "recipe.toml")
    before = recipe.read_text(encoding="utf-8")
    table, rest = before.split("[run.preparation]")
    recipe.write_text(table + rest[rest.index("\n\n") :], encoding="utf-8")
    with pytest.raises(OutputError, match="prepared pictures differently"):
        train(replace(config, resume=True))


def test_own_ink_is_learnt_and_recognised(run_cli: RunCli) -> None:
    folder = write(Path("own"), drawn, count=30)
    checkpoint = trained(folder)
    predicted = answers(checkpoint, folder)
    right = np.mean([answer.digit == Path(name).parent.name for name, answer in predicted.items()])
    assert right > 0.95
    document = json.loads(run_cli("evaluate", checkpoint, "--split", "train", "--json").out)
    assert document["models"][0]["metrics"]["top1"] > 0.95


def test_checkpoints_with_other_preparations_are_each_given_their_own() -> None:
    folder = write(Path("own"), drawn)
    ink = trained(folder)
    ink.rename("ink.safetensors")
    config = TrainConfig("lenet5", str(folder), (("a test", {"epochs": 1}),), "cpu", Path("other"))
    whole = train(TrainConfig(**{**vars(config), "load": LoadOptions(preparation="whole")})).checkpoint
    assert read_info(whole).preparation == Preparation("whole", inverted=True)
    inputs = open_inputs(InferenceConfig(("ink.safetensors", str(whole)), device="cpu"))
    alone = [
        open_inputs(InferenceConfig((each,), device="cpu")).images[0] for each in ("ink.safetensors", str(whole))
    ]
    assert [images.equal(expected) for images, expected in zip(inputs.images, alone, strict=True)] == [True, True]
    assert not inputs.images[0].equal(inputs.images[1])


@pytest.mark.parametrize(("asked", "expected"), [("ink", INK), ("whole", Preparation("whole", inverted=True))])
def test_the_preparation_can_be_chosen(asked: str, expected: Preparation) -> None:
    folder = write(Path("own"), drawn, count=4)
    assert load_dataset(str(folder), LoadOptions(preparation=asked)).preparation == expected


def test_mnist_as_files_is_taken_as_it_is() -> None:
    mnist = load_dataset("mnist").test
    folder = Path("files")
    for label in range(10):
        (folder / str(label)).mkdir(parents=True)
        for place in np.flatnonzero(mnist.labels == label)[:4]:
            Image.fromarray(mnist.images[place]).save(folder / str(label) / f"{place}.png")
    dataset = load_dataset(str(folder))
    assert dataset.preparation == INK
    for split in (dataset.train, dataset.test):
        for image, origin in zip(split.images, split.origins, strict=True):
            np.testing.assert_array_equal(image, mnist.images[int(Path(origin.file).stem)])


def test_photos_of_digits_are_ink() -> None:
    for label in range(3):
        Path("pages", str(label)).mkdir(parents=True)
        for number in range(4):
            page(number).save(Path("pages", str(label), f"{number}.png"))
    dataset = load_dataset("pages")
    assert dataset.preparation == INK
    assert "show one piece of writing" in dataset.preparation_reason


def test_a_bundled_model_is_calibrated_on_pictures_prepared_as_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mnistkit.locate.WEIGHTS", tmp_path / "weights")
    folder = write(Path("own"), drawn)
    checkpoint = trained(folder, preparation="whole")
    found = bundle(BundleConfig(str(checkpoint), "own")).calibration
    inputs = open_inputs(InferenceConfig((str(checkpoint),), split="val", device="cpu"))
    assert found == calibrate(logits_of(inputs, 0).numpy(), inputs.data.labels)
