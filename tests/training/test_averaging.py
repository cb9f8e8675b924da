from __future__ import annotations

import torch
from torch import nn

from mnistkit.training.averaging import averaged_model


def test_average_follows_the_formula() -> None:
    model = nn.Linear(2, 1)
    average = averaged_model(model, decay=0.5)
    expected = None
    for n in range(6):
        with torch.no_grad():
            model.weight.fill_(float(n))
        average.update_parameters(model)
        # The first update copies; the decay then rises to its value.
        decay = min(0.5, (1 + n) / (10 + n))
        expected = float(n) if expected is None else decay * expected + (1 - decay) * n
    assert expected is not None
    torch.testing.assert_close(average.module.weight, torch.full((1, 2), expected))


def test_average_leaves_the_model_alone() -> None:
    model = nn.Linear(2, 1)
    before = model.weight.detach().clone()
    average = averaged_model(model, decay=0.9)
    average.update_parameters(model)
    assert torch.equal(model.weight, before)
    assert average.module.weight is not model.weight
