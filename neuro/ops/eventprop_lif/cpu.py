"""Event-driven neurons compiled for the CPU: the work is that of the spikes and their synapses.

A neuron at a time: the steps of one row [T] stay in the nearest cache, while the spikes of all of
its sources add their weights to it, or read its costates, wherever their delays lead. Only neurons
that hear each other run side by side, a sample at a time.
"""

from typing import Any

import numpy as np
import torch
from torch import Tensor

from axonal._base.jit import jit, kernel
from axonal._base.rows import with_room
from axonal._base.threads import shards
from axonal.neuro.ops._buffer_pool import empty
from axonal.neuro.ops.eventprop_lif._adjoint_cpu import backward, readout_backward
from axonal.neuro.ops.eventprop_lif._arguments import within_limit
from axonal.neuro.ops.eventprop_lif._sources_cpu import (
    Sources,
    array,
    connections,
    deliver,
    sources_of,
    turned,
    whole_steps,
)
from axonal.neuro.ops.eventprop_lif._tensors import (
    Decays,
    Fired,
    Firing,
    Synapses,
    Trains,
)

__all__ = ["backward", "forward", "readout_backward", "readout_forward"]


@jit
def _fire(row: Any, a: Any, d: Any, threshold: Any, hold: int, when: Any) -> int:
    """Turn the arrivals of a neuron [T] into its current; list the steps of its spikes."""
    one, zero = row.dtype.type(1), row.dtype.type(0)
    rest = one - d
    i = v = zero
    left, count = 0, 0
    for t in range(row.size):
        i = a * i + row[t]
        row[t] = i
        if left > 0:
            left -= 1
            continue
        v = d * v + rest * i
        if v >= threshold:
            when[count] = t
            count += 1
            v = zero
            left = hold
    return count


@jit
def _fire_together(
    rows: Any, a: Any, d: Any, threshold: Any, hold: Any, heard: Any, lag: Any, limit: int,
    when: Any, who: Any,
) -> Any:  # fmt: skip
    """Run neurons that hear each other over their arrivals [N, T]; list their spikes.

    heard and lag [N, N] have a row of weights and delays for every neuron that fires.
    """
    neurons, steps = rows.shape
    one, zero = rows.dtype.type(1), rows.dtype.type(0)
    i, v, left = np.zeros(neurons, rows.dtype), np.zeros(neurons, rows.dtype), np.zeros(neurons)
    count = 0
    for t in range(steps):
        before = count
        when, who = with_room(when, count + neurons), with_room(who, count + neurons)
        for n in range(neurons):
            i[n] = a[n] * i[n] + rows[n, t]
            rows[n, t] = i[n]
            if left[n] > 0:
                left[n] -= 1
                continue
            h = d[n] * v[n] + (one - d[n]) * i[n]
            fired = h >= threshold[n]
            v[n] = zero if fired else h
            if fired:
                when[count], who[count] = t, n
                count += 1
                left[n] = hold[n]
        for k in range(before, count):
            weights, delays = heard[who[k]], lag[who[k]]
            for n in range(neurons):
                arrival = t + delays[n]
                if arrival < steps:
                    rows[n, arrival] += weights[n]
        if count > limit:
            break
    return count, when, who


@jit
def _in_time(when: Any, steps: int, place: Any) -> None:
    """Find the place of every spike in the order of time, then of neurons, from that of neurons."""
    first = np.zeros(steps + 1, np.int64)
    for t in when:
        first[t + 1] += 1
    for t in range(steps):
        first[t + 1] += first[t]
    for k in range(len(when)):
        place[k] = first[when[k]]
        first[when[k]] += 1


