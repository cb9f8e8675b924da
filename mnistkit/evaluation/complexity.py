"""What a model is made of: its layers, their output shapes, parameters and multiply-accumulates."""

from __future__ import annotations

import copy
from collections import Counter
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import flop_registry

from mnistkit.models.cpu_forms import use_plain_forms
from mnistkit.recipe import IMAGE_SIZE


@dataclass(frozen=True)
class Layer:
    """One module that computes something or holds parameters of its own.

    Attributes:
        name: Its dotted name in the model.
        kind: Its class.
        output_shape: Shape of its output for one image, without the batch (the first, if it has several); None if
            it was not called.
        parameters: The trainable numbers it holds itself, not those of modules inside it.
        macs: Multiply-accumulates for one image, over all calls, of what it computes itself.
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
    """Run one blank image of shape (1, 1, 28, 28) through a copy of ``model`` and count.

    A parameter that two modules share is counted once, where it appears first. Multiply-accumulates are those of
    convolutions, matrix products and attention, as :mod:`torch.utils.flop_counter` counts them: half its
    floating-point operations. Biases, norms, activations and other work on single numbers are not counted, nor
    is an ``nn.LSTM``, which a CPU runs in one piece. The layers are counted in their plain forms, so that no
    figure depends on what is quick on a CPU.
    """
    model = use_plain_forms(copy.deepcopy(model)).eval()
    shapes, macs = _trace(model)
    seen: set[Tensor] = set()
    layers = []
    for name, module in model.named_modules():
        own = [p for p in module.parameters(recurse=False) if p not in seen]
        seen.update(own)
        is_leaf = next(module.children(), None) is None
        if own or macs[module] or (is_leaf and module in shapes):
            trainable = sum(p.numel() for p in own if p.requires_grad)
            layers.append(Layer(name, type(module).__name__, shapes.get(module), trainable, macs[module]))
    return Summary(tuple(layers), sum(layer.parameters for layer in layers), sum(macs.values()))


class _MacCounter(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Counts the multiply-accumulates of each module that runs, without those of the modules that it calls.

    The formulas are those of torch's own ``FlopCounterMode``, which would import torch's compiler, for a second.
    """

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.running: list[nn.Module] = []
        self.macs: Counter[nn.Module] = Counter()

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        # Nothing is compiled here, so nothing has to be hidden from the compiler, which torch imports for that.
        return False

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        output = func(*args, **(kwargs or {}))
        formula = flop_registry.get(func.overloadpacket)
        if formula is not None:
            self.macs[self.running[-1]] += formula(*args, **(kwargs or {}), out_val=output) // 2
        return output


def _trace(model: nn.Module) -> tuple[dict[nn.Module, tuple[int, ...]], Counter[nn.Module]]:
    """Return each called module's last output shape, and its multiply-accumulates without those of its parts."""
    counter = _MacCounter()
    shapes: dict[nn.Module, tuple[int, ...]] = {}

    def enter(module: nn.Module, inputs: Any) -> None:
        counter.running.append(module)

    def leave(module: nn.Module, inputs: Any, output: Any) -> None:
        counter.running.pop()
        first = output[0] if isinstance(output, tuple) else output
        if isinstance(first, Tensor):
            shapes[module] = tuple(first.shape[1:])

    for module in model.modules():
        module.register_forward_pre_hook(enter)
        module.register_forward_hook(leave)
    parameter = next(model.parameters(), torch.empty(0))
    image = torch.zeros(1, 1, *IMAGE_SIZE, device=parameter.device, dtype=parameter.dtype)
    # Without a gradient to compute, torch's attention and transformer layers run in one piece that is not counted.
    # Attention as two products: which of its other forms are counted differs between versions of torch.
    with torch.enable_grad(), sdpa_kernel(SDPBackend.MATH), counter:
        model(image.requires_grad_())
    return shapes, counter.macs
