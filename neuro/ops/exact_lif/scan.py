"""The exact engine in parallel over time: associative scans over arrivals, the hard reset kept.

A reset leaves the current as it is, so that one scan over all arrivals of a neuron gives I at every
one of them. Between two resets V follows from I by another scan. All intervals of a stretch of
arrivals are looked at together; the first that holds a crossing ends the stretch, and the next one
starts at the reset. A neuron with K arrivals and S spikes takes at most S + K / W + 1 rounds of
depth log W in place of K steps, for stretches of W arrivals; neurons and samples run side by side.

Everything is plain torch. Spikes are those of the sequential engine but for rounding, and so the
backward pass, which starts from spikes alone, is that of `cpu.backward`.
"""

import math
from typing import NamedTuple

import torch
from torch import Tensor

from axonal.neuro.ops.exact_lif import _stretch
from axonal.neuro.ops.exact_lif._lanes import Lanes
from axonal.neuro.ops.exact_lif._problem import (
    Connections,
    Kept,
    Neurons,
    Setting,
    Spikes,
    too_many,
)
from axonal.neuro.ops.exact_lif._stretch import State

NARROWEST, WIDEST = 8, 4096
"""Arrivals of a stretch."""

ROOM = 2**16
"""Intervals of all lanes together that a round should hold, for its arrays to stay in the cache."""

SLAB = 2**22
"""Arrivals of the samples that run side by side."""


class _Fired(NamedTuple):
    """Spikes in no order: lane, time, I there and at the end of the refractory time, each [F]."""

    lane: Tensor
    time: Tensor
    current: Tensor
    released: Tensor


def run(
    spikes: Spikes, connections: Connections, neurons: Neurons, setting: Setting
) -> tuple[Spikes, Kept, Tensor, int]:
    """Run a batch through a layer without feedback.

    Returns:
        spikes in order of time; what the backward pass needs beside them; the readout [B, N]; the
        number of rounds that wait for each other, over all slabs of samples.

    Raises:
        ValueError: for more spikes of a sample than ``setting.limit``.
    """
    size = len(connections.weight)
    batch, longest = spikes.times.shape
    together = max(1, SLAB // max(1, size * longest))
    rounds, fired, readouts = 0, [], []
    for first in range(0, batch, together):
        part = Spikes(*(p[first : first + together] for p in spikes))
        lanes = Lanes.of(part, connections, neurons, setting.duration)
        own, readout, taken = _sweep(lanes, setting, size, first)
        rounds += taken
        fired.append(own._replace(lane=own.lane + first * size))
        readouts.append(readout)
    every = _Fired(*(torch.cat(p) for p in zip(*fired, strict=True)))
    readout = torch.cat(readouts, 1).view(3, batch, size)
    made, kept = _listed(every, batch, size, bool((neurons.refractory > 0).any()))
    read, turned = readout[0], readout[1:]
    if setting.readout == "maximum":
        # the highest V of a neuron that fires is its threshold
        has = torch.zeros(batch * size, dtype=torch.bool, device=read.device)
        has[every.lane] = True
        read = torch.where(has.view(batch, size), neurons.threshold, read)
    else:
        turned = turned[:, :, :0]
    # results of an operator share no memory
    return made, kept._replace(turned=turned.clone()), read.clone(), rounds


def _sweep(lanes: Lanes, setting: Setting, size: int, first: int) -> tuple[_Fired, Tensor, int]:
    """Run all lanes to the end; return spikes, readouts [3, L] and the number of rounds."""
    state = State.at_rest(lanes)
    readout = lanes.times.new_zeros(3, len(lanes.times))
    counts = torch.zeros(len(lanes.times) // size, dtype=torch.int64, device=readout.device)
    empty = readout.new_empty(0)
    fired, rounds, width = [(state.lane[:0], empty, empty)], 0, 4 * NARROWEST
    while running := len(state.lane):
        rounds += 1
        width = max(min(width, ROOM // running), NARROWEST)
        stretch = _stretch.look(lanes, state, width)
        hit = stretch.hit.nonzero().squeeze(1)
        time, current = _stretch.fire(lanes, state, stretch, hit) if len(hit) else (empty, empty)
        own = state.lane[hit]
        counts += torch.bincount(own // size, minlength=len(counts))
        if (over := counts > setting.limit).any():
            raise too_many(first + int(over.nonzero()[0]), setting.limit)
        fired.append((own, time, current))
        if setting.readout == "integral":
            _stretch.integrate(lanes, state, stretch, hit, time, current, setting, readout[0])
        elif setting.readout == "maximum":
            _stretch.raise_highest(lanes, state, stretch, setting.duration, readout)
        passed = float(stretch.passed.double().mean())
        state, done = _stretch.go_on(lanes, state, stretch, hit, time, current, setting.duration)
        if setting.readout == "end":
            readout[0, done.lane] = done.v
        if passed > 0.75 * width:
            width = min(2 * width, WIDEST)
        elif passed < 0.25 * width:
            width //= 2
    lane, time, current = (torch.cat(p) for p in zip(*fired, strict=True))
    return (
        _Fired(lane, time, current, _released(lanes, lane, time, current, setting)),
        readout,
        rounds,
    )


def _released(
    lanes: Lanes, lane: Tensor, time: Tensor, current: Tensor, setting: Setting
) -> Tensor:
    """Return I at the end of the refractory time of all spikes, NaN behind the sample."""
    refractory = lanes.neurons.refractory[lane]
    if not (refractory > 0).any():
        return current
    release = time + refractory
    # a row of spikes per lane, in which those behind the last are at infinity
    order = torch.argsort(lane, stable=True)
    counts = torch.bincount(lane, minlength=len(lanes.times))
    slot = torch.arange(len(lane), device=lane.device)
    slot = slot - (counts.cumsum(0) - counts)[lane[order]]
    row = time.new_full((len(counts), int(counts.max())), math.inf)
    row[lane[order], slot] = release[order]
    before = torch.searchsorted(lanes.times, row)[lane[order], slot] - 1
    before[order] = before.clone()
    since = lanes.times[lane, before]
    held = torch.where(since >= time, lanes.currents[lane, before], current)
    left = held * torch.exp(-lanes.rates.c[lane] * (release - torch.maximum(since, time)))
    return left.masked_fill(release > setting.duration, math.nan).where(refractory > 0, current)


def _listed(fired: _Fired, batch: int, size: int, refracts: bool) -> tuple[Spikes, Kept]:
    """Bring spikes into lists in order of time [B, S]."""
    lane, time, current, released = fired
    order = torch.argsort(lane, stable=True)
    order = order[torch.argsort(time[order], stable=True)]
    order = order[torch.argsort(lane[order] // size, stable=True)]
    sample, neuron = lane[order] // size, lane[order] % size
    counts = torch.bincount(sample, minlength=batch)
    place = (
        sample,
        torch.arange(len(sample), device=lane.device) - (counts.cumsum(0) - counts)[sample],
    )
    shape = batch, int(counts.max())
    made = Spikes(
        time.new_full(shape, math.inf).index_put_(place, time[order]),
        lane.new_full(shape, -1).index_put_(place, neuron),
        counts,
    )
    at, after = time.new_zeros(shape), time.new_zeros(shape if refracts else (batch, 0))
    at[place] = current[order]
    if refracts:
        after[place] = released[order]
    return made, Kept(at, after, time.new_empty(0))
