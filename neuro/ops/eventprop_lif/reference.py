"""Event-driven neurons on a grid and their adjoint, written out: the definition of faster paths."""

from typing import Any

import torch
from torch import Tensor

from axonal.neuro.ops.eventprop_lif._arguments import delay_steps, fits, listed, within_limit
from axonal.neuro.ops.eventprop_lif._tensors import (
    SMALLEST_SLOPE,
    Decays,
    Fired,
    Firing,
    Needs,
    Synapses,
    Trains,
)


def raster(trains: Trains, sources: int, steps: int) -> Tensor:
    """Count the spikes of every step and source [T, B, I]."""
    sample, slot = _places(trains)
    x = trains.times.new_zeros(steps, len(trains.counts), sources)
    x.index_put_(
        (_step_of(trains, steps)[sample, slot], sample, trains.indices[sample, slot]),
        x.new_ones(()),
        accumulate=True,
    )
    return x


def _places(trains: Trains) -> tuple[Tensor, Tensor]:
    places = torch.arange(trains.times.shape[1], device=trains.times.device)
    sample, slot = (places < trains.counts.unsqueeze(1)).nonzero(as_tuple=True)
    return sample, slot


def _step_of(trains: Trains, steps: int) -> Tensor:
    # the end of the last step belongs to it
    return trains.times.floor().clamp(max=steps - 1).long()


def _by_delay(synapses: Synapses, least: int) -> list[tuple[int, Tensor]]:
    """List each delay in steps with the weights [N, I] of its synapses, 0 for all others."""
    steps = delay_steps(synapses.delay, least)
    return [(int(d), synapses.weight * (steps == d)) for d in steps.unique()]


def currents(x: Tensor, synapses: Synapses, least: int = 0) -> Tensor:
    """Sum weights where the spikes x [T, B, I] arrive [T, B, N]."""
    steps = len(x)
    arriving = x.new_zeros(*x.shape[:2], len(synapses.weight))
    for d, weight in _by_delay(synapses, least):
        if d < steps:
            arriving[d:] += x[: steps - d] @ weight.T
    return arriving


def forward(
    trains: Trains,
    synapses: Synapses,
    decays: Decays,
    firing: Firing,
    feedback: Synapses,
    steps: int,
    limit: int,
) -> Fired:
    """Run T steps; see :func:`axonal.neuro.ops.eventprop_lif.eventprop_lif`."""
    arriving = currents(raster(trains, synapses.weight.shape[1], steps), synapses)
    loop = _by_delay(feedback, 1)
    (d, a), (threshold, refractory) = decays, firing
    hold = refractory.round().long()
    i = v = torch.zeros_like(arriving[0])
    left = torch.zeros_like(arriving[0], dtype=torch.int64)
    current, fired = torch.empty_like(arriving), torch.empty_like(arriving)
    for t in range(steps):
        i = a * i + arriving[t]
        held = left > 0
        h = torch.where(held, v, d * v + (1 - d) * i)
        s = (h >= threshold) & ~held
        v = torch.where(s, 0.0, h)
        left = torch.where(s, hold, (left - 1).clamp(min=0))
        current[t], fired[t] = i, s
        for lag, weight in loop:
            if t + lag < steps:
                arriving[t + lag] += fired[t] @ weight.T
    within_limit("eventprop_lif", fired.sum((0, 2)).long(), limit)
    return listed(fired, current, hold)


