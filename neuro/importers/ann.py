"""Networks of rectified linear units as networks of integrate-and-fire neurons."""

import copy
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

from axonal.neuro.importers import _stateless
from axonal.neuro.importers._rules import ConversionError
from axonal.neuro.importers.clip_floor_shift import ClipFloorShift
from axonal.neuro.layers import IF, LeakyIntegrator
from axonal.neuro.network import Network, Sequential

LINEAR = (nn.Linear, nn.Conv2d)
NORMS = (nn.BatchNorm1d, nn.BatchNorm2d)
PLAIN = (nn.AvgPool2d, nn.AdaptiveAvgPool2d, nn.Flatten, nn.Identity)
"""Modules that pass a scale of their input on to their output."""

INSTEAD: Mapping[type[nn.Module], str] = {
    nn.MaxPool2d: "spikes have no maximum in proportion to rates; train with nn.AvgPool2d",
    nn.Softmax: "leave it out, the order of the outputs stays",
    nn.LogSoftmax: "leave it out, the order of the outputs stays",
}
PERCENTILE = 99.9
SHOWN = 1 << 20
"""Values of a unit's outputs that a percentile is taken of, drawn at even distances."""


def from_ann(
    module: nn.Module,
    data: Iterable[Tensor],
    *,
    percentile: float = PERCENTILE,
    steps: int | None = None,
    start: float = 0.0,
) -> Network:
    """Make a Network of integrate-and-fire neurons of one of rectified linear units.

    Every ReLU becomes :class:`IF` neurons that subtract their threshold: under a constant input z
    they fire at the rate clip(z / lambda, 0, 1), with lambda the largest output of the layer, or a
    high percentile of its outputs, on ``data``. Weights are scaled so that all thresholds are 1,

        W' = W lambda_before / lambda,   b' = b / lambda

    batch normalisation goes into the weights before it, and a :class:`LeakyIntegrator` that does
    not leak sums the outputs. Feed the same input at every step, x.expand(T, ...): the output of
    step T, divided by T, goes to that of the network as T grows. A neuron that begins at rest
    codes floor(T z / lambda) / T, half a spike too little on average. With ``start=0.5`` it begins
    half charged, which is right on average after more than a few steps; with ``steps`` that half is
    given to its bias, spread over so many steps.

    A :class:`ClipFloorShift` becomes neurons whose threshold is what it has learned, and which are
    exact on average at as many steps as it has levels, if they begin half charged.

    Source: Diehl et al., IJCNN 2015, and Rueckauer et al., Front. Neurosci. 2017, for the scaling;
    Bu et al., AAAI 2022 (arXiv 2202.01440), for the start; Deng and Gu, ICLR 2021
    (arXiv 2103.00476), for the half in the bias.

    Args:
        module: ``nn.Sequential``, nested or not, of Linear, Conv2d, BatchNorm, ReLU,
            ClipFloorShift, average pooling, Flatten, Dropout; it ends in a Linear.
        data: batches of inputs [B, ...] to find the lambda of every layer; at least one.
        percentile: of all outputs of a layer, zeros too, above 0 to 100; 100 is the largest.
        steps: T that the network will be run for, or ``None`` for no half in the biases.
        start: potential of every neuron before the first step, as a share of its threshold, 0 to
            below 1; 0 with ``steps``.

    Returns:
        A Network in evaluation mode: x [T, B, ...] to the sum of outputs so far [T, B, C].

    Raises:
        ConversionError: for a module without an equivalent, by its path; for a layer whose units
            are all silent on the data, or whose percentile is zero.
        ValueError: for a percentile, steps or start out of range, for steps and start together,
            and without data.

    >>> ann = nn.Sequential(nn.Linear(2, 8), nn.ReLU(), nn.Linear(8, 3))
    >>> x = torch.rand(64, 2)
    >>> net = from_ann(ann, [x])
    >>> y, state = net(x.expand(1000, -1, -1))
    >>> bool((y[-1] / 1000 - ann(x)).abs().max() < 0.02)
    True
    """
    if not 0 < percentile <= 100:
        raise ValueError(f"from_ann expects percentile above 0 to 100, got {percentile!r}.")
    if steps is not None and steps < 1:
        raise ValueError(f"from_ann expects steps >= 1 or None, got {steps!r}.")
    if not 0 <= start < 1:
        raise ValueError(
            f"from_ann expects start from 0 to below 1, a share of the threshold, got {start!r}."
        )
    if steps is not None and start:
        raise ValueError(
            f"from_ann expects steps or start, got steps = {steps!r} and start = {start!r}: each "
            "makes up for the same half spike. Take start=0.5, for any number of steps."
        )
    stages = _stages(module)
    _calibrate(stages, data, percentile)
    layers: dict[str, nn.Module] = {}
    scale = 1.0  # what a spike, or the input, stands for
    for stage in stages:
        for path, part in stage.before:
            layers[path] = copy.deepcopy(part)
        layer = _scaled(stage.linear, scale, stage.scale)
        if stage.scale and steps and layer.bias is not None:
            with torch.no_grad():
                layer.bias += 0.5 / steps
        layers[stage.path] = layer
        end: nn.Module
        if stage.scale:
            end = IF(stage.shape, reset="subtract", start=start)
        else:
            end = LeakyIntegrator(stage.shape, math.inf)
        layers[stage.end] = end.to(layer.weight)
        scale = stage.scale
    return Sequential({path.replace(".", "_"): layer for path, layer in layers.items()}).eval()


