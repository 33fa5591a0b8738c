"""The exact engine compiled for the CPU, a sample at a time, samples in threads."""

from typing import Any

import numpy as np
import torch
from torch import Tensor

from axonal._base.threads import shards
from axonal.neuro.ops.exact_lif import _backward, _forward
from axonal.neuro.ops.exact_lif._flow import APART, DOUBLE, NEAR, Dynamics
from axonal.neuro.ops.exact_lif._neuron import HIGHEST, INTEGRAL, MAXIMUM, SLOPE, WHEN, V
from axonal.neuro.ops.exact_lif._problem import (
    READOUTS,
    Connections,
    Kept,
    Neurons,
    Setting,
    Spikes,
    too_close,
    too_many,
)

GROUPS = 8
"""Sums of gradients that are made apart and then added in order, on any number of threads."""

_FEW = 0.1
"""Distance of two rates, relative to the larger, from which on their difference is exact enough."""


def dynamics_of(neurons: Neurons) -> tuple[Dynamics, Any, int]:
    """Return constants of the neurons, the same by neuron [N, 9], and how their rates lie."""
    tau, tau_synapse, threshold, v_reset, refractory = (_array(p) for p in neurons)
    a, c = 1 / tau, 1 / tau_synapse
    slow, fast = np.minimum(a, c), np.maximum(a, c)
    gap = fast - slow
    mode = APART if (gap > _FEW * fast).all() else NEAR
    mode = DOUBLE if (fast == 2 * slow).all() else mode
    over_gap = 1 / np.where(gap > 0, gap, 1.0)
    columns = a, c, slow, gap, a * over_gap, a <= c, threshold, v_reset, refractory
    return Dynamics(a, c, slow, gap, over_gap, a <= c), np.stack(columns, 1), mode


def _array(x: Tensor) -> Any:
    return x.detach().contiguous().numpy()


def _sources(connections: Connections) -> tuple[Any, Any]:
    """Return weights and delays by source [I + N, N], or [I, N] without feedback."""
    weight, delay, feedback_weight, feedback_delay = (_array(p) for p in connections)
    if len(feedback_weight):
        weight = np.concatenate([weight, feedback_weight], axis=1)
        delay = np.concatenate([delay, feedback_delay], axis=1)
    # one row per source, whatever there is, so that one compilation serves all
    return np.ascontiguousarray(weight.T), np.ascontiguousarray(delay.T)


def _fan(weight: Any, delay: Any, sources: int) -> tuple[Any, ...]:
    """Return the synapses of every source in order of their delays, without those of no weight."""
    order = np.argsort(np.where(weight == 0, np.inf, delay), axis=1)
    counts = np.zeros(sources, np.int64)
    counts[: len(weight)] = (weight != 0).sum(1)
    begin = np.arange(sources) * weight.shape[1]
    delays = np.take_along_axis(delay, order, 1).ravel()
    weights = np.take_along_axis(weight, order, 1).ravel()
    return begin, begin + counts, delays, weights, order.astype(np.int32).ravel()


def _size(events: int, connections: Connections) -> int:
    """Return bytes that a pass moves, by which it is told whether threads pay."""
    return 16 * events * len(connections.weight)


def forward(
    spikes: Spikes, connections: Connections, neurons: Neurons, setting: Setting
) -> tuple[Spikes, Kept, Tensor]:
    """Run a batch; return spikes, what is kept and the readout [B, N]."""
    _, constants, mode = dynamics_of(neurons)
    kind = READOUTS.index(setting.readout)
    times, indices, counts = (_array(p) for p in spikes)
    size, inputs = connections.weight.shape
    weight, delay = _sources(connections)
    feedback = np.stack([_array(p) for p in connections[2:]])
    # a source without synapses stands for every neuron that none hears
    fan = _fan(weight, delay, inputs + size)

    def work(start: int, stop: int) -> list[Any]:
        return [
            _forward.run(
                times[b, : counts[b]], indices[b, : counts[b]], inputs, fan, feedback, constants,
                setting.duration, setting.limit, mode, kind, setting.rate,
            )
            for b in range(start, stop)
        ]  # fmt: skip

    parts = shards(work, len(counts), _size(int(counts.sum()), connections))
    runs = [run for part in parts for run in part]
    for b, (how, *_) in enumerate(runs):
        if how == _forward.TOO_MANY:
            raise too_many(b, setting.limit)
        if how == _forward.TOO_CLOSE:
            raise too_close(b)
    number = torch.tensor([len(run[1]) for run in runs])
    longest = int(number.max())
    made = spikes.times.new_full((len(runs), longest), torch.inf)
    neuron = torch.full((len(runs), longest), -1)
    current = torch.zeros_like(made)
    released = torch.zeros_like(made) if (neurons.refractory > 0).any() else made.new_empty(
        len(runs), 0
    )  # fmt: skip
    turned = made.new_zeros(2, len(runs), size if kind == MAXIMUM else 0)
    readout = made.new_zeros(len(runs), size)
    column = (V, INTEGRAL, HIGHEST, V)[kind]
    for b, (_, t, j, i, r, state) in enumerate(runs):
        made[b, : len(t)], neuron[b, : len(t)] = torch.from_numpy(t), torch.from_numpy(j)
        current[b, : len(t)] = torch.from_numpy(i)
        if released.shape[1]:
            released[b, : len(t)] = torch.from_numpy(r)
        readout[b] = torch.from_numpy(state[:, column])
        if kind == MAXIMUM:
            turned[:, b] = torch.from_numpy(state[:, [WHEN, SLOPE]].T)
            fired = neuron[b, : len(t)]
            readout[b, fired] = neurons.threshold[fired]
    return Spikes(made, neuron, number), Kept(current, released, turned), readout


