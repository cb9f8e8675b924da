"""Lowering: what models compute, of every kind and architecture, is what their programs compute."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from mnistkit.exceptions import LoweringError, UnknownNameError
from mnistkit.export.lower import lower, lower_architecture
from mnistkit.export.program import OPERATIONS, Program
from mnistkit.models import build_model, model_names
from tests.support.programs import both, disturb, mnist_images


class Toy(nn.Module):
    """What a function makes of images and layers."""

    def __init__(self, function: Callable[..., Tensor], *layers: nn.Module) -> None:
        super().__init__()
        self.function, self.layers = function, nn.ModuleList(layers)

    def forward(self, images: Tensor) -> Tensor:
        return self.function(images, *self.layers)


def chain(*layers: nn.Module) -> nn.Module:
    return nn.Sequential(*layers, nn.Flatten())


def tokens(images: Tensor) -> Tensor:
    return images.squeeze(1)[:, :8]


def heads(x: Tensor, qkv: nn.Module) -> Tensor:
    q, k, v = qkv(tokens(x)).unflatten(2, (3, 4, 7)).permute(2, 0, 3, 1, 4)
    return functional.scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(1)


def softmax_heads(x: Tensor, qkv: nn.Module) -> Tensor:
    q, k, v = qkv(tokens(x)).chunk(3, dim=-1)
    return ((q @ k.transpose(-2, -1) * 0.3).softmax(dim=-1) @ v).mean(dim=1)


class Tokens(nn.Module):
    """A class token before the others, and their places, one half of them known beforehand."""

    def __init__(self) -> None:
        super().__init__()
        self.token = nn.Parameter(torch.randn(1, 1, 28))
        self.register_buffer("places", torch.randn(9, 28), persistent=False)

    def forward(self, images: Tensor) -> Tensor:
        x = torch.cat([self.token.expand(images.shape[0], -1, -1), tokens(images)], dim=1) + self.places
        return x[:, 0] - x[:, 1:, ::3].amax(dim=1).sum(dim=1, keepdim=True)


def in_place(x: Tensor, convolution: nn.Module) -> Tensor:
    y = convolution(x)
    z = y.relu_()
    return (2 * y + z - 1).flatten(1)


TOYS: dict[str, Callable[[], nn.Module]] = {
    "strides": lambda: chain(nn.Conv2d(1, 4, 5, stride=(2, 3), padding=(2, 1)), nn.ReLU()),
    "groups": lambda: chain(nn.Conv2d(1, 6, 3), nn.Conv2d(6, 8, 3, groups=2, bias=False)),
    "depthwise": lambda: chain(nn.Conv2d(1, 6, 3), nn.Conv2d(6, 6, 5, stride=2, padding=2, groups=6)),
    "two of each": lambda: chain(nn.Conv2d(1, 4, 1), nn.Conv2d(4, 8, 3, padding="same", groups=4)),
    "dilation": lambda: chain(
        nn.Conv2d(1, 4, 3, dilation=2, padding="valid"), nn.Conv2d(4, 2, 3, dilation=(1, 3))
    ),
    "pointwise": lambda: chain(nn.Conv2d(1, 4, 3), nn.Conv2d(4, 3, 1, stride=2)),
    "batch norm folded": lambda: chain(nn.Conv2d(1, 4, 3, bias=False), nn.BatchNorm2d(4), nn.GELU()),
    "batch norm alone": lambda: chain(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.BatchNorm2d(4), nn.MaxPool2d(2)),
    "batch norm plain": lambda: chain(nn.BatchNorm2d(1, affine=False), nn.Conv2d(1, 2, 3)),
    "batch norm of vectors": lambda: nn.Sequential(nn.Flatten(), nn.Linear(784, 9), nn.BatchNorm1d(9), nn.SiLU()),
    "batch norm of tokens": lambda: Toy(
        lambda x, a, b: b(a(tokens(x))).flatten(1), nn.Linear(28, 5), nn.BatchNorm1d(8)
    ),
    "batch norm of what others use": lambda: Toy(
        lambda x, a, b: (b(y := a(x)) + y).flatten(1), nn.Conv2d(1, 3, 3), nn.BatchNorm2d(3)
    ),
    "max pooling": lambda: chain(nn.Conv2d(1, 3, 3), nn.MaxPool2d(3, 2, 1), nn.MaxPool2d((2, 1))),
    "average pooling": lambda: chain(nn.AvgPool2d(3, 2, 1), nn.AvgPool2d(2), nn.ReLU6()),
    "average without margin": lambda: chain(nn.AvgPool2d(3, 2, 1, count_include_pad=False)),
    "adaptive pooling": lambda: chain(nn.Conv2d(1, 3, 1), nn.AdaptiveAvgPool2d((7, 14)), nn.AdaptiveMaxPool2d(7)),
    "global average": lambda: chain(nn.Conv2d(1, 3, 5), nn.AdaptiveAvgPool2d(1)),
    "global maximum": lambda: chain(nn.Conv2d(1, 3, 5), nn.AdaptiveMaxPool2d(1)),
    "dropout": lambda: chain(nn.Dropout(0.5), nn.Conv2d(1, 3, 5), nn.Dropout2d(0.5), nn.Identity()),
    "activations": lambda: chain(nn.SiLU(), nn.Tanh(), nn.Sigmoid(), nn.GELU("tanh"), nn.Hardtanh(-0.1, 0.4)),
    "layer norm": lambda: chain(nn.Conv2d(1, 3, 3), nn.LayerNorm((3, 26, 26)), nn.LayerNorm(26, bias=False)),
    "arithmetic": lambda: Toy(lambda x: (1 - x / 2).square().add(1).sqrt().mul((-x).exp() + x**2).flatten(1)),
    "channels last": lambda: Toy(
        lambda x, a, b: b(functional.gelu(a(x).permute(0, 2, 3, 1))).mean(dim=(1, 2)),
        nn.Conv2d(1, 4, 3),
        nn.Linear(4, 3),
    ),
    "pad": lambda: Toy(lambda x: functional.pad(x, (1, 2, 3, 0), value=0.5).flatten(1)),
    "attention": lambda: Toy(heads, nn.Linear(28, 84)),
    "attention in steps": lambda: Toy(softmax_heads, nn.Linear(28, 84)),
    "multi-head attention": lambda: Toy(
        lambda x, a: a(t := tokens(x), t, t, need_weights=False)[0].flatten(1),
        nn.MultiheadAttention(28, 4, batch_first=True),
    ),
    "tokens": Tokens,
    "in place": lambda: Toy(in_place, nn.Conv2d(1, 3, 3)),
    "mixing": lambda: Toy(lambda x, a: a(tokens(x).transpose(1, 2)).mT.reshape(x.shape[0], -1), nn.Linear(8, 3)),
    "shared": lambda: Toy(lambda x, a: a(a(x)).flatten(1), nn.Conv2d(1, 1, 3)),
    "matrix of weights": lambda: Toy(lambda x, a: tokens(x).flatten(1) @ a.weight.T, nn.Linear(224, 3)),
}


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
