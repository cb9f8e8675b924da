"""A batch cut into shards that several threads compute at the same time.

Every shard has a copy of the model that shares its parameters and owns what a forward pass changes: its buffers
and the generators of its dropout. The number of shards follows from the recipe and the batch, never from the
machine, and what they give is added up in their order: so the trained bytes do not depend on how many threads
there are, or on which is done first.

Batch normalisation normalises each shard by the shard's own mean and variance, as it does where a batch is spread
over several devices (Hoffer, Hubara and Soudry 2017, "Train longer, generalize better", section 4, call it ghost
batch normalisation). Its running averages take the mean over the shards once a step.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from typing import TypeVar

import torch
from torch import Tensor, nn

from mnistkit.threads import in_threads
from mnistkit.training.seeds import model_generator, seed_model

SMALLEST = 16
"""Images in a shard, at least: fewer take longer than their share, and are too few for batch normalisation."""

Result = TypeVar("Result")


def shard_count(batch_size: int, wanted: int) -> int:
    """Return into how many shards a batch is cut: as many as wanted, unless they became too small."""
    return max(1, min(wanted, batch_size // SMALLEST))


class Shards:
    """Computes the shards of batches for one model.

    Args:
        model: The model in training mode, on its device.
        count: Number of shards; more than one only on a CPU.
        seed: Seed of the run, from which the dropout of every step follows.
    """

    def __init__(self, model: nn.Module, count: int, seed: int) -> None:
        self._model, self._seed = model, seed
        self._copies = [_sharing_parameters(model) for _ in range(count)] if count > 1 else [model]
        self._dropout = [
            [module for module in each.modules() if isinstance(module, (_Dropout, _ChannelDropout))]
            for each in self._copies
        ]
        # Until a first step has shown it: what a model draws from torch's one generator depends on the order.
        self._one_by_one = True

    def __len__(self) -> int:
        return len(self._copies)

    def compute(self, step: int, function: Callable[[int, nn.Module], Result]) -> list[Result]:
        """Return what ``function`` returns for each shard.

        Args:
            step: Steps of the run before this one.
            function: Is given a shard's number and its copy of the model, and computes forward and backward pass
                of it; called in several threads at the same time.
        """
        self._share_buffers()

        def shard(number: int) -> Result:
            generator = model_generator(self._seed, step, number)
            for module in self._dropout[number]:
                module.generator = generator
            return function(number, self._copies[number])

        numbers = range(len(self))
        results = self._in_order(step, shard) if self._one_by_one else in_threads(shard, numbers)
        self._average_buffers()
        return results

    def _in_order(self, step: int, shard: Callable[[int], Result]) -> list[Result]:
        """Compute shard after shard, and find out whether that is needed.

        A module's dropout draws from a generator of its shard. Whatever else a model draws comes from torch's one
        generator, which threads would share.
        """
        results, draws = [], False
        for number in range(len(self)):
            seed_model(self._seed, step, number)
            before = torch.get_rng_state()
            results.append(shard(number))
            draws |= not torch.equal(before, torch.get_rng_state())
        self._one_by_one = draws or len(self) == 1
        return results

    def _share_buffers(self) -> None:
        for mine, theirs in self._buffers():
            for buffer in theirs:
                buffer.copy_(mine)

    def _average_buffers(self) -> None:
        for mine, theirs in self._buffers():
            if all(torch.equal(theirs[0], other) for other in theirs[1:]):
                mine.copy_(theirs[0])
            else:
                mine.copy_(torch.stack(theirs).mean(dim=0))

    def _buffers(self) -> list[tuple[Tensor, list[Tensor]]]:
        """Return each buffer of the model with those of its copies; none if the model is computed itself."""
        if len(self) == 1:
            return []
        return [
            (mine, list(theirs))
            for mine, *theirs in zip(
                self._model.buffers(), *(each.buffers() for each in self._copies), strict=True
            )
        ]


def part(tensor: Tensor, number: int, count: int) -> Tensor:
    """Return the shard ``number`` of ``count`` of a batch: every ``count``-th row, so that all are alike."""
    return tensor[number::count].contiguous()


def add_up(shards: Sequence[Sequence[Tensor | None]]) -> list[Tensor | None]:
    """Return the sum of the shards' gradients, in the order of the shards; the first's memory is used.

    None stands for a parameter that the loss does not depend on.
    """
    total = list(shards[0])
    for gradients in shards[1:]:
        both = [(a, b) for a, b in zip(total, gradients, strict=True) if a is not None and b is not None]
        if both:
            torch._foreach_add_([a for a, _ in both], [b for _, b in both])
        total = [b if a is None else a for a, b in zip(total, gradients, strict=True)]
    return total


class _Dropout(nn.Dropout):
    """Draws from a generator of its own."""

    generator: torch.Generator

    def forward(self, x: Tensor) -> Tensor:
        return _drop(x, x.shape, self)


class _ChannelDropout(nn.Dropout2d):
    """Draws from a generator of its own; drops channels, of shape (n, channels, ...), as a whole."""

    generator: torch.Generator

    def forward(self, x: Tensor) -> Tensor:
        return _drop(x, (*x.shape[:2], *[1] * (x.ndim - 2)), self)


_OWN: dict[type[nn.Module], type[_Dropout | _ChannelDropout]] = {
    nn.Dropout: _Dropout,
    nn.Dropout1d: _ChannelDropout,
    nn.Dropout2d: _ChannelDropout,
    nn.Dropout3d: _ChannelDropout,
}


def _drop(x: Tensor, shape: Sequence[int], module: _Dropout | _ChannelDropout) -> Tensor:
    if not module.training or module.p == 0:
        return x
    if module.p == 1:
        return x * 0
    kept = torch.empty(shape, dtype=x.dtype, device=x.device).bernoulli_(1 - module.p, generator=module.generator)
    return x * kept.div_(1 - module.p)


def _sharing_parameters(model: nn.Module) -> nn.Module:
    """Return a copy of ``model`` that shares its parameters, owns its buffers, and draws its dropout itself."""
    copied = copy.deepcopy(model, {id(parameter): parameter for parameter in model.parameters()})
    for module in copied.modules():
        module.__class__ = _OWN.get(type(module), type(module))
    return copied
