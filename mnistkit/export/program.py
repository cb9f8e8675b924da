"""The program of a model: a short list of operations on named values and tensors, without torch.

docs/program.md documents it for whoever writes a target. A program names the tensors of its checkpoint and holds
none of them; nothing heavy is imported here.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

VERSION = 1
INPUT = "images"
"""The value that a program starts from: normalised images."""

BATCH = "n"
"""Stands in a shape for the number of pictures; "4n" for four times as many."""


@dataclass(frozen=True)
class TensorRef:
    """A tensor of the checkpoint, or a constant of the program, by name."""

    name: str


Operand: TypeAlias = str | float | TensorRef
"""What an operation is given: the name of a value, a number, or a tensor."""

Shape: TypeAlias = tuple[int | str, ...]

_UNARY = ("relu", "gelu", "silu", "sigmoid", "tanh", "exp", "sqrt", "square", "clamp")
_BINARY = ("add", "subtract", "multiply", "divide")
_REDUCTIONS = ("mean", "sum", "max")

OPERATIONS: Mapping[str, tuple[range, frozenset[str]]] = {
    "conv2d": (range(2, 4), frozenset(("stride", "padding", "dilation", "groups"))),
    "linear": (range(2, 4), frozenset()),
    "batch_norm": (range(3, 6), frozenset(("epsilon",))),
    "layer_norm": (range(1, 4), frozenset(("dimensions", "epsilon"))),
    "softmax": (range(1, 2), frozenset(("axis",))),
    "matmul": (range(2, 3), frozenset()),
    "attention": (range(3, 4), frozenset(("scale",))),
    "max_pool2d": (range(1, 2), frozenset(("kernel", "stride", "padding"))),
    "avg_pool2d": (range(1, 2), frozenset(("kernel", "stride", "padding", "count_padding"))),
    "reshape": (range(1, 2), frozenset()),
    "broadcast": (range(1, 2), frozenset()),
    "transpose": (range(1, 2), frozenset(("order",))),
    "concat": (range(1, 1000), frozenset(("axis",))),
    "slice": (range(1, 2), frozenset(("axis", "start", "stop", "step"))),
    "pad": (range(1, 2), frozenset(("before", "after", "value"))),
    **{name: (range(1, 2), frozenset()) for name in _UNARY},
    "gelu": (range(1, 2), frozenset(("approximate",))),
    "clamp": (range(1, 2), frozenset(("low", "high"))),
    **{name: (range(2, 3), frozenset()) for name in _BINARY},
    **{name: (range(1, 2), frozenset(("axes", "keep"))) for name in _REDUCTIONS},
}
"""Every operation: how many operands it takes, and the names of its attributes."""

_LEAST = {"kernel": 1, "stride": 1, "dilation": 1, "groups": 1, "padding": 0, "before": 0, "after": 0}
# No value of a program for 28x28 pictures comes near; a damaged one must not fill the memory.
_MOST_NUMBERS = 2**24


@dataclass(frozen=True)
class Operation:
    """One step of a program.

    Attributes:
        kind: A name of :data:`OPERATIONS`.
        inputs: Its operands.
        output: The name of the value it makes.
        shape: That of the value.
        layer: The layer of the model that it comes from, such as "features.0"; empty for the model itself.
        attributes: By name, as :data:`OPERATIONS` lists them: numbers, booleans, texts or tuples of integers.
    """

    kind: str
    inputs: tuple[Operand, ...]
    output: str
    shape: Shape
    layer: str = ""
    attributes: Mapping[str, Any] = field(default_factory=dict)

    @property
    def values(self) -> tuple[str, ...]:
        """The names of the values among its operands."""
        return tuple(each for each in self.inputs if isinstance(each, str))

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, as a checkpoint's description holds them."""
        plain = {"op": self.kind, "inputs": [_plain_operand(each) for each in self.inputs], "output": self.output}
        plain |= {"shape": list(self.shape), "layer": self.layer}
        return {**plain, **{name: _listed(value) for name, value in self.attributes.items()}}

    @classmethod
    def of(cls, plain: Mapping[str, Any]) -> Operation:
        """Read it back, or raise KeyError, TypeError or ValueError."""
        kind = plain["op"]
        if kind not in OPERATIONS:
            raise ValueError(f"there is no operation '{kind}'")
        counts, names = OPERATIONS[kind]
        inputs = tuple(_operand(each) for each in plain["inputs"])
        if len(inputs) not in counts:
            raise ValueError(f"{kind} takes no {len(inputs)} operands")
        attributes = {name: _attribute(plain[name], _LEAST.get(name)) for name in sorted(names)}
        return cls(kind, inputs, _text(plain["output"]), _shape(plain["shape"]), _text(plain["layer"]), attributes)


