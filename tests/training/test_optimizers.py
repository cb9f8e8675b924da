from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest
import torch
from torch import nn

from mnistkit.recipe import OPTIMIZERS, Recipe
from mnistkit.training.optimizers import Optimizer

REFERENCE: dict[str, Any] = {
    "sgd": lambda groups: torch.optim.SGD(groups, lr=0.05, momentum=0.9, nesterov=True),
    "sgd without Nesterov": lambda groups: torch.optim.SGD(groups, lr=0.05, momentum=0.9),
    "adam": lambda groups: torch.optim.Adam(groups, lr=0.05, betas=(0.9, 0.95)),
    "adamw": lambda groups: torch.optim.AdamW(groups, lr=0.05, betas=(0.9, 0.95)),
    "adadelta": lambda groups: torch.optim.Adadelta(groups, lr=0.05, rho=0.95),
}


def net() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(6, 8), nn.LayerNorm(8), nn.GELU(), nn.Linear(8, 3))


def backward(model: nn.Module, step: int) -> None:
    torch.manual_seed(100 + step)
    model(torch.randn(5, 6)).square().mean().backward()


@pytest.mark.parametrize("name", [*OPTIMIZERS, "sgd without Nesterov"])
def test_updates_are_those_of_torch_optim(name: str) -> None:
    ours, theirs = net(), net()
    recipe = Recipe(
        optimizer=name.partition(" ")[0],
        learning_rate=0.05,
        weight_decay=0.1,
        momentum=0.9,
        beta2=0.95,
        nesterov=name == "sgd",
    )
    optimizer = Optimizer(ours, recipe)
    matrices = [p for p in theirs.parameters() if p.ndim > 1]
    vectors = [p for p in theirs.parameters() if p.ndim == 1]
    groups = [{"params": matrices, "weight_decay": 0.1}, {"params": vectors, "weight_decay": 0.0}]
    reference = REFERENCE[name](groups)
    for step in range(4):
        for model, one in ((ours, optimizer), (theirs, reference)):
            one.zero_grad()
            backward(model, step)
            one.step()
    for a, b in zip(ours.parameters(), theirs.parameters(), strict=True):
        torch.testing.assert_close(a, b)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_a_gradient_in_another_order_of_memory_is_the_same_gradient(name: str) -> None:
    recipe = Recipe(optimizer=name, learning_rate=0.05, weight_decay=0.1)
    values = torch.randn(4, 3, 3, 3)
    stepped = []
    for layout in (torch.contiguous_format, torch.channels_last):
        torch.manual_seed(0)
        model = nn.Conv2d(3, 4, 3)
        optimizer = Optimizer(model, recipe)
        for _ in range(2):
            model.weight.grad = values.clone(memory_format=layout)
            optimizer.step()
        stepped.append(model.weight.detach().clone())
    assert values.clone(memory_format=torch.channels_last).stride() != values.stride()
    torch.testing.assert_close(stepped[0], stepped[1])


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_state_round_trip_continues_exactly(name: str) -> None:
    recipe = Recipe(optimizer=name, learning_rate=0.01)
    model = net()
    optimizer = Optimizer(model, recipe)
    for step in range(2):
        backward(model, step)
        optimizer.step()
    copy = net()
    copy.load_state_dict(model.state_dict())
    restored = Optimizer(copy, recipe)
    for key, value in restored.state_tensors().items():
        value.copy_(optimizer.state_tensors()[key])
    for each, one in ((model, optimizer), (copy, restored)):
        one.zero_grad()
        backward(each, 9)
        one.step()
    assert all(torch.equal(a, b) for a, b in zip(model.parameters(), copy.parameters(), strict=True))


def test_weight_decay_spares_norms_and_biases() -> None:
    model = net()
    before = {name: p.detach().clone() for name, p in model.named_parameters()}
    optimizer = Optimizer(model, Recipe(optimizer="adamw", learning_rate=0.1, weight_decay=0.5))
    for parameter in model.parameters():
        parameter.grad = torch.zeros_like(parameter)
    optimizer.step()
    for name, parameter in model.named_parameters():
        expected = before[name] * (0.95 if parameter.ndim > 1 else 1.0)
        torch.testing.assert_close(parameter.detach(), expected)


def test_gradients_are_clipped_together() -> None:
    model = net()
    optimizer = Optimizer(model, Recipe())
    backward(model, 0)
    optimizer.clip_gradients(1e-3)
    total = torch.cat([p.grad.flatten() for p in optimizer.parameters if p.grad is not None]).norm()
    assert total == pytest.approx(1e-3, rel=1e-3)


def test_a_training_step_does_not_import_the_compiler() -> None:
    code = (
        "import sys, torch\n"
        "from mnistkit.training.optimizers import Optimizer\n"
        "from mnistkit.recipe import Recipe, OPTIMIZERS\n"
        "for name in OPTIMIZERS:\n"
        "    model = torch.nn.Linear(2, 2)\n"
        "    optimizer = Optimizer(model, Recipe(optimizer=name))\n"
        "    model(torch.ones(1, 2)).sum().backward()\n"
        "    optimizer.step()\n"
        "sys.exit('torch._dynamo' in sys.modules)\n"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
