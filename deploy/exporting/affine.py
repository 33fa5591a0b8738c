"""The affine maps of layers without memory, as sparse matrices."""

import math
from collections.abc import Callable

import numpy as np
import torch
import torch.nn.functional as F
from scipy import sparse
from torch import Tensor, nn

from axonal._base.array_types import Float64Array
from axonal.deploy.exporting.affine_signal import Signal, constant, select
from axonal.neuro import BatchNorm, DelayedConv1d, DelayedConv2d, DelayedLinear, TemporalConv
from axonal.neuro.ops.delayed_conv import Geometry

POOLS: dict[object, int] = {
    nn.AvgPool1d: 1, nn.AvgPool2d: 2, nn.AvgPool3d: 3,
    nn.AdaptiveAvgPool1d: 1, nn.AdaptiveAvgPool2d: 2,
    F.avg_pool1d: 1, F.avg_pool2d: 2, F.adaptive_avg_pool2d: 2,
}  # fmt: skip
"""Poolings that are linear, and how many axes they pool."""
RESHAPES = (nn.Flatten, nn.Unflatten)
TRANSPARENT = (nn.Identity, nn.Dropout, nn.Dropout1d, nn.Dropout2d, nn.AlphaDropout)


def numbers(values: Tensor) -> Float64Array:
    """Return a tensor as float64 numbers."""
    return values.detach().cpu().double().numpy()


def linear(signal: Signal, weight: Tensor, bias: Tensor | None) -> Signal:
    """Apply a dense or masked weight [M, N] along the last axis."""
    matrix = sparse.csr_array(numbers(weight))
    repeats = signal.size // matrix.shape[1]
    if repeats > 1:
        matrix = sparse.kron(sparse.eye_array(repeats), matrix, format="csr")
    shape = (*signal.shape[:-1], weight.shape[0])
    y = signal.map(matrix, shape)
    return y if bias is None else y + constant(numbers(bias), shape)


def delayed(signal: Signal, layer: DelayedLinear) -> Signal:
    """Apply the synapses of each whole delay apart."""
    weight = numbers(layer.masked_weight)
    steps = numbers(layer.delay.round()).astype(np.int64)
    shape = (layer.out_features,)
    y = Signal(shape, {})
    for delay in np.unique(steps):
        matrix = sparse.csr_array(np.where(steps == delay, weight, 0.0))
        y = y + signal.map(matrix, shape).later(int(delay))
    return y if layer.bias is None else y + constant(numbers(layer.bias), shape)


def over_time(signal: Signal, layer: TemporalConv) -> Signal:
    """Write a convolution over time as synapses whose delays are its taps."""
    if layer.ahead:
        raise ValueError(
            f"it hears {layer.ahead} steps that are yet to come, and events travel forward in "
            "time: build it with ahead=0 (causal=True of a model)"
        )
    y = Signal((layer.out_features,), {})
    for tap, weight in enumerate(layer.weight.unbind(2)):
        y = y + linear(signal, weight, None).later(layer.taps - 1 - tap)
    return y if layer.bias is None else y + constant(numbers(layer.bias), y.shape)


def convolution(signal: Signal, layer: nn.Conv2d, weight: Tensor) -> Signal:
    """Write a convolution as the synapses it stands for."""
    if layer.padding_mode != "zeros":
        raise ValueError(f"padding_mode={layer.padding_mode!r}; only zeros can be folded")
    geometry = Geometry(
        tuple(layer.stride), tuple(layer.dilation), tuple(layer._reversed_padding_repeated_twice),
        layer.groups,
    )  # fmt: skip
    y = signal.map(*_shared(signal.shape, numbers(weight), geometry))
    if layer.bias is None:
        return y
    return y + constant(numbers(layer.bias)[:, None, None], y.shape)


def delayed_convolution(signal: Signal, layer: DelayedConv1d | DelayedConv2d) -> Signal:
    """Apply the entries of each whole delay apart."""
    if len(signal.shape) != layer.axes + 1:
        raise ValueError(
            f"it convolves {layer.axes} axes of [C, ...], but x is {signal.shape} a sample"
        )
    weight, steps = numbers(layer.masked_weight), numbers(layer.delay.round()).astype(np.int64)
    geometry = layer.geometry
    y: Signal | None = None
    for delay in np.unique(steps):
        part = signal.map(*_shared(signal.shape, np.where(steps == delay, weight, 0.0), geometry))
        part = part.later(int(delay))
        y = part if y is None else y + part
    assert y is not None
    if layer.bias is None:
        return y
    return y + constant(numbers(layer.bias).reshape(-1, *[1] * layer.axes), y.shape)


