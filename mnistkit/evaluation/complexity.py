"""What a model is made of: its layers, their output shapes, parameters and multiply-accumulates."""

from __future__ import annotations

import copy
import math
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.modules.conv import _ConvNd

from mnistkit.models.cpu_forms import use_plain_forms
from mnistkit.recipe import IMAGE_SIZE


@dataclass(frozen=True)
class Layer:
    """One module that computes something or holds parameters of its own.

    Attributes:
        name: Its dotted name in the model.
        kind: Its class.
        output_shape: Shape of its output for one image, without the batch; None if it was not called.
        parameters: The trainable numbers it holds itself, not those of modules inside it.
        macs: Multiply-accumulates for one image; biases, norms and activations are not counted.
    """

    name: str
    kind: str
    output_shape: tuple[int, ...] | None
    parameters: int
    macs: int


@dataclass(frozen=True)
class Summary:
    """All layers of a model in the order of their definition, and the totals."""

    layers: tuple[Layer, ...]
    parameters: int
    macs: int


def summarise(model: nn.Module) -> Summary:
    """Run one blank image of shape (1, 1, 28, 28) through ``model`` and count.

    A parameter that two modules share is counted once, where it appears first. Multiply-accumulates are those
    of convolutions and linear layers, at every position they are applied to. What is counted is the plain form of
    the model: what a layer is takes no account of how a CPU computes it.
    """
    model = use_plain_forms(copy.deepcopy(model))
    outputs, macs = _trace(model)
    seen: set[Tensor] = set()
    layers = []
    for name, module in model.named_modules():
        own = [p for p in module.parameters(recurse=False) if p not in seen]
        seen.update(own)
        is_leaf = next(module.children(), None) is None
        if own or (is_leaf and module in outputs):
            trainable = sum(p.numel() for p in own if p.requires_grad)
            shape = outputs.get(module)
            layers.append(Layer(name, type(module).__name__, shape, trainable, macs.get(module, 0)))
    total_parameters = sum(layer.parameters for layer in layers)
    return Summary(tuple(layers), total_parameters, sum(layer.macs for layer in layers))


def _trace(model: nn.Module) -> tuple[dict[nn.Module, tuple[int, ...]], dict[nn.Module, int]]:
    """Return each called module's last output shape and its multiply-accumulates over all calls."""
    outputs: dict[nn.Module, tuple[int, ...]] = {}
    macs: dict[nn.Module, int] = {}

    def hook(module: nn.Module, inputs: Any, output: Any) -> None:
        if isinstance(output, Tensor):
            outputs[module] = tuple(output.shape[1:])
            macs[module] = macs.get(module, 0) + _macs(module, output)

    was_training = model.training
    handles = [module.register_forward_hook(hook) for module in model.modules()]
    try:
        parameter = next(model.parameters(), torch.empty(0))
        with torch.no_grad():
            model.eval()(torch.zeros(1, 1, *IMAGE_SIZE, device=parameter.device, dtype=parameter.dtype))
    finally:
        for handle in handles:
            handle.remove()
        model.train(was_training)
    return outputs, macs


def _macs(module: nn.Module, output: Tensor) -> int:
    if isinstance(module, nn.Linear):
        return output.numel() * module.in_features
    if isinstance(module, _ConvNd):
        return output.numel() * module.in_channels // module.groups * math.prod(module.kernel_size)
    return 0