def backward(
    g: Tensor,
    fired: Fired,
    trains: Trains,
    synapses: Synapses,
    decays: Decays,
    firing: Firing,
    feedback: Synapses,
    steps: int,
    needs: Needs,
) -> tuple[Tensor, ...]:
    """Run the adjoint back from the gradients g [B, S] of the times of the spikes.

    Returns:
        gradients of the times of the events, weight, delay, both decays, threshold, refractory
        steps, and of weight and delay of the feedback.
    """
    (d, a), (threshold, refractory) = decays, firing
    rate, hold = -d.log(), refractory.round().long()
    loop = _by_delay(feedback, 1)
    spikes = raster(fired.trains, len(d), steps)
    sample, slot = _places(fired.trains)
    place = fired.times[sample, slot].long(), sample, fired.indices[sample, slot]
    # of spikes, on the grid [T, B, N]
    given, current, released = (
        torch.zeros_like(spikes).index_put(place, values[sample, slot])
        for values in (g, fired.current, fired.released)
    )
    p_v, p_i = torch.zeros_like(spikes), torch.zeros_like(spikes)
    pull = torch.zeros_like(spikes)
    # dL/dv after the step, and dL/di of the step after
    carry = later = torch.zeros_like(spikes[0])
    g_threshold, g_refractory = torch.zeros_like(d), torch.zeros_like(d)
    held = _held(spikes, hold)
    for t in range(steps - 1, -1, -1):
        by_time = given[t].clone()  # S
        for lag, weight in loop:
            if t + lag < steps:
                by_time += pull[t + lag] @ weight
        slope = torch.maximum(current[t] - threshold, SMALLEST_SLOPE * threshold)
        jumped = (released[t] * carry - by_time / rate) / slope
        s = spikes[t] > 0
        q = torch.where(s, jumped, torch.where(held[t], 0.0, carry))
        g_threshold -= torch.where(s, q, 0.0).sum(0)
        g_refractory -= torch.where(s, released[t] * rate * carry, 0.0).sum(0)
        later = a * later + (1 - d) * q
        carry = torch.where(held[t], carry, d * q)
        p_v[t], p_i[t] = q, later
        pull[t] = later * -a.log() - q * rate
    x = raster(trains, synapses.weight.shape[1], steps)
    into = _into(x, p_i, pull, synapses, 0)
    back = _into(spikes, p_i, pull, feedback, 1)
    g_decays = torch.zeros_like(d), torch.zeros_like(a)
    if needs.decays:
        arriving = currents(x, synapses)
        if len(feedback.weight):
            arriving += currents(spikes, feedback, 1)
        g_decays = _decays(arriving, spikes, held, p_v, p_i, decays)
    return (
        _of_times(into[0], trains, steps), *into[1:],
        *g_decays, g_threshold, g_refractory, *back[1:],
    )  # fmt: skip


def _held(spikes: Tensor, hold: Tensor) -> Tensor:
    """Mark the refractory steps of every neuron [T, B, N]."""
    held, left = torch.zeros_like(spikes, dtype=torch.bool), torch.zeros_like(spikes[0]).long()
    for t in range(len(spikes)):
        held[t] = left > 0
        left = torch.where(spikes[t] > 0, hold, (left - 1).clamp(min=0))
    return held


def _into(
    x: Tensor, p_i: Tensor, pull: Tensor, synapses: Synapses, least: int
) -> tuple[Tensor, Tensor, Tensor]:
    """Read costates where spikes arrive: gradients of their times [T, B, I], weight and delay."""
    weight = synapses.weight
    g_x, g_weight, g_delay = torch.zeros_like(x), torch.zeros_like(weight), torch.zeros_like(weight)
    steps = delay_steps(synapses.delay, least)
    for d, of_delay in _by_delay(synapses, least):
        if d < len(x):
            sent = x[: len(x) - d]
            g_x[: len(x) - d] += pull[d:] @ of_delay
            g_weight += (steps == d) * torch.einsum("tbn,tbi->ni", p_i[d:], sent)
            g_delay += of_delay * torch.einsum("tbn,tbi->ni", pull[d:], sent)
    return g_x, g_weight, g_delay


def _of_times(g_x: Tensor, trains: Trains, steps: int) -> Tensor:
    """Gather [B, S] from gradients [T, B, I] of steps and sources."""
    g = torch.zeros_like(trains.times)
    sample, slot = _places(trains)
    step = _step_of(trains, steps)[sample, slot]
    g[sample, slot] = g_x[step, sample, trains.indices[sample, slot]]
    return g


def _decays(
    arriving: Tensor, spikes: Tensor, held: Tensor, p_v: Tensor, p_i: Tensor, decays: Decays
) -> tuple[Tensor, Tensor]:
    """Run forward once more for the potentials, and weigh them with the costates."""
    d, a = decays
    i = v = torch.zeros_like(arriving[0])
    g_d, g_a = torch.zeros_like(d), torch.zeros_like(a)
    for t in range(len(arriving)):
        g_a += (p_i[t] * i).sum(0)
        i = a * i + arriving[t]
        g_d += torch.where(held[t], 0.0, p_v[t] * (v - i)).sum(0)
        h = torch.where(held[t], v, d * v + (1 - d) * i)
        v = torch.where(spikes[t] > 0, 0.0, h)
    return g_d, g_a


