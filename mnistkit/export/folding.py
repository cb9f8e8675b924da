"""Batch normalisations of a program taken into the layers before them, which every target wants."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mnistkit.export.program import Operation, Program, TensorRef

Tensors = Mapping[str, NDArray[Any]]

# What may come before a batch normalisation that it can be folded into.
_FOLDS_INTO = ("conv2d", "linear")


def fold_batch_norms(program: Program, tensors: Tensors) -> tuple[Program, dict[str, NDArray[np.float32]]]:
    """Return a program without batch normalisations that computes the same, and all of its tensors as float32.

    The tensors are in the order of their names, so that what is written of them is the same in every process.

    One that follows a convolution or a linear map alone becomes part of its weights; any other becomes a
    multiplication and an addition. Ioffe and Szegedy (2015), "Batch normalization", section 3.1.

    Args:
        program: With or without batch normalisations.
        tensors: At least those that the program takes from its checkpoint, by name.

    Raises:
        KeyError: one is missing.
    """
    known: dict[str, NDArray[Any]] = {name: np.asarray(value) for name, value in program.constants.items()}
    known |= {name: tensors[name] for name in program.tensor_names if name not in known}
    folding = _Folding(program, known)
    for operation in program.operations:
        folding.add(operation)
    folded = replace(program, operations=tuple(folding.operations), constants={})
    floats = {name: np.ascontiguousarray(known[name], dtype=np.float32) for name in sorted(folded.tensor_names)}
    return folded, floats


@dataclass
class _Folding:
    """A program without batch normalisations in the making."""

    program: Program
    known: dict[str, NDArray[Any]]
    operations: list[Operation] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.uses = self.program.uses()

    def add(self, operation: Operation) -> None:
        if operation.kind != "batch_norm" or not all(isinstance(each, TensorRef) for each in operation.inputs[1:]):
            self.operations.append(operation)
            return
        scale, shift = self._scale_and_shift(operation)
        before = self.operations[-1] if self.operations else None
        if before is not None and self._can_take(before, operation):
            self.operations[-1] = self._scaled(before, operation, scale, shift)
        else:
            self._multiply_and_add(operation, scale, shift)

    def _scale_and_shift(self, norm: Operation) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        values = [self._tensor(operand) for operand in norm.inputs[1:]]
        mean, variance = values[:2]
        gamma = values[2] if len(values) > 2 else np.ones_like(mean)
        beta = values[3] if len(values) > 3 else np.zeros_like(mean)
        scale = gamma / np.sqrt(variance + norm.attributes["epsilon"])
        return scale, beta - mean * scale

    def _tensor(self, operand: Any) -> NDArray[np.float64]:
        return self.known[operand.name].astype(np.float64)

    def _can_take(self, before: Operation, norm: Operation) -> bool:
        is_next = before.output == norm.inputs[0] and len(self.uses[before.output]) == 1
        # A linear map of more than vectors has its features last, a batch normalisation has them second.
        fits = before.kind == "conv2d" or len(before.shape) == 2
        constant = all(isinstance(each, TensorRef) for each in before.inputs[1:])
        return before.kind in _FOLDS_INTO and is_next and fits and constant

    def _scaled(
        self, before: Operation, norm: Operation, scale: NDArray[np.float64], shift: NDArray[np.float64]
    ) -> Operation:
        weight = self._tensor(before.inputs[1])
        bias = self._tensor(before.inputs[2]) * scale + shift if len(before.inputs) > 2 else shift
        scaled = weight * scale.reshape(-1, *[1] * (weight.ndim - 1))
        inputs = (before.inputs[0], self._new(norm, "weight", scaled), self._new(norm, "bias", bias))
        return replace(before, inputs=inputs, output=norm.output, shape=norm.shape)

    def _multiply_and_add(self, norm: Operation, scale: NDArray[np.float64], shift: NDArray[np.float64]) -> None:
        form = (-1, *[1] * (len(norm.shape) - 2))
        scaled = f"{norm.output}_scaled"
        factor = self._new(norm, "scale", scale.reshape(form))
        addend = self._new(norm, "shift", shift.reshape(form))
        multiply = Operation("multiply", (norm.inputs[0], factor), scaled, norm.shape, norm.layer)
        self.operations += [multiply, Operation("add", (scaled, addend), norm.output, norm.shape, norm.layer)]

    def _new(self, norm: Operation, what: str, value: NDArray[np.float64]) -> TensorRef:
        name = f"{norm.output}/{what}"
        self.known[name] = value
        return TensorRef(name)
