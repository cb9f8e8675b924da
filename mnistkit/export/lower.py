"""Lowering a model to its program, by torch.export.

torch records which of its operations a model calls, and this file says for each of them what it is in a program.
Nothing here knows an architecture: a new one needs nothing but operations that are in the table.
"""

from __future__ import annotations

import logging
import operator
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import Any, TypeAlias

import torch
from torch import Tensor, nn
from torch.fx import Node

from mnistkit.exceptions import LoweringError
from mnistkit.export.program import BATCH, INPUT, Operand, Operation, Program, Shape, TensorRef
from mnistkit.models import build_model
from mnistkit.recipe import IMAGE_SIZE

# Constants are written into the description, as text.
_MOST_CONSTANTS = 20_000

_Attributes: TypeAlias = dict[str, Any]
_Values: TypeAlias = "Operand | list[Operand]"


@cache
def lower_architecture(name: str, num_classes: int) -> Program:
    """Return the program of an architecture, whatever its weights are.

    Args:
        name: The architecture's.
        num_classes: Columns of the logits.

    Raises:
        UnknownNameError: no such architecture.
        LoweringError: it does what no program can; the message names the operation and the layer.
    """
    with torch.random.fork_rng(devices=[]):
        model = build_model(name, num_classes, plain=True)
    return lower(model.eval(), f"'{name}'")


def lower(model: nn.Module, name: str = "the model") -> Program:
    """Return the program of a model in evaluation mode; its state's names are those of the program's tensors.

    Args:
        model: Maps float tensors of shape (n, 1, 28, 28) to logits of shape (n, classes).
        name: What it is called in messages.

    Raises:
        LoweringError: it does what no program can; the message names the operation and the layer.
    """
    exported = _exported(model, name)
    lowering = _Lowering(name, exported)
    for node in exported.graph.nodes:
        lowering.add(node)
    return lowering.program()


def _exported(model: nn.Module, name: str) -> torch.export.ExportedProgram:
    # Two pictures: with one, torch would take their number for a constant.
    example = torch.zeros(2, 1, *IMAGE_SIZE)
    try:
        with _without_remarks(), torch.no_grad():
            return torch.export.export(model, (example,), dynamic_shapes=({0: torch.export.Dim.DYNAMIC},))
    except Exception as error:  # torch raises nearly anything where it cannot follow a model
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        if "specialized" in str(error):
            reason = (
                "it takes the number of pictures for a constant, as len(images) does; images.shape[0] does not"
            )
        raise _refusal(name, reason) from error


def _refusal(name: str, because: str) -> LoweringError:
    return LoweringError(
        f"{name} cannot be lowered to a program: {because}", hint="docs/program.md lists what a program can hold"
    )


@contextmanager
def _without_remarks() -> Iterator[None]:
    """Keep torch's remarks about its own insides to itself."""
    logger = logging.getLogger("torch")
    level = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(level)


@dataclass
class _Lowering:
    """A program in the making."""

    name: str
    exported: torch.export.ExportedProgram
    operations: list[Operation] = field(default_factory=list)
    constants: dict[str, Any] = field(default_factory=dict)
    known: dict[Node, _Values] = field(default_factory=dict)
    output: Operand | None = None

    def add(self, node: Node) -> None:
        """Take what a node of torch's graph computes into the program."""
        if node.op == "placeholder":
            self._add_placeholder(node)
        elif node.op == "output":
            (self.output,) = (self.known[each] for each in node.args[0])  # type: ignore[assignment, union-attr, index]
        elif node.op == "call_function" and _makes_values(node):
            self.known[node] = self._lowered(node)

    def program(self) -> Program:
        """Return the program, without what its output does not need."""
        if not isinstance(self.output, str):
            raise self.refusal("its output does not depend on the pictures")
        needed, kept = {self.output}, []
        for operation in reversed(self.operations):
            if operation.output in needed:
                needed.update(operation.values)
                kept.append(operation)
        program = Program((BATCH, 1, *IMAGE_SIZE), tuple(reversed(kept)), self.output)
        constants = {name: value for name, value in self.constants.items() if name in program.tensor_names}
        return Program(program.input_shape, program.operations, program.output, constants)

    def _add_placeholder(self, node: Node) -> None:
        signature = self.exported.graph_signature
        held = {**signature.inputs_to_parameters, **signature.inputs_to_buffers}
        lifted = signature.inputs_to_lifted_tensor_constants
        is_stored = node.name in held and held[node.name] not in signature.non_persistent_buffers
        if is_stored:
            self.known[node] = TensorRef(held[node.name])
        elif node.name in held or node.name in lifted:
            name = held.get(node.name) or lifted[node.name]
            value = self.exported.constants.get(name)
            if not isinstance(value, Tensor) or value.numel() > _MOST_CONSTANTS:
                raise self.refusal(f"its constant '{name}' is too large; make it a persistent buffer")
            self.constants[name] = value.float().tolist()
            self.known[node] = TensorRef(name)
        else:
            self.known[node] = INPUT

    def _lowered(self, node: Node) -> _Values:
        if node.target is operator.getitem:
            several, place = node.args
            return self.known[several][place]  # type: ignore[index]
        target = str(node.target).removeprefix("aten.")
        lowered = _TABLE.get(target.rpartition(".")[0])
        if lowered is None:
            raise self.unsupported(node)
        return lowered(_Call(self, node))

    def unsupported(self, node: Node, because: str = "") -> LoweringError:
        """Return the error for a node that a program cannot hold."""
        layer = _layer(node)
        what = str(node.target).removeprefix("aten.").partition(".")[0]
        where = f"layer '{layer}'" if layer else "the model itself"
        return self.refusal(f"{where} uses {what}{f' with {because}' if because else ', which no program has'}")

    def refusal(self, because: str) -> LoweringError:
        """Return the error for a model that no program can hold."""
        return _refusal(self.name, because)