def _shared(
    inputs: tuple[int, ...], weight: Float64Array, geometry: Geometry
) -> tuple[sparse.csr_array, tuple[int, ...]]:
    """Return a convolution of inputs (C, ...) as a matrix, and the shape of its outputs."""
    outputs, size = len(weight), weight.shape[2:]
    space = geometry.places(inputs[1:], size)
    if len(size) == 1:
        inputs, size, geometry = (inputs[0], 1, inputs[1]), (1, *size), geometry.in_two_axes()
    # F.unfold takes no "same" padding: pad a map of indices instead, counted from 1, padding 0
    index = torch.arange(1, math.prod(inputs) + 1, dtype=torch.float64).reshape(1, *inputs)
    padded = F.pad(index, geometry.padding)
    unfolded = F.unfold(padded, size, geometry.dilation, 0, geometry.stride)
    taps = unfolded[0].long().numpy()
    groups, places = geometry.groups, taps.shape[1]
    per_group = taps.reshape(groups, -1, places)
    values = weight.reshape(groups, outputs // groups, -1)
    rows, columns, entries = [], [], []
    for g in range(groups):
        post = (g * (outputs // groups) + np.arange(outputs // groups))[:, None, None] * places
        post = np.broadcast_to(
            post + np.arange(places), (outputs // groups, per_group.shape[1], places)
        )
        pre = np.broadcast_to(per_group[g], post.shape)
        w = np.broadcast_to(values[g][:, :, None], post.shape)
        real = (pre > 0) & (w != 0)
        rows.append(post[real])
        columns.append(pre[real] - 1)
        entries.append(w[real])
    matrix = sparse.csr_array(
        (np.concatenate(entries), (np.concatenate(rows), np.concatenate(columns))),
        shape=(outputs * places, math.prod(inputs)),
    )
    return matrix, (outputs, *space)


def batch_norm(signal: Signal, layer: nn.modules.batchnorm._BatchNorm) -> Signal:
    """Fold the running statistics: y = (x - mean) gamma / sqrt(var + eps) + beta."""
    if layer.running_mean is None or layer.running_var is None:
        raise ValueError("it has no running statistics, so its output depends on the batch")
    scale = 1 / np.sqrt(numbers(layer.running_var) + layer.eps)
    if layer.weight is not None:
        scale = scale * numbers(layer.weight)
    shift = -numbers(layer.running_mean) * scale
    if layer.bias is not None:
        shift = shift + numbers(layer.bias)
    last = isinstance(layer, BatchNorm) and layer.axis == -1
    columns = (-1,) if last else (-1, *[1] * (len(signal.shape) - 1))
    return signal.scale(scale.reshape(columns)) + constant(shift.reshape(columns), signal.shape)


def pooling(signal: Signal, pool: Callable[[Tensor], Tensor], axes: int) -> Signal:
    """Write a pooling over the last ``axes`` axes, linear and alike for channels, as a matrix."""
    split = len(signal.shape) - axes
    if split not in (0, 1):
        raise ValueError(f"it pools {axes} axes of [C, ...], but x is {signal.shape} a sample")
    channels, space = signal.shape[:split], signal.shape[split:]
    size = math.prod(space)
    pooled = pool(torch.eye(size, dtype=torch.float64).reshape(size, 1, *space))
    one = sparse.csr_array(pooled.reshape(size, -1).numpy().T)
    matrix = sparse.kron(sparse.eye_array(math.prod(channels)), one, format="csr")
    return signal.map(matrix, (*channels, *pooled.shape[2:]))


def reduction(signal: Signal, reduce: Callable[[Tensor], Tensor]) -> Signal:
    """Write a sum or a mean over later axes as a matrix, in which a value has one result."""
    x = torch.zeros(1, 1, *signal.shape, dtype=torch.float64, requires_grad=True)
    y = reduce(x)
    numbered = torch.arange(1.0, y.numel() + 1, dtype=torch.float64).reshape(y.shape)
    # what each value is worth, and, by derivatives again, to the result of which number
    (worth,) = torch.autograd.grad(y.sum(), x, retain_graph=True)
    (counted,) = torch.autograd.grad((y * numbered).sum(), x)
    entries, rows = numbers(worth).ravel(), numbers((counted / worth).round() - 1).ravel()
    columns = np.arange(signal.size)
    matrix = sparse.csr_array(
        (entries, (rows.astype(np.int64), columns)), shape=(y.numel(), signal.size)
    )
    return signal.map(matrix, tuple(y.shape[2:]))


def rearrange(call: Callable[..., Tensor], signals: list[Signal]) -> Signal:
    """Apply a call that only moves values (flatten, permute, concatenate) to their indices."""
    starts = np.cumsum([0, *(s.size for s in signals)])
    indices = [
        torch.arange(start, start + s.size).reshape(1, 1, *s.shape)
        for s, start in zip(signals, starts, strict=False)
    ]
    moved = call(*indices)
    return select(signals, moved.reshape(-1).numpy(), tuple(moved.shape[2:]))
