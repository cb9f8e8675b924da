"""The operations of a program in numpy: float32 in, float32 out, batch first.

Pictures have torch's axes, (batch, channels, height, width), but lie in memory with the channels last, as
convolutions leave them: numpy's elementwise operations keep the order in memory, and one matrix product then does
the convolutions of a whole batch.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import product
from typing import Any, TypeAlias

import numpy as np
from numpy.lib.stride_tricks import as_strided
from numpy.typing import NDArray

Array: TypeAlias = NDArray[np.float32]

# So many numbers at a time stay in the fastest cache through all the steps of a function.
_BLOCK = 8192


def conv2d(
    x: Array,
    weight: Array,
    bias: Array | None,
    *,
    stride: Sequence[int],
    padding: Sequence[int],
    dilation: Sequence[int],
    groups: int,
) -> Array:
    """Return a convolution, as ``torch.nn.functional.conv2d`` defines it."""
    channels, window = x.shape[1], weight.shape[2:]
    if weight.shape[1] * groups != channels or len(weight) % groups:
        raise ValueError(f"weights of shape {weight.shape} do not fit {channels} channels in {groups} groups")
    sizes = [
        (length + 2 * pad - spread * (each - 1) - 1) // step + 1
        for length, pad, spread, each, step in zip(x.shape[2:], padding, dilation, window, stride, strict=True)
    ]
    if min(sizes) < 1:
        raise ValueError(f"a window of {window} does not fit into a picture of {x.shape[2:]}")
    padded = _padded_channels_last(x, padding)
    if groups == channels == len(weight):
        out = _depthwise(padded, weight, sizes, stride, dilation)
    elif groups == 1:
        out = _dense(padded, weight, sizes, stride, dilation)
    else:
        parts = zip(np.split(padded, groups, axis=3), np.split(weight, groups), strict=True)
        out = np.concatenate([_dense(part, own, sizes, stride, dilation) for part, own in parts], axis=3)
    if bias is not None:
        out += bias
    return out.transpose(0, 3, 1, 2)


def _padded_channels_last(x: Array, padding: Sequence[int], fill: float = 0) -> Array:
    """Return pictures as (batch, height, width, channels), without gaps in memory, with a margin."""
    rows, columns = padding
    last = x.transpose(0, 2, 3, 1)
    if not rows and not columns:
        return np.ascontiguousarray(last)
    batch, height, width, channels = last.shape
    padded = np.full((batch, height + 2 * rows, width + 2 * columns, channels), fill, dtype=np.float32)
    padded[:, rows : rows + height, columns : columns + width] = last
    return padded


def _dense(
    padded: Array, weight: Array, sizes: Sequence[int], stride: Sequence[int], dilation: Sequence[int]
) -> Array:
    out_channels, channels, high, wide = weight.shape
    if (high, wide) == (1, 1):
        patches = padded[:, :: stride[0], :: stride[1]][:, : sizes[0], : sizes[1]]
    else:
        shape = (len(padded), *sizes, high, wide, channels)
        picture, row, column, one = np.ascontiguousarray(padded).strides
        steps = (row * stride[0], column * stride[1], row * dilation[0], column * dilation[1])
        patches = as_strided(np.ascontiguousarray(padded), shape, (picture, *steps, one), writeable=False)
    columns = patches.reshape(-1, high * wide * channels)
    # The weights' own copy is small beside the patches.
    matrix = weight.transpose(2, 3, 1, 0).reshape(-1, out_channels)
    return (columns @ matrix).reshape(len(padded), *sizes, out_channels)


def _depthwise(
    padded: Array, weight: Array, sizes: Sequence[int], stride: Sequence[int], dilation: Sequence[int]
) -> Array:
    out = np.zeros((len(padded), *sizes, len(weight)), dtype=np.float32)
    product_ = np.empty_like(out)
    for row, column in product(*map(range, weight.shape[2:])):
        part = _shifted(padded, (row * dilation[0], column * dilation[1]), sizes, stride, first=1)
        np.multiply(part, weight[:, 0, row, column], out=product_)
        out += product_
    return out


def _shifted(x: Array, start: Sequence[int], sizes: Sequence[int], stride: Sequence[int], *, first: int) -> Array:
    """Return what one place of a window sees; the rows are axis ``first``."""
    places = (
        slice(begin, begin + step * (size - 1) + 1, step)
        for begin, size, step in zip(start, sizes, stride, strict=True)
    )
    return x[(*[slice(None)] * first, *places)]


def pool2d(
    x: Array,
    combine: Callable[..., Array],
    fill: float,
    *,
    kernel: Sequence[int],
    stride: Sequence[int],
    padding: Sequence[int],
) -> Array:
    """Return what ``combine`` (a ufunc of two arguments) makes of each window; ``fill`` stands in the margin."""
    if any(padding):
        x = _padded_channels_last(x, padding, fill).transpose(0, 3, 1, 2)
    sizes = [(length - each) // step + 1 for length, each, step in zip(x.shape[2:], kernel, stride, strict=True)]
    places = [_shifted(x, place, sizes, stride, first=2) for place in product(*map(range, kernel))]
    if len(places) == 1:
        return places[0].copy()
    out = combine(places[0], places[1])
    for place in places[2:]:
        combine(out, place, out=out)
    return out


def max_pool2d(x: Array, *, kernel: Sequence[int], stride: Sequence[int], padding: Sequence[int]) -> Array:
    """Return the largest number of each window."""
    return pool2d(x, np.maximum, -np.inf, kernel=kernel, stride=stride, padding=padding)


def avg_pool2d(
    x: Array, *, kernel: Sequence[int], stride: Sequence[int], padding: Sequence[int], count_padding: bool
) -> Array:
    """Return the mean of each window, with the margin's zeros or without."""
    windows = {"kernel": kernel, "stride": stride, "padding": padding}
    total = pool2d(x, np.add, 0.0, **windows)
    if count_padding or not any(padding):
        return total / np.float32(kernel[0] * kernel[1])
    return total / pool2d(np.ones((1, 1, *x.shape[2:]), dtype=np.float32), np.add, 0.0, **windows)