@dataclass
class _Call:
    """One call of an operation of torch: its arguments by name, and what it becomes."""

    lowering: _Lowering
    node: Node

    def __post_init__(self) -> None:
        schema = self.node.target._schema.arguments  # type: ignore[union-attr]
        given = {**{each.name: value for each, value in zip(schema, self.node.args, strict=False)}}
        given |= self.node.kwargs
        self.arguments = {each.name: given.get(each.name, each.default_value) for each in schema}

    def __getitem__(self, name: str) -> Any:
        return self.arguments[name]

    def operand(self, name: str) -> Operand:
        """Return an argument that is a value, a tensor or a number."""
        return self._operand(self.arguments[name])

    def operands(self, name: str) -> list[Operand]:
        """Return an argument that is a list of those."""
        return [self._operand(each) for each in self.arguments[name]]

    def _operand(self, argument: Any) -> Operand:
        if isinstance(argument, Node):
            if self.lowering.known.get(argument) is None:
                raise self.refuse("a number that depends on the pictures")
            return self.lowering.known[argument]  # type: ignore[return-value]
        if isinstance(argument, (int, float)):
            return float(argument)
        raise self.refuse(f"{type(argument).__name__}")

    def given(self, *names: str) -> list[Operand]:
        """Return those of the arguments that are there; what follows one that is not there must not be either."""
        there = [name for name in names if self.arguments[name] is not None]
        if there != list(names[: len(there)]):
            raise self.refuse(f"'{names[len(there)]}' left out")
        return [self.operand(name) for name in there]

    def demand(self, is_met: bool, because: str) -> None:
        """Raise LoweringError unless a condition is met."""
        if not is_met:
            raise self.refuse(because)

    def refuse(self, because: str) -> LoweringError:
        """Return the error that names this call."""
        return self.lowering.unsupported(self.node, because)

    def shape_of(self, name: str) -> Shape:
        """Return the shape of an argument."""
        return _shape(self.arguments[name].meta["val"], self)

    def make(
        self, kind: str, inputs: Sequence[Operand], shape: Shape | None = None, suffix: str = "", **attributes: Any
    ) -> str:
        """Add an operation and return the name of its value."""
        output = f"{self.node.name}{suffix}"
        if shape is None:
            shape = _shape(self.node.meta["val"], self)
        layer = _layer(self.node)
        self.lowering.operations.append(Operation(kind, tuple(inputs), output, shape, layer, attributes))
        return output


def _makes_values(node: Node) -> bool:
    """Say whether a node computes tensors, not checks, types or the number of pictures."""
    value = node.meta.get("val")
    return isinstance(value, Tensor) or (isinstance(value, (list, tuple)) and isinstance(value[0], Tensor))


def _layer(node: Node) -> str:
    stack = list(node.meta.get("nn_module_stack", {}).values())
    return str(stack[-1][0]) if stack else ""


def _shape(value: Tensor, call: _Call) -> Shape:
    return tuple(_length(each, call) for each in value.shape)