@kernel
def fire(
    at: Any, edges: Any, weight: Any, delay: Any, heard: Any, lag: Any,
    a: Any, d: Any, threshold: Any, hold: Any, steps: int, limit: int, counts: Any,
    start: int, stop: int,
) -> Any:  # fmt: skip
    """List the spikes of the samples ``start`` to ``stop`` in order of time.

    Args:
        at: steps of the events, source by source, int32 [E].
        edges: first event of each sample and source, and one past the last, int64 [B, I + 1].
        weight: [N, I].
        delay: in steps, int32 [N, I].
        heard: weights of the loop, [N, N] with a row for every neuron that fires, or nothing.
        lag: their delays, int32.
        a: decay of the current [N].
        d: decay of the potential [N].
        threshold: [N].
        hold: refractory steps, int32 [N].
        steps: T.
        limit: most spikes of a sample, beyond which it is left at once.
        counts: spikes of every sample, to fill [B].
        start: first sample.
        stop: one past the last.

    Returns:
        step, neuron, current and current after the refractory steps, of all spikes one after
        the other.
    """
    neurons = len(weight)
    loop = len(heard) > 0
    rows = np.empty((neurons if loop else 1, steps), weight.dtype)
    when, who = np.empty(1024, np.int32), np.empty(1024, np.int32)
    now, then = np.empty(1024, weight.dtype), np.empty(1024, weight.dtype)
    total = 0
    out_when, out_who = np.empty(1024, np.int32), np.empty(1024, np.int32)
    out_now, out_then = np.empty(1024, weight.dtype), np.empty(1024, weight.dtype)
    zero = weight.dtype.type(0)
    for b in range(start, stop):
        rows[:] = zero
        count = 0
        if loop:
            for n in range(neurons):
                deliver(rows[n], at, edges[b], weight[n], delay[n])
            count, when, who = _fire_together(
                rows, a, d, threshold, hold, heard, lag, limit, when, who
            )
        for n in range(0 if loop else neurons):
            row = rows[0]
            row[:] = zero
            deliver(row, at, edges[b], weight[n], delay[n])
            when = with_room(when, count + steps)
            own = when[count:]
            found = _fire(row, a[n], d[n], threshold[n], hold[n], own)
            who = with_room(who, count + found)
            now, then = with_room(now, count + found), with_room(then, count + found)
            for k in range(found):
                later = own[k] + hold[n]
                who[count + k] = n
                now[count + k] = row[own[k]]
                then[count + k] = row[later] if later < steps else zero
            count += found
            if count > limit:
                break
        counts[b] = count
        if count > limit:
            break
        out_when, out_who = with_room(out_when, total + count), with_room(out_who, total + count)
        out_now, out_then = with_room(out_now, total + count), with_room(out_then, total + count)
        if loop:
            for k in range(count):
                n, t = who[k], when[k]
                later = t + hold[n]
                out_when[total + k], out_who[total + k] = t, n
                out_now[total + k] = rows[n, t]
                out_then[total + k] = rows[n, later] if later < steps else zero
        else:
            place = np.empty(count, np.int64)
            _in_time(when[:count], steps, place)
            for k in range(count):
                to = total + place[k]
                out_when[to], out_who[to] = when[k], who[k]
                out_now[to], out_then[to] = now[k], then[k]
        total += count
    return out_when[:total], out_who[:total], out_now[:total], out_then[:total]


@kernel
def integrate(
    at: Any, edges: Any, weight: Any, delay: Any, a: Any, d: Any, y: Any, start: int, stop: int
) -> None:
    """Fill the potentials y [T, B, N] of units that never fire, for a range of samples."""
    steps = len(y)
    one, zero = y.dtype.type(1), y.dtype.type(0)
    row = np.empty(steps, y.dtype)
    for b in range(start, stop):
        for n in range(len(weight)):
            row[:] = zero
            deliver(row, at, edges[b], weight[n], delay[n])
            i = v = zero
            for t in range(steps):
                i = a[n] * i + row[t]
                v = d[n] * v + (one - d[n]) * i
                y[t, b, n] = v


def _work(sources: Sources, synapses: Synapses) -> int:
    """Bytes that all arrivals touch."""
    return len(sources.at) * len(synapses.weight) * synapses.weight.element_size()


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
    weight = synapses.weight
    batch = len(trains.counts)
    sources = sources_of(trains, weight.shape[1], steps)
    counts = np.zeros(batch, np.int64)
    given = (
        sources.at, sources.edges, *connections(synapses, 0, steps),
        *turned(feedback, 1, steps),
        array(decays.synapse), array(decays.membrane), array(firing.threshold),
        whole_steps(firing.refractory.round(), steps), steps, limit, counts,
    )  # fmt: skip
    parts = shards(fire, batch, _work(sources, synapses), *given) if batch else []
    number = torch.from_numpy(counts)
    within_limit("eventprop_lif", number, limit)
    longest = int(counts.max(initial=0))
    valid = torch.arange(longest) < number.unsqueeze(1)
    rows = []
    for column, beyond in enumerate((torch.inf, -1, 0, 0)):
        dtype = torch.int64 if column == 1 else weight.dtype
        row = torch.full((batch, longest), beyond, dtype=dtype)
        if parts:
            row[valid] = torch.from_numpy(np.concatenate([part[column] for part in parts])).to(
                dtype
            )
        rows.append(row)
    return Fired(rows[0], rows[1], number, rows[2], rows[3])


def readout_forward(trains: Trains, synapses: Synapses, decays: Decays, steps: int) -> Tensor:
    """Run T steps of units that never fire [T, B, N]."""
    weight = synapses.weight
    batch = len(trains.counts)
    sources = sources_of(trains, weight.shape[1], steps)
    y = empty((steps, batch, len(weight)), weight)
    given = (
        sources.at, sources.edges, *connections(synapses, 0, steps),
        array(decays.synapse), array(decays.membrane), y.numpy(),
    )  # fmt: skip
    if batch:
        shards(integrate, batch, _work(sources, synapses) + y.nbytes, *given)
    return y