def linear(x: Array, weight: Array, bias: Array | None = None) -> Array:
    """Return a linear map of the last axis."""
    out = x.reshape(-1, x.shape[-1]) @ weight.T
    if bias is not None:
        out += bias
    return out.reshape(*x.shape[:-1], len(weight))


def layer_norm(
    x: Array, weight: Array | None = None, bias: Array | None = None, *, dimensions: int, epsilon: float
) -> Array:
    """Return numbers with mean 0 and variance 1 over the last axes, scaled and shifted."""
    shape = x.shape
    rows = np.ascontiguousarray(x).reshape(int(np.prod(shape[: len(shape) - dimensions])), -1)
    # A product of matrices adds short rows up several times as fast as a sum along an axis.
    ones = np.full(rows.shape[1], 1 / rows.shape[1], dtype=np.float32)
    centred = rows - (rows @ ones)[:, None]
    variance = np.square(centred) @ ones
    centred *= (1 / np.sqrt(variance + np.float32(epsilon)))[:, None]
    if weight is not None:
        centred *= weight.reshape(-1)
    if bias is not None:
        centred += bias.reshape(-1)
    return centred.reshape(shape)


def softmax(x: Array, *, axis: int) -> Array:
    """Return the softmax along an axis."""
    powers: Array = np.exp(x - x.max(axis=axis, keepdims=True))
    powers /= powers.sum(axis=axis, keepdims=True)
    return powers


def attention(query: Array, key: Array, value: Array, *, scale: float) -> Array:
    """Return scaled dot-product attention over the last two axes (Vaswani et al. 2017, section 3.2.1)."""
    scores = np.matmul(query * np.float32(scale), key.swapaxes(-1, -2), dtype=np.float32)
    mixed: Array = softmax(scores, axis=-1) @ value
    return mixed


def batch_norm(x: Array, mean: Array, variance: Array, *affine: Array, epsilon: float) -> Array:
    """Return the normalisation of the second axis by given statistics, where it could not be folded."""
    form = (-1, *[1] * (x.ndim - 2))
    scale = 1 / np.sqrt(variance + np.float32(epsilon))
    if affine:
        scale = scale * affine[0]
    shift = (affine[1] if len(affine) > 1 else 0) - mean * scale
    scaled: Array = x * scale.reshape(form) + shift.reshape(form)
    return scaled


# Abramowitz and Stegun (1964), "Handbook of mathematical functions", 7.1.26: erfc(z) = (a1 t + ... + a5 t^5)
# exp(-z^2) with t = 1 / (1 + p z), for z >= 0; its error is at most 1.5e-7. Highest power first, and halved.
_P = np.float32(0.3275911 / np.sqrt(2))
_HALVES = tuple(
    np.float32(each / 2) for each in (1.061405429, -1.453152027, 1.421413741, -0.284496736, 0.254829592)
)


