"""Nodes of NIR without memory as signals, and what is said of the others."""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from scipy import sparse
from torch import Tensor, nn

from axonal._base.array_types import Float64Array
from axonal.deploy.exporting import affine
from axonal.deploy.exporting.affine_signal import Signal, constant
from axonal.deploy.nir import neurons
from axonal.deploy.nir.errors import NIRError
from axonal.deploy.nir.node import Node

WHOLE = 1e-6
"""Share of a delay, or of a step, by which it may miss a whole number of steps: half of float32."""


@dataclass(frozen=True)
class Setting:
    """Settings of the reader: seconds per step, and whether delays are rounded to whole steps."""

    dt: float
    round_delays: bool


@dataclass(frozen=True)
class _Step:
    """Rule by which one node without memory is read.

    Args:
        becomes: what it becomes, in words.
        kept: what is kept and what is refused, in words.
        apply: makes its output from the node, its input and the setting.
    """

    becomes: str
    kept: str
    apply: Callable[[Node, Signal, Setting], Signal]


def _linear(node: Node, x: Signal, _: Setting) -> Signal:
    weight = _tensor(node["weight"], "weight", 2)
    _fits(x, weight.shape[1])
    return affine.linear(x, weight, None)


def _affine_(node: Node, x: Signal, setting: Setting) -> Signal:
    y = _linear(node, x, setting)
    bias = _tensor(node["bias"], "bias", 1).numpy()
    if bias.shape not in ((y.shape[-1],), (1,)):
        raise NIRError(f"bias has shape {bias.shape}, expected ({y.shape[-1]},)")
    return y + constant(bias, y.shape)


def _scale(node: Node, x: Signal, _: Setting) -> Signal:
    return x.scale(_along(node["scale"], x, "scale"))


def _delay(node: Node, x: Signal, setting: Setting) -> Signal:
    seconds = _along(node["delay"], x, "delay").ravel()
    if np.any(seconds < 0):
        raise NIRError(f"its delay is {seconds.min():g} s: a delay cannot be negative")
    steps = seconds / setting.dt
    whole = np.rint(steps)
    off = np.abs(steps - whole) > WHOLE * np.maximum(1, steps)
    if off.any() and not setting.round_delays:
        wrong = int(np.argmax(off))
        raise NIRError(
            f"delay {seconds[wrong]:.9g} s of neuron {wrong} is {steps[wrong]:.9g} steps of dt = "
            f'{setting.dt:g} s, no whole number: delays="round" takes the nearest'
        )
    if whole.max(initial=0) > 2**31 - 1:
        raise NIRError(f"its delay is {whole.max():g} steps of dt = {setting.dt:g} s: is dt right?")
    y = Signal(x.shape, {})
    for step in np.unique(whole):
        chosen = sparse.diags_array((whole == step).astype(np.float64)).tocsr()
        y = y + x.map(chosen, x.shape).later(int(step))
    return y


def _flatten(node: Node, x: Signal, _: Setting) -> Signal:
    start, end = int(node["start_dim"]), int(node["end_dim"])
    declared = agreed(node.get("input_type"), x.shape, "input_type")
    # the axes are counted in the shape that it declares, with a batch axis or without
    view = x.shape if declared is None or len(declared) == len(x.shape) else declared
    try:
        shape = tuple(torch.empty(view, device="meta").flatten(start, end).shape)
    except (IndexError, RuntimeError) as error:
        raise NIRError(f"it flattens axes {start} to {end}, but its input has {view}") from error
    return Signal(shape, x.terms)


def _conv2d(node: Node, x: Signal, _: Setting) -> Signal:
    weight = _tensor(node["weight"], "weight", 4)
    maps, batch = _without_batch(x, 3, "[C, H, W]")
    _declared(node, maps)
    y = _convolution(node, maps, weight)
    return Signal((*batch, *y.shape), y.terms)


def _conv1d(node: Node, x: Signal, _: Setting) -> Signal:
    weight = _tensor(node["weight"], "weight", 3)[:, :, None]
    maps, batch = _without_batch(x, 2, "[C, N]")
    _declared(node, maps)
    y = _convolution(node, Signal((maps.shape[0], 1, maps.shape[1]), maps.terms), weight)
    return Signal((*batch, y.shape[0], y.shape[2]), y.terms)


def _declared(node: Node, maps: Signal) -> None:
    """Hold input_shape against what arrives; nir infers it with channels where a batch comes."""
    declared = node.get("input_shape")
    agreed(declared, maps.shape[np.size(declared) != len(maps.shape) :], "input_shape")


def _convolution(node: Node, x: Signal, weight: Tensor) -> Signal:
    one = weight.shape[2] == 1 and np.size(node["stride"]) == 1
    groups = int(node["groups"])
    stride, dilation = (_pair(v, 1, one) for v in (node["stride"], node["dilation"]))
    around = node["padding"]
    padding = around if isinstance(around, str) else _pair(around, 0, one)
    if x.shape[0] != weight.shape[1] * groups:
        raise NIRError(
            f"it takes {weight.shape[1] * groups} channels, but its input has shape {x.shape}"
        )
    kernel = (weight.shape[2], weight.shape[3])
    layer = nn.Conv2d(
        x.shape[0], weight.shape[0], kernel, stride, padding, dilation, groups, dtype=torch.float64
    )
    layer.bias = nn.Parameter(_tensor(node["bias"], "bias", 1), requires_grad=False)
    return affine.convolution(x, layer, weight)


