"""The optimizers, as torch's own functional forms behind one small class.

``torch.optim``'s classes import torch's compiler when one is made, which takes longer than everything else
before the first training step (about two seconds). The functional forms do the same arithmetic without it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim.adadelta import adadelta
from torch.optim.adam import adam
from torch.optim.adamw import adamw
from torch.optim.sgd import sgd

from mnistkit.recipe import Recipe


@dataclass(frozen=True)
class _Kind:
    """One optimizer: the names of its per-parameter buffers and the function that updates parameters."""

    buffers: tuple[str, ...]
    update: Callable[..., None]


def _update_sgd(params: list[Tensor], grads: list[Tensor], momentum: list[Tensor], **common: Any) -> None:
    recipe: Recipe = common["recipe"]
    sgd(
        params,
        grads,
        list[Tensor | None](momentum),
        foreach=True,
        weight_decay=common["weight_decay"],
        momentum=recipe.momentum,
        lr=common["lr"],
        dampening=0.0,
        nesterov=recipe.nesterov and recipe.momentum > 0,
        maximize=False,
    )


def _update_adam(
    function: Callable[..., None],
    params: list[Tensor],
    grads: list[Tensor],
    averages: list[Tensor],
    squares: list[Tensor],
    **common: Any,
) -> None:
    recipe: Recipe = common["recipe"]
    function(
        params,
        grads,
        averages,
        squares,
        [],
        common["steps"],
        fused=params[0].device.type in ("cpu", "cuda"),
        amsgrad=False,
        beta1=recipe.momentum,
        beta2=recipe.beta2,
        lr=common["lr"],
        weight_decay=common["weight_decay"],
        eps=1e-8,
        maximize=False,
    )


def _update_adadelta(
    params: list[Tensor], grads: list[Tensor], squares: list[Tensor], deltas: list[Tensor], **common: Any
) -> None:
    recipe: Recipe = common["recipe"]
    adadelta(
        params,
        grads,
        squares,
        deltas,
        common["steps"],
        foreach=True,
        lr=common["lr"],
        rho=recipe.beta2,
        eps=1e-6,
        weight_decay=common["weight_decay"],
        maximize=False,
    )


_KINDS = {
    "sgd": _Kind(("momentum",), _update_sgd),
    "adam": _Kind(("average", "square"), partial(_update_adam, adam)),
    "adamw": _Kind(("average", "square"), partial(_update_adam, adamw)),
    "adadelta": _Kind(("square", "delta"), _update_adadelta),
}


def _as_laid_out(parameter: nn.Parameter) -> Tensor:
    """Return the gradient in the parameter's order of memory.

    The fused forms go through both as they lie in memory, whatever their strides, and ``torch.autograd.grad``
    returns the gradient of a convolution as the convolution left it: its channels last, for example.
    """
    gradient = parameter.grad
    assert gradient is not None, "only parameters with a gradient are updated"
    if gradient.stride() == parameter.stride():
        return gradient
    return torch.empty_like(parameter, requires_grad=False).copy_(gradient)


class Optimizer:
    """Updates a model's parameters; weight decay spares norms, biases and other vectors.

    Args:
        model: Its parameters that require gradients are updated.
        recipe: Names the optimizer and its numbers.

    Attributes:
        param_groups: In the form that ``torch.amp.GradScaler`` expects.
    """

    def __init__(self, model: nn.Module, recipe: Recipe) -> None:
        self._recipe = recipe
        self._kind = _KINDS[recipe.optimizer]
        named = {name: p for name, p in model.named_parameters() if p.requires_grad}
        matrices = {name: p for name, p in named.items() if p.ndim > 1}
        vectors = {name: p for name, p in named.items() if p.ndim <= 1}
        self._groups = [(matrices, recipe.weight_decay), (vectors, 0.0)]
        self._buffers = {
            name: {kind: torch.zeros_like(p) for kind in self._kind.buffers} for name, p in named.items()
        }
        self._steps = {name: torch.zeros((), device=p.device) for name, p in named.items()}
        self.learning_rate = recipe.learning_rate
        self.param_groups: list[dict[str, Any]] = [{"params": list(named.values())}]

    @property
    def parameters(self) -> list[nn.Parameter]:
        """All parameters that are updated."""
        return list(self.param_groups[0]["params"])

    @torch.no_grad()
    def step(self) -> None:
        """Update every parameter that has a gradient by ``learning_rate``."""
        for parameters, weight_decay in self._groups:
            chosen = {name: p for name, p in parameters.items() if p.grad is not None}
            if not chosen:
                continue
            buffers = ([self._buffers[name][kind] for name in chosen] for kind in self._kind.buffers)
            self._kind.update(
                list(chosen.values()),
                [_as_laid_out(p) for p in chosen.values()],
                *buffers,
                steps=[self._steps[name] for name in chosen],
                lr=self.learning_rate,
                weight_decay=weight_decay,
                recipe=self._recipe,
            )

    def zero_grad(self) -> None:
        """Drop all gradients."""
        for parameter in self.parameters:
            parameter.grad = None

    def clip_gradients(self, largest: float) -> None:
        """Scale all gradients down together if their norm is above ``largest``; 0 means no limit."""
        if largest:
            nn.utils.clip_grad_norm_(self.parameters, largest)

    def state_tensors(self) -> dict[str, Tensor]:
        """Return all buffers and step counts by name."""
        return dict(self._named_state())

    def _named_state(self) -> Iterable[tuple[str, Tensor]]:
        for name, buffers in self._buffers.items():
            yield f"{name}/step", self._steps[name]
            for kind, value in buffers.items():
                yield f"{name}/{kind}", value