@dataclass(frozen=True)
class Program:
    """A model as operations.

    Attributes:
        input_shape: That of the value :data:`INPUT`.
        operations: In the order in which they are computed.
        output: The name of the value that holds the logits, of shape ("n", classes).
        constants: Small tensors that the checkpoint does not hold, by name, as nested lists of numbers.
    """

    input_shape: Shape
    operations: tuple[Operation, ...]
    output: str
    constants: Mapping[str, Any] = field(default_factory=dict)

    @property
    def tensor_names(self) -> frozenset[str]:
        """The names of all tensors that the operations take, constants too."""
        operands = (each for operation in self.operations for each in operation.inputs)
        return frozenset(each.name for each in operands if isinstance(each, TensorRef))

    def uses(self) -> dict[str, list[int]]:
        """Return for every value the places of the operations that take it; the output's end with their number."""
        found: dict[str, list[int]] = {INPUT: [], **{each.output: [] for each in self.operations}}
        for place, operation in enumerate(self.operations):
            for name in operation.values:
                found[name].append(place)
        found[self.output].append(len(self.operations))
        return found

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, as a checkpoint's description holds them."""
        return {
            "version": VERSION,
            "input_shape": list(self.input_shape),
            "operations": [each.to_dict() for each in self.operations],
            "output": self.output,
            "constants": dict(self.constants),
        }

    @classmethod
    def of(cls, plain: Mapping[str, Any]) -> Program:
        """Read it back.

        Raises:
            ValueError: it is damaged, or of another version.
        """
        try:
            if plain["version"] != VERSION:
                raise ValueError(f"version {plain['version']} of programs is not known")
            operations = tuple(Operation.of(each) for each in plain["operations"])
            constants = dict(plain["constants"])
            program = cls(_shape(plain["input_shape"]), operations, _text(plain["output"]), constants)
        except (KeyError, TypeError, AttributeError, RecursionError) as error:
            raise ValueError(f"the program is damaged: {error}") from error
        program.check()
        return program

    def check(self) -> None:
        """See that every operation takes what is there before it.

        Raises:
            ValueError: one does not, or two make the same value.
        """
        known = {INPUT}
        for operation in self.operations:
            missing = [name for name in operation.values if name not in known]
            if missing or operation.output in known:
                raise ValueError(f"the program is damaged near '{operation.output}'")
            known.add(operation.output)
        if self.output not in known:
            raise ValueError(f"the program does not make its output '{self.output}'")


def batch_factor(length: int | str) -> int | None:
    """Return k where ``length``, of a shape, is k times the number of pictures; None where it is a number."""
    return int(length[: -len(BATCH)] or 1) if isinstance(length, str) else None


def concrete(shape: Shape, pictures: int) -> tuple[int, ...]:
    """Return a shape for a number of pictures."""
    factors = ((batch_factor(length), length) for length in shape)
    return tuple(int(length) if factor is None else factor * pictures for factor, length in factors)


def _plain_operand(operand: Operand) -> Any:
    return {"tensor": operand.name} if isinstance(operand, TensorRef) else operand


def _operand(plain: Any) -> Operand:
    if isinstance(plain, Mapping):
        return TensorRef(_text(plain["tensor"]))
    if isinstance(plain, str) or (_is_number(plain) and math.isfinite(plain)):
        return plain  # type: ignore[no-any-return]
    raise TypeError(f"{plain} is no operand")


def _attribute(plain: Any, least: int | None) -> Any:
    """Read an attribute back; of whole numbers the least one may be given, since a damaged step leads anywhere."""
    if isinstance(plain, list):
        if not all(type(each) is int and (least is None or each >= least) for each in plain):
            raise TypeError(f"{plain} is no attribute")
        return tuple(plain)
    if least is not None and not (type(plain) is int and plain >= least):
        raise TypeError(f"{plain} is no attribute")
    if plain is None or isinstance(plain, (bool, str)) or _is_number(plain):
        return plain
    raise TypeError(f"{plain} is no attribute")


def _shape(plain: Sequence[Any]) -> Shape:
    for length in plain:
        if isinstance(length, str):
            if not (length.endswith(BATCH) and (length == BATCH or length[: -len(BATCH)].isdecimal())):
                raise ValueError(f"{length} is no length")
        elif type(length) is not int or length < 0:
            raise ValueError(f"{length} is no length")
    shape = tuple(plain)
    if math.prod(concrete(shape, 1)) > _MOST_NUMBERS:
        raise ValueError(f"a value of shape {plain} is too large")
    return shape


def _text(plain: Any) -> str:
    if not isinstance(plain, str):
        raise TypeError(f"{plain} is no text")
    return plain


def _is_number(plain: Any) -> bool:
    return isinstance(plain, (int, float)) and not isinstance(plain, bool)


def _listed(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value