def readout_forward(trains: Trains, synapses: Synapses, decays: Decays, steps: int) -> Tensor:
    """Run T steps of units that never fire [T, B, N]."""
    arriving = currents(raster(trains, synapses.weight.shape[1], steps), synapses)
    d, a = decays
    i = v = torch.zeros_like(arriving[0])
    potentials = torch.empty_like(arriving)
    for t in range(steps):
        i = a * i + arriving[t]
        v = d * v + (1 - d) * i
        potentials[t] = v
    return potentials


def readout_backward(
    g: Tensor, trains: Trains, synapses: Synapses, decays: Decays, needs: Needs
) -> tuple[Tensor, ...]:
    """Run the adjoint back from the gradients g [T, B, N] of the potentials.

    Returns:
        gradients of the times of the events, weight, delay and both decays.
    """
    d, a = decays
    p_v, p_i = torch.empty_like(g), torch.empty_like(g)
    q = later = torch.zeros_like(g[0])
    for t in range(len(g) - 1, -1, -1):
        q = d * q + g[t]
        later = a * later + (1 - d) * q
        p_v[t], p_i[t] = q, later
    x = raster(trains, synapses.weight.shape[1], len(g))
    pull = p_i * -a.log() - p_v * -d.log()
    g_x, *of_synapses = _into(x, p_i, pull, synapses, 0)
    g_decays = torch.zeros_like(d), torch.zeros_like(a)
    if needs.decays:
        none = torch.zeros_like(g)
        g_decays = _decays(currents(x, synapses), none, none.bool(), p_v, p_i, decays)
    return _of_times(g_x, trains, len(g)), *of_synapses, *g_decays


class _EventPropLIF(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, *given: Any) -> Any:
        tensors, (steps, limit) = given[:11], given[11:]
        fired = forward(*fits("eventprop_lif", *tensors), steps, limit)
        ctx.save_for_backward(*tensors, *fired)
        ctx.steps = steps
        ctx.mark_non_differentiable(*fired[1:])
        return tuple(fired)

    @staticmethod
    def backward(ctx: Any, *cotangents: Any) -> Any:
        tensors, fired = ctx.saved_tensors[:11], Fired(*ctx.saved_tensors[11:])
        needs = Needs(True, True, any(ctx.needs_input_grad[5:7]))
        g, parts = cotangents[0], fits("eventprop_lif", *tensors)
        g_times, *grads = backward(g, fired, *parts, ctx.steps, needs)
        return g_times, None, None, *grads, None, None


def eventprop_lif(
    trains: Trains,
    synapses: Synapses,
    decays: Decays,
    firing: Firing,
    feedback: Synapses,
    steps: int,
    limit: int,
) -> Trains:
    """Run the neurons; see :func:`axonal.neuro.ops.eventprop_lif.eventprop_lif`."""
    apply: Any = _EventPropLIF.apply
    times, indices, counts, *_ = apply(
        *trains, *synapses, *decays, *firing, *feedback, steps, limit
    )
    return Trains(times, indices, counts)


class _EventPropReadout(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, *given: Any) -> Any:
        tensors, steps = given[:7], given[7]
        ctx.save_for_backward(*tensors)
        return readout_forward(*fits("eventprop_readout", *tensors)[:3], steps)

    @staticmethod
    def backward(ctx: Any, g: Any) -> Any:
        trains, synapses, decays = fits("eventprop_readout", *ctx.saved_tensors)[:3]
        needs = Needs(True, True, any(ctx.needs_input_grad[5:7]))
        g_times, *grads = readout_backward(g, trains, synapses, decays, needs)
        return g_times, None, None, *grads, None


def eventprop_readout(trains: Trains, synapses: Synapses, decays: Decays, steps: int) -> Tensor:
    """Run the units; see :func:`axonal.neuro.ops.eventprop_lif.eventprop_readout`."""
    apply: Any = _EventPropReadout.apply
    potentials: Tensor = apply(*trains, *synapses, *decays, steps)
    return potentials
