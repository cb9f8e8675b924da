"""Every precision that a machine can compute in, emulated where it has no instructions for it.

What is trained may depend on the processor; what a trained model answers, and the figures stated of it, must not.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from mnistkit.device import FP32
from mnistkit.workflows.confusion import ConfusionConfig, confusion
from mnistkit.workflows.errors import ErrorsConfig, find_errors
from mnistkit.workflows.evaluate import EvaluateConfig, evaluate
from mnistkit.workflows.suspect import SuspectConfig, find_suspects
from mnistkit.workflows.train import TrainResult, train
from mnistkit.workflows.train_config import TrainConfig
from tests.support.dataset_folders import make_digits

ON_CPU = ("fp32", "bf16")
KINDS = ("convnext", "lenet5", "compact-6k", "resnet", "vit", "mlp")


@pytest.fixture(scope="module")
def digits(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """400 training and 100 test images of MNIST."""
    return make_digits(tmp_path_factory.mktemp("data") / "digits", train=400, test=100)


@pytest.fixture
def trained(digits: Path) -> Callable[..., TrainResult]:
    def run(precision: str, architecture: str = "lenet5") -> TrainResult:
        changes = {"epochs": 1, "batch_size": 50, "precision": precision}
        return train(TrainConfig(architecture, str(digits), (("a test", changes),), "cpu", Path("run")))

    return run


@pytest.mark.parametrize(
    ("architecture", "precision"),
    # In fp32 all tests train.
    [
        ("lenet5", "fp32"),
        *((name, "bf16") for name in ("convnext", "lenet5", "compact-6k", "resnet", "vit", "mlp")),
    ],
)
def test_each_kind_of_architecture_trains_in_every_precision(
    architecture: str, precision: str, trained: Callable[..., TrainResult]
) -> None:
    result = trained(precision, architecture)
    assert result.metrics["precision"] == precision
    (row,) = evaluate(EvaluateConfig((str(result.checkpoint),), device="cpu")).models
    # Measured at the end of the training and measured again later: the same arithmetic, so the same figures.
    assert row.metrics.errors == result.metrics["test"]["errors"]
    assert row.metrics.nll == pytest.approx(result.metrics["test"]["nll"], rel=1e-5)


@pytest.mark.usefixtures("each_processor")
def test_figures_do_not_depend_on_the_processor(trained: Callable[..., TrainResult]) -> None:
    checkpoint = str(trained("fp32").checkpoint)
    unasked = evaluate(EvaluateConfig((checkpoint,), device="cpu"))
    asked = evaluate(EvaluateConfig((checkpoint,), device="cpu", precision="fp32"))
    assert unasked.precision == FP32.name
    assert unasked.models[0].metrics == asked.models[0].metrics
    assert confusion(ConfusionConfig((checkpoint,), device="cpu")).precision == FP32.name
    assert find_errors(ErrorsConfig((checkpoint,), device="cpu", limit=1)).precision == FP32.name


@pytest.mark.parametrize("precision", ON_CPU)
def test_a_precision_that_is_asked_for_is_used(precision: str, trained: Callable[..., TrainResult]) -> None:
    checkpoint = str(trained("fp32").checkpoint)
    result = evaluate(EvaluateConfig((checkpoint,), device="cpu", precision=precision))
    exact = evaluate(EvaluateConfig((checkpoint,), device="cpu")).models[0].metrics
    assert result.precision == precision
    found = result.models[0].metrics
    assert found.nll == pytest.approx(exact.nll, rel=0.02)
    assert (found.nll == exact.nll) == (precision == "fp32")


@pytest.mark.parametrize("precision", ON_CPU)
def test_mistakes_are_explained_and_labels_disputed_in_every_precision(
    precision: str, digits: Path, trained: Callable[..., TrainResult], monkeypatch: pytest.MonkeyPatch
) -> None:
    checkpoint = str(trained("fp32").checkpoint)
    explained = find_errors(ErrorsConfig((checkpoint,), device="cpu", precision=precision, explain=True, limit=2))
    maps = [each.attribution_map for found in explained.misclassifications for each in found.predictions]
    assert maps and all(abs(each).max() == pytest.approx(1) for each in maps)
    monkeypatch.setattr("mnistkit.workflows.suspect._LEAST_STEPS", 4)
    disputed = find_suspects(SuspectConfig(dataset=str(digits), device="cpu", precision=precision))
    assert disputed.precision == precision
    assert 0 < disputed.models[0].errors < disputed.n
