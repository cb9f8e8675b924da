from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import mnistkit
from mnistkit.data import dataset_names
from mnistkit.exceptions import CheckpointError, DataError
from mnistkit.models import model_names
from tests.digits import write_digits

README = Path(__file__).parents[1] / "README.md"


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory, shared_cache: Path):
    folder = tmp_path_factory.mktemp("api")
    digits = write_digits(folder / "digits")
    return mnistkit.train("lenet5", str(digits), out=folder / "run", device="cpu", epochs=2, batch_size=64)


def test_the_example_in_the_readme_runs(shared_cache: Path) -> None:
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


def test_predictions_agree_with_the_reported_accuracy(run) -> None:
    test = mnistkit.load_dataset(run.metrics["dataset"]).test
    predicted = mnistkit.load(run.checkpoint).predict(test.images, batch_size=64)
    assert predicted.probabilities.shape == (200, 10)
    assert np.allclose(predicted.probabilities.sum(axis=1), 1, atol=1e-5)
    assert (predicted.labels == test.labels).mean() == run.metrics["test"]["top1"]
    assert predicted.names == tuple(str(label) for label in predicted.labels)


def test_one_image_and_floats(run) -> None:
    classifier = mnistkit.load(run.folder.path, device="cpu")
    image = mnistkit.load_dataset("mnist").test.images[0]
    as_bytes, as_floats = classifier.predict(image), classifier.predict(image / 255)
    assert np.array_equal(as_bytes.probabilities, as_floats.probabilities)
    assert as_bytes.labels.shape == (1,)


@pytest.mark.parametrize(
    ("images", "words"),
    [
        (np.zeros((5, 5), np.uint8), "shape"),
        (np.zeros((0, 28, 28), np.uint8), "shape"),
        (np.zeros((2, 28, 28), np.int32), "uint8 or floats"),
        (np.full((28, 28), 7.0), "between 0 and 1"),
        (np.full((28, 28), np.nan), "between 0 and 1"),
    ],
)
def test_unfitting_arrays_are_refused(run, images: np.ndarray, words: str) -> None:
    with pytest.raises(DataError, match=words):
        mnistkit.load(run.checkpoint).predict(images)


def test_loading_nothing_says_what_to_do() -> None:
    with pytest.raises(CheckpointError) as caught:
        mnistkit.load("none.safetensors")
    assert "mnistkit train" in (caught.value.hint or "")