def gelu(x: Array, *, approximate: str) -> Array:
    """Return GELU (Hendrycks and Gimpel 2016), by the error function or its approximation by tanh."""
    function = _gelu_tanh if approximate == "tanh" else _gelu_block
    # A copy of what has gaps has none, and neither has what is made like it.
    x = x if _has_no_gaps(x) else np.ascontiguousarray(x)
    out = np.empty_like(x)
    flat, result = _in_memory_order(x), _in_memory_order(out)
    for start in range(0, flat.size, _BLOCK):
        function(flat[start : start + _BLOCK], result[start : start + _BLOCK])
    return out


def _has_no_gaps(x: Array) -> bool:
    return sorted(x.strides)[0] == x.itemsize and np.shares_memory(_in_memory_order(x), x)


def _in_memory_order(x: Array) -> Array:
    """View an array without gaps, whatever the order of its axes, as one row."""
    order = sorted(range(x.ndim), key=lambda axis: -x.strides[axis])
    return x.transpose(order).reshape(-1)


def _gelu_block(x: Array, out: Array) -> None:
    """Compute relu(x) - |x| erfc(|x| / sqrt 2) / 2."""
    size = np.abs(x)
    t = size * _P
    t += 1
    np.reciprocal(t, out=t)
    tail = t * _HALVES[0]
    for each in _HALVES[1:]:
        tail += each
        tail *= t
    tail *= size
    np.square(size, out=size)
    size *= np.float32(-0.5)
    np.exp(size, out=size)
    tail *= size
    np.maximum(x, 0, out=out)
    out -= tail


def _gelu_tanh(x: Array, out: Array) -> None:
    inner = x * x
    inner *= np.float32(0.044715)
    inner += 1
    inner *= x
    inner *= np.float32(np.sqrt(2 / np.pi))
    np.tanh(inner, out=inner)
    inner += 1
    inner *= np.float32(0.5)
    np.multiply(inner, x, out=out)


def sigmoid(x: Array) -> Array:
    """Return 1 / (1 + exp(-x))."""
    # By tanh, which does not overflow.
    share: Array = np.float32(0.5) * (np.tanh(np.float32(0.5) * x) + 1)
    return share


def padded(x: Array, *, before: Sequence[int], after: Sequence[int], value: float) -> Array:
    """Return an array with a margin."""
    return np.pad(x, list(zip(before, after, strict=True)), constant_values=value)


def cut(x: Array, *, axis: int, start: int, stop: int, step: int) -> Array:
    """Return a part along an axis."""
    return x[(*[slice(None)] * axis, slice(start, stop, step))]


def _reduced(function: Callable[..., Any]) -> Callable[..., Array]:
    def reduce(x: Array, *, axes: Sequence[int], keep: bool) -> Array:
        result: Array = function(x, axis=tuple(axes), keepdims=keep)
        return result

    return reduce


KERNELS: dict[str, Callable[..., Array]] = {
    "conv2d": lambda x, weight, bias=None, **options: conv2d(x, weight, bias, **options),
    "linear": linear,
    "batch_norm": batch_norm,
    "layer_norm": layer_norm,
    "softmax": softmax,
    "matmul": np.matmul,
    "attention": attention,
    "max_pool2d": max_pool2d,
    "avg_pool2d": avg_pool2d,
    "transpose": lambda x, order: x.transpose(order),
    "concat": lambda *parts, axis: np.concatenate(parts, axis=axis),
    "slice": cut,
    "pad": padded,
    "relu": lambda x: np.maximum(x, np.float32(0)),
    "gelu": gelu,
    "silu": lambda x: x * sigmoid(x),
    "sigmoid": sigmoid,
    "tanh": np.tanh,
    "exp": np.exp,
    "sqrt": np.sqrt,
    "square": np.square,
    "clamp": lambda x, low, high: np.clip(x, low, high),
    "add": np.add,
    "subtract": np.subtract,
    "multiply": np.multiply,
    "divide": np.divide,
    "mean": _reduced(np.mean),
    "sum": _reduced(np.sum),
    "max": _reduced(np.max),
}
"""Every operation of a program but "reshape" and "broadcast", which need to know its number of pictures."""
