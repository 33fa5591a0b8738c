"""Delayed convolutions as an operator of torch: what it checks, keeps and differentiates."""

from typing import Any

import torch
from torch import Tensor

from axonal.neuro.ops._dispatch import HAS_NUMBA
from axonal.neuro.ops._operator import Operator
from axonal.neuro.ops._shapes import same_shape, state_type
from axonal.neuro.ops.delayed_conv._geometry import Geometry
from axonal.neuro.ops.delayed_conv._planes import places, planes
from axonal.neuro.ops.delayed_linear._synapses import Synapses

if HAS_NUMBA:
    from axonal.neuro.ops.delayed_conv import cpu


def planes_forward(
    x: Tensor, place: Tensor, height: int, width: int, still: int, synapses: Synapses
) -> Tensor:
    """Run over the planes x [D + T, B, P, H, W]; return y [T, B, O, height, width].

    Synapses are [O, Q], and those of an output read the places of its group, place [G, Q]. Of the
    first ``still`` steps no gradient is wanted.
    """
    groups, entries = place.shape
    for what, given in (("weight", synapses.weight), ("delay", synapses.delay)):
        same_shape("delayed_conv", what, given, (len(synapses.weight), entries))
    area = x.shape[3] * x.shape[4]
    low, high = place.aminmax()
    inside = low >= 0 and high < x.shape[2] * area and height <= x.shape[3] and width <= x.shape[4]
    if not inside or len(synapses.weight) % groups or x.shape[0] <= synapses.max_delay:
        raise ValueError(
            f"delayed_conv expects planes [{synapses.max_delay} + T, B, P, H, W], places inside of "
            f"them and as many outputs for each of {groups} groups, got {tuple(x.shape)}, places "
            f"{int(low)} to {int(high)} and {len(synapses.weight)} outputs of {height} x {width}."
        )
    return cpu.forward(x, place, (height, width), synapses)


def _fake_forward(
    x: Tensor, place: Tensor, height: int, width: int, still: int, synapses: Synapses
) -> Tensor:
    steps = x.shape[0] - synapses.max_delay
    return x.new_empty(steps, x.shape[1], synapses.weight.shape[0], height, width)


def planes_backward(
    g: Tensor, x: Tensor, place: Tensor, still: int, synapses: Synapses,
    needs_x: bool, needs_taps: bool,
) -> tuple[Tensor, Tensor, Tensor]:  # fmt: skip
    """Run backward from g [T, B, O, ...]; return gradients of x, weight and delay."""
    return cpu.backward(g, x, place, still, synapses, needs_x, needs_taps)


def _fake_backward(
    g: Tensor, x: Tensor, place: Tensor, still: int, synapses: Synapses,
    needs_x: bool, needs_taps: bool,
) -> tuple[Tensor, Tensor, Tensor]:  # fmt: skip
    weight, whole = synapses.weight, torch.contiguous_format
    return (
        torch.empty_like(x, memory_format=whole) if needs_x else x.new_empty(0),
        torch.empty_like(weight, memory_format=whole) if needs_taps else weight.new_empty(0),
        torch.empty_like(weight, memory_format=whole) if needs_taps else weight.new_empty(0),
    )


_SYNAPSES = "Tensor weight, Tensor delay, Tensor sigma, str kernel, int max_delay"
_forward = Operator(
    "delayed_conv",
    f"(Tensor x, Tensor place, int height, int width, int still, {_SYNAPSES}) -> Tensor",
    planes_forward,
    _fake_forward,
    devices=("cpu",),
)
_backward = Operator(
    "delayed_conv_backward",
    f"(Tensor g, Tensor x, Tensor place, int still, {_SYNAPSES}, bool needs_x, bool needs_taps) "
    "-> (Tensor, Tensor, Tensor)",
    planes_backward,
    _fake_backward,
    devices=("cpu",),
    of="delayed_conv",
)


def _setup(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
    x, place, _, _, ctx.still, weight, delay, sigma, *ctx.settings = inputs
    ctx.save_for_backward(x, place, weight, delay, sigma)


def _gradients(ctx: Any, g: Tensor) -> tuple[Tensor | None, ...]:
    x, place, *synapses = ctx.saved_tensors
    needs_x, needs_weight, needs_delay = (ctx.needs_input_grad[at] for at in (0, 5, 6))
    g_x, g_weight, g_delay = _backward(
        g, x, place, ctx.still, *synapses, *ctx.settings, needs_x, needs_weight or needs_delay
    )
    return (
        g_x if needs_x else None, None, None, None, None,
        g_weight if needs_weight else None, g_delay if needs_delay else None, None, None, None,
    )  # fmt: skip


_forward.differentiate(_gradients, _setup)


def delayed_conv(x: Tensor, history: Tensor, synapses: Synapses, geometry: Geometry) -> Tensor:
    """Run over ``x``; see :func:`axonal.neuro.ops.delayed_conv.delayed_conv`."""
    weight, delay, sigma, *settings = synapses
    same_shape("delayed_conv", "history", history, (synapses.max_delay, *x.shape[1:]))
    same_shape("delayed_conv", "delay", delay, weight.shape)
    one_axis, geometry = weight.ndim == 3, geometry.in_two_axes()
    if one_axis:
        x, history = x.unsqueeze(-2), history.unsqueeze(-2)
        weight, delay = weight.unsqueeze(-2), delay.unsqueeze(-2)
    size = (weight.shape[2], weight.shape[3])
    series = planes(torch.cat((history, x)), size, geometry)
    place = places(x.shape[2], size, (series.shape[3], series.shape[4]), geometry)
    height, width = geometry.places(x.shape[3:], size)
    number = state_type(x.dtype)
    if isinstance(sigma, Tensor):
        spread = sigma.to(x.device, number)
    else:
        spread = torch.full((), sigma, dtype=number, device=x.device)
    still = 0 if history.requires_grad else len(history)
    y: Tensor = _forward(
        series, place, height, width, still,
        weight.to(number).flatten(1), delay.to(number).flatten(1), spread, *settings,
    )  # fmt: skip
    return y.squeeze(-2) if one_axis else y
