"""What every architecture keeps: the contract of the model registry."""

from __future__ import annotations

import importlib
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from mnistkit import models
from mnistkit.exceptions import UnknownNameError
from mnistkit.models import build_model, check_model_name, get_architecture, model_names


@pytest.fixture(params=model_names())
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_the_two_first_architectures_are_there() -> None:
    assert {"convnext", "lenet5"} <= set(model_names())


@pytest.mark.parametrize("classes", [2, 10, 47])
def test_logits_have_one_column_per_class(name: str, classes: int) -> None:
    model = build_model(name, classes).eval()
    logits = model(torch.randn(3, 1, 28, 28))
    assert logits.shape == (3, classes)
    assert logits.isfinite().all()


def test_the_same_seed_builds_the_same_model(name: str) -> None:
    def build() -> dict[str, torch.Tensor]:
        torch.manual_seed(4)
        return build_model(name, 10).state_dict()

    first, second = build(), build()
    assert all(torch.equal(first[key], second[key]) for key in first)


def test_every_parameter_takes_part(name: str) -> None:
    model = build_model(name, 10)
    # Away from special initial values (a scale of zero stops the gradient of what stands before it).
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.02 * torch.randn_like(parameter))
    torch.nn.functional.cross_entropy(model(torch.randn(8, 1, 28, 28)), torch.arange(8)).backward()
    for key, parameter in model.named_parameters():
        assert parameter.grad is not None and parameter.grad.abs().sum() > 0, key


def test_images_do_not_see_each_other_in_evaluation(name: str) -> None:
    model = build_model(name, 10).eval()
    images = torch.randn(4, 1, 28, 28)
    with torch.no_grad():
        together = model(images)
        alone = torch.cat([model(image[None]) for image in images])
    torch.testing.assert_close(together, alone, rtol=1e-4, atol=1e-5)


def test_a_step_of_training_lowers_the_loss(name: str) -> None:
    torch.manual_seed(0)
    model = build_model(name, 10)
    images, labels = torch.randn(16, 1, 28, 28), torch.arange(16) % 10
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
    losses = []
    for _ in range(6):
        loss = torch.nn.functional.cross_entropy(model(images), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(float(loss.detach()))
    assert losses[-1] < losses[0]


def test_the_entry_describes_itself_in_one_line(name: str) -> None:
    entry = get_architecture(name)
    assert entry.name == name
    assert 10 < len(entry.description) <= 80
    assert "\n" not in entry.description


def test_an_unknown_name_gets_the_close_match() -> None:
    for function in (check_model_name, get_architecture):
        with pytest.raises(UnknownNameError, match="unknown architecture 'convnet'; did you mean 'convnext'"):
            function("convnet")


def test_the_names_read_from_the_sources_are_those_registered() -> None:
    for file in Path(models.__file__).parent.glob("[!_]*.py"):
        importlib.import_module(f"mnistkit.models.{file.stem}")
    assert models._registry.names() == model_names()


def test_the_names_are_known_without_torch() -> None:
    code = "import sys; from mnistkit.models import model_names; print(len(model_names()), 'torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == f"{len(model_names())} False\n"
