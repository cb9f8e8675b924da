"""Lowering: what models compute, of every kind and architecture, is what their programs compute."""

from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

from mnistkit.exceptions import LoweringError, UnknownNameError
from mnistkit.export.lower import lower, lower_architecture
from mnistkit.export.program import OPERATIONS, Program
from mnistkit.models import build_model, model_names
from tests.support.programs import both, disturb, mnist_images
from tests.support.toy_models import TOYS, Toy, chain


@pytest.mark.parametrize("toy", TOYS)
def test_the_program_of_a_toy_computes_what_torch_does(toy: str) -> None:
    torch.manual_seed(0)
    model = disturb(TOYS[toy]())
    program = lower(model)
    assert Program.of(json.loads(json.dumps(program.to_dict()))).to_dict() == program.to_dict()
    for n in (1, 19):
        found, expected = both(program, model, mnist_images(n))
        assert found.dtype == np.float32
        np.testing.assert_allclose(found, expected, atol=1e-5, rtol=1e-5)


def test_the_toys_use_every_operation() -> None:
    used = {operation.kind for toy in TOYS.values() for operation in lower(toy().eval()).operations}
    assert used == set(OPERATIONS)


@pytest.mark.parametrize("name", model_names())
def test_the_program_of_every_architecture_computes_what_torch_does(name: str) -> None:
    model = disturb(build_model(name, 10, plain=True))
    # As large as those of a trained model, so that a tolerance means something.
    found, expected = both(lower_architecture(name, 10), model, mnist_images(20))
    scale = max(1.0, float(np.abs(expected).max()) / 20)
    np.testing.assert_allclose(found, expected, atol=1e-4 * scale)
    assert (found.argmax(axis=1) == expected.argmax(axis=1)).all()


@pytest.mark.parametrize("name", model_names())
def test_a_program_holds_no_tensor_but_names_those_of_its_checkpoint(name: str) -> None:
    program = lower_architecture(name, 7)
    assert not program.constants
    assert program.tensor_names <= build_model(name, 7, plain=True).state_dict().keys()
    assert program.operations[-1].shape == ("n", 7)
    assert len(json.dumps(program.to_dict())) < 30_000


@pytest.mark.parametrize(
    ("model", "words"),
    [
        (chain(nn.Conv2d(1, 2, 3), nn.Mish()), ("layer '1'", "uses mish,")),
        (chain(nn.MaxPool2d(3, ceil_mode=True)), ("layer '0'", "max_pool2d", "ceil_mode")),
        (chain(nn.AdaptiveAvgPool2d(5)), ("layer '0'", "adaptive_avg_pool2d", "different sizes")),
        (Toy(lambda x: x.flatten(1).cumsum(1)), ("the model itself uses cumsum",)),
        (Toy(lambda x: x - x.mean()), ("mean", "all pictures together")),
        (Toy(lambda x: functional.dropout(x, 0.5, True)), ("dropout", "random numbers")),
        (Toy(lambda x: x.flatten(1) if x.sum() > 0 else x.flatten(1) + 1), ("cannot be lowered",)),
        (Toy(lambda x, a: a.weight, nn.Linear(2, 2)), ("does not depend on the pictures",)),
        (Toy(lambda x: x.reshape(len(x), -1)), ("number of pictures", "images.shape[0]")),
        (Toy(lambda x: functional.max_pool2d(x, 2, return_indices=True)[1]), ("max_pool2d_with_indices",)),
    ],
)
def test_what_no_program_can_hold_is_named_with_its_layer(model: nn.Module, words: tuple[str, ...]) -> None:
    with pytest.raises(LoweringError) as caught:
        lower(model.eval(), "'toy'")
    assert caught.value.message.startswith("'toy' cannot be lowered to a program: ")
    assert all(word in caught.value.message for word in words), caught.value.message
    assert caught.value.hint == "docs/program.md lists what a program can hold"


def test_an_unknown_architecture_is_an_error() -> None:
    with pytest.raises(UnknownNameError):
        lower_architecture("lenet", 10)


def test_lowering_draws_no_random_numbers_and_says_nothing(capfd: pytest.CaptureFixture[str]) -> None:
    torch.manual_seed(3)
    before = torch.get_rng_state()
    lower_architecture("lenet5", 3)
    assert torch.equal(torch.get_rng_state(), before)
    assert capfd.readouterr() == ("", "")


_LOWERED = """
import json
from mnistkit.export.lower import lower_architecture
print(json.dumps(lower_architecture("lenet5", 10).to_dict()))
"""


def test_the_program_is_the_same_in_every_process() -> None:
    done = subprocess.run([sys.executable, "-c", _LOWERED], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == lower_architecture("lenet5", 10).to_dict()
    assert done.stderr == ""