@dataclass
class _Stage:
    """Connections, what comes before them without weights, and the units behind them.

    Attributes:
        path: of the connections.
        linear: the connections, with a norm in their weights.
        before: modules without weights, by path.
        end: path of the units.
        unit: ReLU or ClipFloorShift, or ``None`` at the end.
        scale: lambda of the units; 0 at the end.
        shape: of the units.
    """

    path: str
    linear: Any
    before: list[tuple[str, nn.Module]]
    end: str = "sum"
    unit: nn.Module | None = None
    scale: float = 0.0
    shape: tuple[int, ...] = ()
    outputs: list[Tensor] = field(default_factory=list)


def _in_order(path: str, module: nn.Module) -> Iterable[tuple[str, nn.Module]]:
    if type(module) is nn.Sequential and not _stateless.hooked(module):
        for name, child in module.named_children():
            yield from _in_order(f"{path}.{name}" if path else name, child)
    else:
        yield path, module


def _stages(module: nn.Module) -> list[_Stage]:
    """Return the layers of a module in their order; refuse what has no equivalent."""
    stages: list[_Stage] = []
    waiting: list[tuple[str, nn.Module]] = []  # without weights, before the next connections
    for path, part in _in_order("", module):
        last = stages[-1] if stages and stages[-1].unit is None else None
        if _stateless.hooked(part):
            raise _refusal(path, part, "its forward hooks would be lost; remove them first")
        if type(part) in LINEAR:
            if last is not None:
                raise _refusal(path, part, "no units between it and the connections before it")
            linear = copy.deepcopy(part)
            linear.bias = nn.Parameter(_bias(linear))
            stages.append(_Stage(path, linear, waiting))
            waiting = []
        elif type(part) in NORMS and last is not None and not waiting:
            _fold(path, last.linear, part)
        elif type(part) in (nn.ReLU, ClipFloorShift) and last is not None and not waiting:
            last.unit, last.end = part, path
        elif type(part) in PLAIN:
            waiting.append((path, part))
        elif not isinstance(part, nn.Dropout | nn.Dropout2d):
            advice = "a place without connections just before it"
            known = (*NORMS, nn.ReLU, ClipFloorShift)
            if type(part) not in known:
                advice = INSTEAD.get(type(part), "it has no equivalent; see neuro.from_ann")
            raise _refusal(path, part, advice)
    if not stages or stages[-1].unit is not None or waiting:
        raise ConversionError(
            "from_ann expects a module that ends in a Linear, whose outputs are summed over time."
        )
    return stages


def _refusal(path: str, part: nn.Module, reason: str) -> ConversionError:
    return ConversionError(
        f"from_ann cannot convert {path or 'the module'} ({type(part).__name__}): {reason}."
    )


def _bias(linear: Any) -> Tensor:
    weight: Tensor = linear.weight.detach()
    given: Tensor | None = linear.bias
    return weight.new_zeros(len(weight)) if given is None else given.detach().clone()


@torch.no_grad()
def _fold(path: str, linear: Any, norm: Any) -> None:
    """Put a batch normalisation as it evaluates into the connections before it."""
    if norm.running_mean is None:
        raise _refusal(
            path, norm, "it keeps no running statistics, and its outputs depend on the batch"
        )
    factor = (norm.running_var + norm.eps).rsqrt()
    shift = -norm.running_mean * factor
    if norm.affine:
        factor, shift = factor * norm.weight, shift * norm.weight + norm.bias
    linear.weight *= factor.reshape(-1, *[1] * (linear.weight.ndim - 1))
    linear.bias.copy_(linear.bias * factor + shift)


@torch.no_grad()
def _calibrate(stages: list[_Stage], data: Iterable[Tensor], percentile: float) -> None:
    """Find the shape and the scale of all units."""
    seen = False
    for x in data:
        seen = True
        for stage in stages:
            for _, part in stage.before:
                x = part(x)
            x = stage.linear(x)
            stage.shape = tuple(x.shape[1:])
            if stage.unit is not None:
                x = stage.unit(x)
                stage.outputs.append(_few(x.flatten()))
    if not seen:
        raise ValueError("from_ann expects at least one batch of data, got none.")
    for stage in stages:
        if isinstance(stage.unit, ClipFloorShift):
            stage.scale = float(stage.unit.threshold)
        elif stage.unit is not None:
            outputs = _few(torch.cat(stage.outputs)).double()
            if not outputs.max() > 0:
                raise _refusal(stage.end, stage.unit, "all its units are silent on the data")
            stage.scale = float(torch.quantile(outputs, percentile / 100))
            if not stage.scale > 0:
                share = float((outputs > 0).double().mean())
                told = f"only {share:.2g} of its outputs are above zero: take a higher percentile"
                raise _refusal(stage.end, stage.unit, told)
        stage.outputs.clear()


def _few(values: Tensor) -> Tensor:
    """Return values at even distances, few enough for a quantile; the largest is among them."""
    if values.numel() <= SHOWN:
        return values
    ordered = values.flatten().sort().values
    place = torch.linspace(0, len(ordered) - 1, SHOWN, dtype=torch.float64, device=values.device)
    return ordered[place.round().long()]


@torch.no_grad()
def _scaled(linear: Any, before: float, scale: float) -> Any:
    """Return connections of this package for spikes that stand for ``before``."""
    layer: Any = _stateless.converted(linear)
    layer.weight *= before / (scale or 1.0)
    layer.bias /= scale or 1.0
    return layer
