"""The exponential moving average of the weights."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel

_Tensors = tuple[Tensor, ...] | list[Tensor]


def averaged_model(model: nn.Module, decay: float) -> AveragedModel:
    """Return the moving average of ``model``'s weights, to be updated after every step.

    The decay rises to its value over the first steps, as min(decay, (1 + n) / (10 + n)), so that the average
    soon forgets the initial weights.
    """

    def update(averages: _Tensors, weights: _Tensors, count: Tensor | int) -> None:
        n = int(count)
        share = 1 - min(decay, (1 + n) / (10 + n))
        torch._foreach_lerp_(list(averages), list(weights), share)

    return AveragedModel(model, multi_avg_fn=torch.no_grad()(update))
