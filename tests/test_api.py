from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import mnistkit
from mnistkit.data import dataset_names
from mnistkit.exceptions import CheckpointError, PictureError
from mnistkit.inference.answers import Answer, Failure
from mnistkit.models import model_names
from mnistkit.workflows.train import TrainResult
from tests.support.cli import RunCli
from tests.support.files import check_file
from tests.support.pictures import encoded, page

README = Path(__file__).parents[1] / "README.md"


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory, digits_folder: Path) -> TrainResult:
    out = tmp_path_factory.mktemp("api") / "run"
    return mnistkit.train("lenet5", str(digits_folder), out=out, device="cpu", epochs=2, batch_size=64)


def test_the_example_in_the_readme_runs() -> None:
    blocks = re.findall(r"```python\n(.*?)```", README.read_text(encoding="utf-8"), flags=re.DOTALL)
    assert len(blocks) == 1
    code = blocks[0].replace('train("lenet5")', 'train("lenet5", epochs=1, batch_size=1000)')
    assert code != blocks[0]
    done = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip()


def test_importing_is_light() -> None:
    code = "import mnistkit, sys; sys.exit(any(name in sys.modules for name in ('torch', 'numpy', 'typer')))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_lists_are_the_registries() -> None:
    assert mnistkit.list_models() == model_names()
    assert mnistkit.list_datasets() == dataset_names()


def test_every_public_name_exists() -> None:
    for name in mnistkit.__all__:
        assert getattr(mnistkit, name) is not None
    assert set(mnistkit.__all__) <= set(dir(mnistkit))
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        mnistkit.nothing  # noqa: B018


def test_answers_agree_with_the_reported_accuracy(run: TrainResult) -> None:
    test = mnistkit.load_dataset(run.metrics["dataset"]).test
    answers = mnistkit.load(run.checkpoint).read_all(test.images)
    best = [answer.ranking[0][0] for answer in answers]
    assert (
        np.mean([name == str(label) for name, label in zip(best, test.labels, strict=True)])
        == (run.metrics["test"]["top1"])
    )
    assert all(sum(share for _, share in answer.ranking) == pytest.approx(1) for answer in answers)


def test_arrays_of_any_size_and_polarity_are_read(run: TrainResult) -> None:
    recogniser = mnistkit.load(run.folder.path, device="cpu")
    tile = mnistkit.load_dataset("mnist").test.images[0]
    white_on_black, black_on_white = recogniser.read(tile), recogniser.read(255 - tile)
    assert np.array_equal(white_on_black.picture.tile, tile) and np.array_equal(black_on_white.picture.tile, tile)
    assert recogniser.read(tile / 255).ranking == white_on_black.ranking == black_on_white.ranking
    large = np.asarray(page())
    same = [recogniser.read(each) for each in (large, Image.fromarray(large), encoded(page(), "PNG"))]
    assert same[0].ranking == same[1].ranking == same[2].ranking
    with pytest.raises(PictureError, match="an array of shape"):
        recogniser.read(np.zeros((2, 28, 28), np.uint8))


def test_files_bytes_and_paths_are_read_as_the_command_reads_them(run: TrainResult, run_cli: RunCli) -> None:
    content = encoded(page(), "PNG")
    Path("page.png").write_bytes(content)
    recogniser = mnistkit.load(run.folder.path, device="cpu")
    answers = [recogniser.read(each) for each in ("page.png", Path("page.png"), content)]
    command = json.loads(run_cli("predict", "page.png", "-c", run.folder.path, "--json", "--device", "cpu").out)
    (shown,) = command["pictures"]
    for answer in answers:
        assert (answer.digit, answer.probability) == (shown["digit"], shown["probability"])
    assert [answer.name for answer in answers] == ["page.png", "page.png", "the picture"]
    assert repr(recogniser) == "Recogniser(run: lenet5, 10 classes)"


def test_what_cannot_be_read_is_raised_for_one_and_stands_in_its_place_among_several(run: TrainResult) -> None:
    recogniser = mnistkit.load(run.folder.path, device="cpu")
    with pytest.raises(PictureError, match=r"gone\.png does not exist"):
        recogniser.read("gone.png")
    first, second = recogniser.read_all(["gone.png", encoded(page(), "PNG")])
    assert isinstance(first, Failure) and isinstance(second, Answer)
    assert recogniser.read_all([]) == []


def test_a_run_leaves_its_curves(run: TrainResult) -> None:
    check_file(run.folder.curves)


def test_loading_nothing_says_what_to_do() -> None:
    with pytest.raises(CheckpointError) as caught:
        mnistkit.load("none.safetensors")
    assert "mnistkit train" in (caught.value.hint or "")