def _add_clipped(sums: Any, total: Any, g_given: Any, clip: float) -> None:
    """Add a sample's gradients to the total, shrunk together, and clear them."""
    norm = np.linalg.norm(sums[0])
    share = clip / norm if norm > clip else 1.0
    g_given *= share
    for one, all_ in zip(sums, total, strict=True):
        all_ += share * one
        one[:] = 0


def backward(
    g_times: Tensor,
    g_readout: Tensor,
    spikes: Spikes,
    made: Spikes,
    kept: Kept,
    connections: Connections,
    neurons: Neurons,
    setting: Setting,
    rates: bool,
) -> tuple[Tensor, Connections, Neurons]:
    """Return gradients of the inputs' times, the connections and the neurons."""
    dynamics, constants, mode = dynamics_of(neurons)
    kind = READOUTS.index(setting.readout)
    times, indices, counts = (_array(p) for p in spikes)
    time, neuron, number = (_array(p) for p in made)
    current, released, turned = (_array(p) for p in kept)
    g_time, g_read = _array(g_times), _array(g_readout)
    size, inputs = connections.weight.shape
    weight, delay = _sources(connections)
    loop = len(connections.feedback_weight) > 0
    batch = len(counts)
    groups = min(GROUPS, batch)
    g_weight, g_delay = np.zeros((groups, *weight.shape)), np.zeros((groups, *weight.shape))
    g, g_given = np.zeros((groups, 5, size)), np.zeros_like(times)

    def work(start: int, stop: int) -> None:
        for group in range(start, stop):
            sums = total = g_weight[group], g_delay[group], g[group]
            if cut := setting.clip < np.inf:
                sums = tuple(np.zeros_like(a) for a in total)
            for b in range(batch * group // groups, batch * (group + 1) // groups):
                few, many = counts[b], number[b]
                peak = turned[:, b] if kind == MAXIMUM else np.zeros((2, size))
                _backward.run(
                    (times[b, :few], indices[b, :few]),
                    (time[b, :many], neuron[b, :many], current[b, :many], released[b, :many]),
                    inputs, delay, weight, dynamics, constants, setting.duration, mode, kind,
                    setting.rate, loop, rates, (peak[0], peak[1]), g_time[b, :many], g_read[b],
                    *sums, g_given[b, :few],
                )  # fmt: skip
                if cut:
                    _add_clipped(sums, total, g_given[b, :few], setting.clip)

    shards(work, groups, _size(int(counts.sum() + number.sum()), connections))
    of_weight, of_delay = (torch.from_numpy(_summed(a)) for a in (g_weight, g_delay))
    of = _summed(g)
    of[0] *= -(dynamics.a**2)
    of[1] *= -(dynamics.c**2)
    into, out = slice(inputs), slice(inputs, None)
    return (
        torch.from_numpy(g_given),
        Connections(
            _own(of_weight[into].T),
            _own(of_delay[into].T),
            _own(of_weight[out].T),
            _own(of_delay[out].T),
        ),
        Neurons(*(_own(row) for row in torch.from_numpy(of))),
    )


def _own(x: Tensor) -> Tensor:
    # results of an operator share no memory
    return x.clone(memory_format=torch.contiguous_format)


def _summed(parts: Any) -> Any:
    total = parts[0]
    for part in parts[1:]:
        total += part
    return total