def _length(length: int | torch.SymInt, call: _Call) -> int | str:
    if isinstance(length, int):
        return length
    expression = length.node.expr
    (symbol,) = expression.free_symbols
    factor = expression / symbol
    if not factor.is_Integer:
        raise call.refuse(f"a length of {expression}")
    return BATCH if factor == 1 else f"{int(factor)}{BATCH}"


def _pair(value: int | Sequence[int]) -> tuple[int, int]:
    numbers = [value] if isinstance(value, int) else list(value)
    return (numbers[0], numbers[-1])


def _axis(axis: int, rank: int) -> int:
    return axis % rank


def _same(call: _Call) -> _Values:
    return call.operand(next(iter(call.arguments)))


def _cast(call: _Call) -> _Values:
    call.demand(call.node.meta["val"].is_floating_point(), "whole numbers")
    return _same(call)


def _dropout(call: _Call) -> _Values:
    call.demand(not call["train"], "random numbers")
    return _same(call)


def _unary(kind: str) -> Callable[[_Call], _Values]:
    return lambda call: call.make(kind, [call.operand("self")])


def _binary(kind: str) -> Callable[[_Call], _Values]:
    def lowered(call: _Call) -> _Values:
        call.demand(call.arguments.get("alpha", 1) == 1, "a factor 'alpha'")
        call.demand(call.arguments.get("rounding_mode") is None, "rounding")
        return call.make(kind, [call.operand("self"), call.operand("other")])

    return lowered


def _reversed_subtract(call: _Call) -> _Values:
    call.demand(call["alpha"] == 1, "a factor 'alpha'")
    return call.make("subtract", [call.operand("other"), call.operand("self")])


def _reduction(kind: str) -> Callable[[_Call], _Values]:
    def lowered(call: _Call) -> _Values:
        rank = len(call.shape_of("self"))
        given = call.arguments.get("dim")
        axes = range(rank) if not given and given != 0 else [given] if isinstance(given, int) else given
        axes = tuple(sorted(_axis(each, rank) for each in axes))
        is_of_all = any(isinstance(call.shape_of("self")[each], str) for each in axes)
        call.demand(not is_of_all, "all pictures together")
        return call.make(kind, [call.operand("self")], axes=axes, keep=bool(call.arguments.get("keepdim")))

    return lowered