def _pool(node: Node, x: Signal, average: bool) -> Signal:
    size, stride, padding = (
        _pair(node[name], 0, False) for name in ("kernel_size", "stride", "padding")
    )
    scale = 1 if average else size[0] * size[1]
    maps, batch = _without_batch(x, 3, "[C, H, W]")
    y = affine.pooling(maps, lambda m: F.avg_pool2d(m, size, stride, padding) * scale, 2)
    return Signal((*batch, *y.shape), y.terms)


def _avg_pool(node: Node, x: Signal, _: Setting) -> Signal:
    return _pool(node, x, True)


def _sum_pool(node: Node, x: Signal, _: Setting) -> Signal:
    return _pool(node, x, False)


STEPS: dict[str, _Step] = {
    "Linear": _Step("synapses", "weight [M, N], along the last axis", _linear),
    "Affine": _Step("synapses and bias", "weight [M, N], along the last axis", _affine_),
    "Scale": _Step("folded into the synapses", "one factor, or one an element", _scale),
    "Conv1d": _Step("synapses and bias", "stride, padding, dilation, groups", _conv1d),
    "Conv2d": _Step("synapses and bias", "stride, padding, dilation, groups", _conv2d),
    "SumPool2d": _Step("folded into the synapses", "stride, padding", _sum_pool),
    "AvgPool2d": _Step("folded into the synapses", "stride, padding (zeros count)", _avg_pool),
    "Flatten": _Step("the shape", "start_dim, end_dim", _flatten),
    "Delay": _Step("delays of the synapses", "whole steps, or rounded by choice", _delay),
}
"""How each node without memory is read."""
ENDS = {"Input": "input", "Output": "output", "NIRGraph": "its nodes, named graph.node"}
REFUSED = {
    "CubaLI": "a readout with a synaptic current has no population; use LI",
    "Threshold": "numbers that are compared without a neuron have no population; use IF or LIF",
}
"""Nodes of NIR that have no equivalent, and what to write instead."""


def unsupported(name: str, kind: str) -> Iterator[str]:
    """Reason that a type of node has no equivalent; None if it has one."""
    if kind not in STEPS and kind not in ENDS and kind not in neurons.RULES:
        why = REFUSED.get(kind, "it is no node of NIR 1.0")
        yield f"node {name!r} is of type {kind}: {why}"


def alike(a: Sequence[int], b: Sequence[int]) -> bool:
    """True if two shapes differ by axes of one at most, such as a batch axis."""
    return [n for n in a if n != 1] == [n for n in b if n != 1]


def agreed(declared: Any, shape: tuple[int, ...], name: str) -> tuple[int, ...] | None:
    """A shape that a node declares, if it says anything; one number stands for any.

    Raises:
        NIRError: what arrives has another.
    """
    own = () if declared is None else tuple(int(n) for n in np.asarray(declared).ravel())
    if math.prod(own) == 1:
        return None
    if not alike(own, shape):
        raise NIRError(f"its {name} is {own}, but what arrives has shape {shape}")
    return own


def _tensor(values: Any, name: str, axes: int) -> Tensor:
    array = np.asarray(values)
    if array.dtype.kind not in "iuf" or array.ndim != axes:
        raise NIRError(f"{name} must be numbers with {axes} axes, got {array.dtype} {array.shape}")
    if not np.all(np.isfinite(array)):
        raise NIRError(f"{name} is not finite everywhere")
    return torch.from_numpy(array.astype(np.float64))


def _fits(x: Signal, n: int) -> None:
    if not x.shape or x.shape[-1] != n:
        raise NIRError(f"it takes {n} inputs, but its input has shape {x.shape}")


def _without_batch(x: Signal, axes: int, wanted: str) -> tuple[Signal, tuple[int, ...]]:
    """The signal without a batch axis of one, and that axis."""
    batch = x.shape[: len(x.shape) - axes]
    if len(x.shape) < axes or len(batch) > 1 or math.prod(batch) != 1:
        raise NIRError(f"it takes {wanted}, but its input has shape {x.shape}")
    return Signal(x.shape[len(batch) :], x.terms), batch


def _along(values: Any, x: Signal, name: str) -> Float64Array:
    array = np.asarray(values)
    if array.dtype.kind not in "iuf" or not np.all(np.isfinite(array)):
        raise NIRError(f"{name} must be finite numbers")
    if array.size != 1 and not alike(array.shape, x.shape):
        raise NIRError(f"{name} has shape {array.shape}, but its input has {x.shape}")
    whole = array.reshape(() if array.size == 1 else x.shape)
    return np.broadcast_to(whole.astype(np.float64), x.shape)


def _pair(values: Any, first: int, one: bool) -> tuple[int, int]:
    """Two numbers of a 2-d node; of a 1-d node its number for the second axis."""
    numbers = [int(v) for v in np.asarray(values).ravel()]
    if one:
        return first, numbers[0]
    return (numbers[0], numbers[-1])
