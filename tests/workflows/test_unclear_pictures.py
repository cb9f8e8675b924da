"""Folders whose pictures are faint, blank, or fit only one of two preparations."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mnistkit.data import load_dataset
from mnistkit.data.base import LoadOptions
from mnistkit.exceptions import DataError, InterruptedRunError, OutputError, RecipeError
from mnistkit.inference.answers import Answer, Verdict
from mnistkit.preparation import INK
from mnistkit.workflows.confusion import ConfusionConfig, confusion
from mnistkit.workflows.errors import ErrorsConfig, find_errors
from mnistkit.workflows.evaluate import EvaluateConfig, evaluate
from mnistkit.workflows.predict import PredictConfig, open_run
from mnistkit.workflows.train import train
from mnistkit.workflows.train_config import TrainConfig
from tests.support.pictures import page

SKIPPING = LoadOptions(skip_bad=True)


def write(folder: Path, picture: Callable[[int], Image.Image], count: int = 8) -> Path:
    for name in ("a", "b"):
        (folder / name).mkdir(parents=True)
        for number in range(count):
            picture(number).save(folder / name / f"{number}.png")
    return folder


def faint(number: int) -> Image.Image:
    """Ink that hardly differs from its paper; every fourth page has none at all."""
    levels = np.asarray(page(number)).astype(np.float32)
    strength = 0.0 if number % 4 == 3 else 0.02
    return Image.fromarray((255 - (255 - levels) * strength).astype(np.uint8))


def trained(folder: Path, out: str, preparation: str) -> str:
    config = TrainConfig(
        architecture="lenet5",
        dataset=str(folder),
        changes=(("a test", {"epochs": 1, "batch_size": 4}),),
        device="cpu",
        out=Path(out),
        load=LoadOptions(skip_bad=True, preparation=preparation),
    )
    return str(train(config).checkpoint)


def test_what_nothing_is_found_in_is_the_same_empty_tile_everywhere() -> None:
    folder = write(Path("own"), faint)
    dataset = load_dataset(str(folder), LoadOptions(preparation="ink"))
    learnt = {
        origin.file: image
        for split in (dataset.train, dataset.test)
        for image, origin in zip(split.images, split.origins, strict=True)
    }
    checkpoint = trained(folder, "run", "ink")
    config = PredictConfig((str(folder),), checkpoint=checkpoint, device="cpu", keep_steps=True)
    answers = [each for each in open_run(config).results() if isinstance(each, Answer)]
    assert Verdict.NOTHING in {answer.verdict for answer in answers}
    for answer in answers:
        np.testing.assert_array_equal(answer.picture.tile, learnt[answer.name])
        last = answer.picture.steps[-1]
        shown = last.image if last.name == "tile" else np.zeros((28, 28), np.uint8)
        np.testing.assert_array_equal(shown, answer.picture.tile)


def test_pictures_without_one_piece_of_writing_are_counted_aloud() -> None:
    warnings: list[str] = []
    write(Path("own"), faint)
    load_dataset("own", LoadOptions(preparation="ink", warn=warnings.append))
    assert len(warnings) == 1
    assert warnings[0].startswith("16 of 16 pictures in own are blank or too faint to read: a/0.png, a/1.png")
    write(Path("clear"), page)
    load_dataset("clear", LoadOptions(preparation="ink", warn=warnings.append))
    assert not any("writing" in line or "blank" in line for line in warnings[1:])


@pytest.mark.parametrize(
    "run",
    [
        lambda both: evaluate(EvaluateConfig(both, device="cpu", load=SKIPPING)),
        lambda both: confusion(ConfusionConfig(both, device="cpu", load=SKIPPING)),
        lambda both: find_errors(ErrorsConfig(both, device="cpu", load=SKIPPING)),
    ],
    ids=["evaluate", "confusion", "errors"],
)
def test_models_that_are_given_other_pictures_are_not_compared(run: Callable[[tuple[str, str]], object]) -> None:
    folder = write(Path("own"), lambda number: page(number, size=28 if number % 2 else 60))
    both = trained(folder, "ink", "ink"), trained(folder, "tile", "tile")
    with pytest.raises(DataError, match="own has pictures that cannot be prepared for all of the checkpoints"):
        run(both)
    (row,) = evaluate(EvaluateConfig(both[1:], device="cpu", load=SKIPPING)).models
    assert row.metrics.n == 2


def test_a_damaged_preparation_of_a_run_is_told() -> None:
    folder = write(Path("own"), page)
    config = TrainConfig("lenet5", str(folder), (("a test", {"epochs": 1}),), "cpu", Path("run"))
    with pytest.raises(InterruptedRunError):
        train(config, should_stop=lambda: True)
    recipe = Path("run", "recipe.toml")
    before = recipe.read_text(encoding="utf-8")
    assert INK.kind in before
    recipe.write_text(before.replace('kind = "ink"', 'kind = "glue"'), encoding="utf-8")
    with pytest.raises(RecipeError, match="its preparation is damaged"):
        train(replace(config, resume=True))


def test_a_state_without_its_recipe_is_not_gone_on_with() -> None:
    folder = write(Path("own"), page)
    config = TrainConfig("lenet5", str(folder), (("a test", {"epochs": 1}),), "cpu", Path("run"))
    with pytest.raises(InterruptedRunError):
        train(config, should_stop=lambda: True)
    Path("run", "recipe.toml").unlink()
    with pytest.raises(OutputError, match=r"holds state\.safetensors of a run whose recipe\.toml is missing"):
        train(replace(config, resume=True))
    assert train(replace(config, overwrite=True)).metrics["epochs"] == 1