def _conv2d(call: _Call) -> _Values:
    padding, weight, dilation = call["padding"], call.shape_of("weight"), _pair(call["dilation"])
    if isinstance(padding, str):
        spans = [each * (int(length) - 1) for each, length in zip(dilation, weight[2:], strict=True)]
        call.demand(padding == "valid" or not any(span % 2 for span in spans), "'same' padding of an even kernel")
        padding = [0, 0] if padding == "valid" else [span // 2 for span in spans]
    return call.make(
        "conv2d",
        call.given("input", "weight", "bias"),
        stride=_pair(call["stride"]),
        padding=_pair(padding),
        dilation=dilation,
        groups=call["groups"],
    )


def _batch_norm(call: _Call) -> _Values:
    call.demand(not call["training"], "the statistics of the batch")
    inputs = [call.operand(name) for name in ("input", "running_mean", "running_var")]
    return call.make("batch_norm", [*inputs, *call.given("weight", "bias")], epsilon=call["eps"])


def _layer_norm(call: _Call) -> _Values:
    inputs = [call.operand("input"), *call.given("weight", "bias")]
    return call.make("layer_norm", inputs, dimensions=len(call["normalized_shape"]), epsilon=call["eps"])


def _max_pool2d(call: _Call) -> _Values:
    call.demand(_pair(call["dilation"]) == (1, 1), "dilation")
    call.demand(not call["ceil_mode"], "ceil_mode")
    return call.make("max_pool2d", [call.operand("self")], **_pool(call))


def _avg_pool2d(call: _Call) -> _Values:
    call.demand(not call["ceil_mode"], "ceil_mode")
    call.demand(call["divisor_override"] is None, "a divisor of its own")
    counted = bool(call["count_include_pad"])
    return call.make("avg_pool2d", [call.operand("self")], **_pool(call), count_padding=counted)


def _pool(call: _Call) -> _Attributes:
    kernel = _pair(call["kernel_size"])
    stride = _pair(call["stride"]) if call["stride"] else kernel
    return {"kernel": kernel, "stride": stride, "padding": _pair(call["padding"])}


def _adaptive(reduce: str, pool: str, **more: Any) -> Callable[[_Call], _Values]:
    def lowered(call: _Call) -> _Values:
        inputs, shape = [call.operand("self")], call.shape_of("self")
        height, width = (int(each) for each in shape[-2:])
        rows, columns = _pair(call["output_size"])
        result = (*shape[:-2], rows, columns)
        if (rows, columns) == (1, 1):
            axes = (len(shape) - 2, len(shape) - 1)
            return call.make(reduce, inputs, result, axes=axes, keep=True)
        call.demand(height % rows == 0 and width % columns == 0, "windows of different sizes")
        kernel = (height // rows, width // columns)
        return call.make(pool, inputs, result, kernel=kernel, stride=kernel, padding=(0, 0), **more)

    return lowered


def _adaptive_max(call: _Call) -> _Values:
    # torch gives the places of the largest values too, which no program can use.
    return [_adaptive("max", "max_pool2d")(call), None]  # type: ignore[list-item]


def _reshape(call: _Call) -> _Values:
    return call.make("reshape", [call.operand(next(iter(call.arguments)))])


def _permute(call: _Call) -> _Values:
    rank = len(call.shape_of("self"))
    return call.make("transpose", [call.operand("self")], order=tuple(_axis(each, rank) for each in call["dims"]))


def _transpose(call: _Call) -> _Values:
    names = ("dim0", "dim1") if "dim0" in call.arguments else ("axis0", "axis1")
    rank = len(call.shape_of("self"))
    return _swapped(call, *(_axis(call[name], rank) for name in names))


def _turned(call: _Call) -> _Values:
    rank = len(call.shape_of("self"))
    return _swapped(call, rank - 2, rank - 1) if rank > 1 else call.operand("self")


def _swapped(call: _Call, first: int, second: int) -> str:
    order = list(range(len(call.shape_of("self"))))
    order[first], order[second] = order[second], order[first]
    return call.make("transpose", [call.operand("self")], order=tuple(order))


def _concat(call: _Call) -> _Values:
    rank = len(call.node.meta["val"].shape)
    return call.make("concat", call.operands("tensors"), axis=_axis(call["dim"], rank))


def _slice(call: _Call) -> _Values:
    shape = call.shape_of("self")
    axis = _axis(call["dim"], len(shape))
    start, stop, step = call["start"] or 0, call["end"], call["step"]
    if start == 0 and step == 1 and (stop is None or stop >= 2**31):
        return call.operand("self")
    length = shape[axis]
    if isinstance(length, str):
        raise call.refuse("a part of the pictures")
    start, stop, _ = slice(start, stop).indices(length)
    return call.make("slice", [call.operand("self")], axis=axis, start=start, stop=stop, step=step)


def _cut(call: _Call, axis: int, start: int, stop: int, suffix: str) -> str:
    shape = list(call.shape_of("self"))
    call.demand(not isinstance(shape[axis], str), "a part of the pictures")
    shape[axis] = stop - start
    whole = [call.operand("self")]
    return call.make("slice", whole, tuple(shape), suffix, axis=axis, start=start, stop=stop, step=1)


def _select(call: _Call) -> _Values:
    shape = call.shape_of("self")
    axis = _axis(call["dim"], len(shape))
    call.demand(not isinstance(shape[axis], str), "one of the pictures")
    start = call["index"] % int(shape[axis])
    return call.make("reshape", [_cut(call, axis, start, start + 1, "_part")])


def _split(call: _Call) -> _Values:
    """Lower split, chunk and unbind: a slice for each part, without its axis if the parts have it no more."""
    shape = call.shape_of("self")
    axis = _axis(call["dim"], len(shape))
    parts: list[Operand] = []
    start = 0
    for number, part in enumerate(call.node.meta["val"]):
        result = _shape(part, call)
        length = int(result[axis]) if len(result) == len(shape) else 1
        suffix = f"_part{number}"
        cut = _cut(call, axis, start, start + length, suffix)
        parts.append(cut if len(result) == len(shape) else call.make("reshape", [cut], result, f"_{number}"))
        start += length
    return parts


def _pad(call: _Call) -> _Values:
    call.demand(call.arguments.get("mode", "constant") == "constant", f"mode {call.arguments.get('mode')}")
    rank, pad = len(call.shape_of("self")), call["pad"]
    call.demand(all(each >= 0 for each in pad), "negative lengths")
    # torch counts from the last dimension.
    pairs = [(pad[place], pad[place + 1]) for place in range(0, len(pad), 2)]
    pairs = [(0, 0)] * (rank - len(pairs)) + pairs[::-1]
    before, after = (tuple(pair[side] for pair in pairs) for side in (0, 1))
    return call.make("pad", [call.operand("self")], before=before, after=after, value=float(call["value"] or 0))


def _attention(call: _Call) -> _Values:
    call.demand(call["attn_mask"] is None and not call["is_causal"] and not call["enable_gqa"], "a mask")
    call.demand(not call["dropout_p"], "dropout")
    scale = call["scale"] or int(call.shape_of("query")[-1]) ** -0.5
    return call.make("attention", [call.operand(name) for name in ("query", "key", "value")], scale=scale)


def _gelu(call: _Call) -> _Values:
    return call.make("gelu", [call.operand("self")], approximate=call["approximate"])


def _clamp(call: _Call) -> _Values:
    low, high = (call.arguments.get(name) for name in (("min", "max") if "min" in call.arguments else _HARD))
    return call.make("clamp", [call.operand("self")], low=low, high=high)


_HARD = ("min_val", "max_val")


def _relu6(call: _Call) -> _Values:
    return call.make("clamp", [call.operand("self")], low=0, high=6)


def _power(call: _Call) -> _Values:
    if call["exponent"] == 0.5:
        return call.make("sqrt", [call.operand("self")])
    call.demand(call["exponent"] == 2, f"an exponent of {call['exponent']}")
    return call.make("square", [call.operand("self")])


def _softmax(call: _Call) -> _Values:
    axis = _axis(call["dim"], len(call.shape_of("self")))
    return call.make("softmax", [call.operand("self")], axis=axis)


def _matmul(call: _Call) -> _Values:
    other = "other" if "other" in call.arguments else "mat2"
    return call.make("matmul", [call.operand("self"), call.operand(other)])


def _expand(call: _Call) -> _Values:
    return call.make("broadcast", [call.operand("self")])


def _negate(call: _Call) -> _Values:
    return call.make("multiply", [call.operand("self"), -1.0])


def _linear(call: _Call) -> _Values:
    return call.make("linear", call.given("input", "weight", "bias"))


_TABLE: dict[str, Callable[[_Call], _Values]] = {
    "conv2d": _conv2d,
    "linear": _linear,
    "batch_norm": _batch_norm,
    "layer_norm": _layer_norm,
    "gelu": _gelu,
    "softmax": _softmax,
    "matmul": _matmul,
    "bmm": _matmul,
    "mm": _matmul,
    "scaled_dot_product_attention": _attention,
    "max_pool2d": _max_pool2d,
    "avg_pool2d": _avg_pool2d,
    "adaptive_avg_pool2d": _adaptive("mean", "avg_pool2d", count_padding=True),
    "adaptive_max_pool2d": _adaptive_max,
    "clamp": _clamp,
    "hardtanh": _clamp,
    "relu6": _relu6,
    "pow": _power,
    "neg": _negate,
    "cat": _concat,
    "slice": _slice,
    "select": _select,
    "pad": _pad,
    "constant_pad_nd": _pad,
    "permute": _permute,
    "t": _turned,
    "numpy_T": _turned,
    "mT": _turned,
    "amax": _reduction("max"),
    **dict.fromkeys(("transpose", "swapaxes", "swapdims"), _transpose),
    **dict.fromkeys(("split", "split_with_sizes", "chunk", "unbind", "unsafe_split", "unsafe_chunk"), _split),
    **dict.fromkeys(("reshape", "view", "flatten", "unflatten", "squeeze", "unsqueeze", "_unsafe_view"), _reshape),
    **dict.fromkeys(("expand", "expand_as"), _expand),
    **dict.fromkeys(("contiguous", "clone", "alias", "detach", "lift_fresh_copy"), _same),
    **dict.fromkeys(("to", "_to_copy"), _cast),
    **dict.fromkeys(("dropout", "feature_dropout", "alpha_dropout", "feature_alpha_dropout"), _dropout),
    **{name: _reduction(name) for name in ("mean", "sum")},
    **{name: _unary(name) for name in ("relu", "silu", "sigmoid", "tanh", "exp", "sqrt", "square")},
    **{f"{name}_": _unary(name) for name in ("relu", "silu", "sigmoid", "tanh")},
    "add": _binary("add"),
    "sub": _binary("subtract"),
    "rsub": _reversed_subtract,
    "mul": _binary("multiply"),
    "div": _binary("divide"),
}
