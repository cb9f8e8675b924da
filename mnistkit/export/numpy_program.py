"""A program that numpy computes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mnistkit.export.folding import fold_batch_norms
from mnistkit.export.numpy_kernels import KERNELS, Array
from mnistkit.export.program import INPUT, Operation, Program, TensorRef, concrete

# Pictures computed at a time: their values stay in the cache, and matrices are large enough.
_AT_A_TIME = 16


@dataclass(frozen=True)
class _Step:
    """An operation that is ready to be computed.

    Attributes:
        compute: Called with the values of ``takes``, and the number of pictures.
        takes: The names of the values that it is given.
        makes: The name of the value that it returns.
        forgets: The names of the values that no later step takes.
    """

    compute: Callable[..., Array]
    takes: tuple[str, ...]
    makes: str
    forgets: tuple[str, ...]


class NumpyProgram:
    """A program and its tensors, ready to be computed. Several threads may call it at the same time.

    Args:
        program: The program.
        tensors: Those of its checkpoint, by name, of any floating-point type.

    Raises:
        ValueError: a tensor is missing.
    """

    def __init__(self, program: Program, tensors: Mapping[str, NDArray[Any]]) -> None:
        missing = sorted(program.tensor_names - tensors.keys() - program.constants.keys())
        if missing:
            raise ValueError(f"there is no tensor '{missing[0]}'")
        folded, floats = fold_batch_norms(program, tensors)
        self._output = folded.output
        last = {name: places[-1] for name, places in folded.uses().items() if places}
        self._steps = tuple(
            _step(each, floats, tuple(name for name in set(each.values) if last[name] == place))
            for place, each in enumerate(folded.operations)
        )

    def __call__(self, images: Array) -> Array:
        """Return the logits of normalised images.

        Args:
            images: float32 array of shape (n, 1, 28, 28), n at least 1.

        Returns:
            Array of shape (n, classes).

        Raises:
            ValueError: the program is damaged: shapes do not fit.
        """
        parts = (images[start : start + _AT_A_TIME] for start in range(0, len(images), _AT_A_TIME))
        return np.concatenate([self.values(part)[self._output] for part in parts])

    def values(self, images: Array) -> dict[str, Array]:
        """Return the values that are left after the last step: the output alone."""
        known = {INPUT: images}
        for step in self._steps:
            known[step.makes] = step.compute(*(known[name] for name in step.takes), pictures=len(images))
            for name in step.forgets:
                del known[name]
        return known


def _step(operation: Operation, tensors: Mapping[str, Array], forgets: tuple[str, ...]) -> _Step:
    """Prepare an operation: all that does not depend on the pictures is bound here."""
    operands = [_bound(each, tensors) for each in operation.inputs]
    kernel = _kernel(operation)
    compute = partial(_computed, kernel, operands)
    return _Step(compute, operation.values, operation.output, forgets)


def _bound(operand: Any, tensors: Mapping[str, Array]) -> Any:
    """Return a tensor or a number; None for a value, which is not there yet."""
    if isinstance(operand, TensorRef):
        return tensors[operand.name]
    return None if isinstance(operand, str) else np.float32(operand)


def _computed(kernel: Callable[..., Array], operands: list[Any], *values: Array, pictures: int) -> Array:
    given = iter(values)
    return kernel(*(next(given) if each is None else each for each in operands), pictures=pictures)


def _kernel(operation: Operation) -> Callable[..., Array]:
    if operation.kind == "reshape":
        return lambda x, pictures: x.reshape(concrete(operation.shape, pictures))
    if operation.kind == "broadcast":
        return lambda x, pictures: np.broadcast_to(x, concrete(operation.shape, pictures))
    kernel = partial(KERNELS[operation.kind], **operation.attributes)
    return lambda *operands, pictures: kernel(*operands)
