"""The adjoint of event-driven neurons compiled for the CPU.

The costates of a neuron depend on its own spikes alone, once the gradient of each by its time is
known; and weights, delays and times of its sources read them where their spikes arrive. Only around
a loop have all neurons of a sample to go back together, to find these gradients.
"""

from typing import Any

import numpy as np
import torch
from torch import Tensor

from axonal._base.jit import jit, kernel
from axonal._base.threads import shards
from axonal.neuro.ops.eventprop_lif._sources_cpu import (
    array,
    connections,
    deliver,
    sources_of,
    steps_of,
    turned,
    whole_steps,
)
from axonal.neuro.ops.eventprop_lif._tensors import (
    SMALLEST_SLOPE,
    Decays,
    Fired,
    Firing,
    Needs,
    Synapses,
    Trains,
)

PARTS = 16
"""Parts of the neurons whose gradients of input times are summed one after the other.

Their number does not follow that of the threads, so that sums do not either.
"""


@jit
def _jump(
    by_time: Any, now: Any, then: Any, carry: Any, threshold: Any, least: Any, rate: Any
) -> Any:
    """Return p_V before a spike, from S, both currents and p_V when the neuron is free again."""
    return (then * carry - by_time / rate) / max(now - threshold, least)


@kernel
def around_the_loop(
    g: Any, when: Any, who: Any, counts: Any, current: Any, released: Any, heard: Any, lag: Any,
    a: Any, d: Any, rate_i: Any, rate_v: Any, threshold: Any, least: Any, hold: Any, steps: int,
    total: Any, start: int, stop: int,
) -> None:  # fmt: skip
    """Fill the gradients by the time of every spike, all that follows from it included.

    Args:
        g: those that later layers give [B, S].
        when: step of every spike, int32 [B, S].
        who: its neuron, int64 [B, S].
        counts: spikes of every sample, int64 [B].
        current: of the neuron at the spike [B, S].
        released: after the refractory steps [B, S].
        heard: weights of the loop [N, N], a row for every neuron that fires.
        lag: their delays in steps, int32, >= 1.
        a: decay of the current [N].
        d: decay of the potential [N].
        rate_i: 1 / tau_synapse [N].
        rate_v: 1 / tau [N].
        threshold: [N].
        least: least distance of a current above it [N].
        hold: refractory steps, int32 [N].
        steps: T.
        total: to fill [B, S].
        start: first sample.
        stop: one past the last.
    """
    neurons = len(a)
    one, zero = a.dtype.type(1), a.dtype.type(0)
    pull = np.empty((neurons, steps), a.dtype)
    states = np.empty((3, neurons), a.dtype)
    carry, later, q = states[0], states[1], states[2]
    last, before = np.empty(neurons, np.int64), np.empty(when.shape[1], np.int64)
    for b in range(start, stop):
        carry[:], later[:] = zero, zero
        # the step of the spike before that a neuron holds still after; none ends before step 0
        last[:] = -1 - np.int64(steps)
        for k in range(counts[b]):
            before[k] = last[who[b, k]]
            last[who[b, k]] = when[b, k]
        k = counts[b] - 1
        for t in range(steps - 1, -1, -1):
            for n in range(neurons):
                q[n] = zero if t > last[n] and t <= last[n] + hold[n] else carry[n]
            lowest = k
            while lowest >= 0 and when[b, lowest] == t:
                n = who[b, lowest]
                by_time = g[b, lowest]
                weights, delays = heard[n], lag[n]
                for m in range(neurons):
                    arrival = t + delays[m]
                    if arrival < steps:
                        by_time += weights[m] * pull[m, arrival]
                total[b, lowest] = by_time
                now, then = current[b, lowest], released[b, lowest]
                q[n] = _jump(by_time, now, then, carry[n], threshold[n], least[n], rate_v[n])
                lowest -= 1
            for n in range(neurons):
                later[n] = a[n] * later[n] + (one - d[n]) * q[n]
                pull[n, t] = later[n] * rate_i[n] - q[n] * rate_v[n]
                if not (t > last[n] and t <= last[n] + hold[n]):
                    carry[n] = d[n] * q[n]
            while k > lowest:
                last[who[b, k]] = before[k]
                k -= 1


@jit
def _costates(
    g: Any, now: Any, then: Any, at: Any, slot: Any, first: int, stop: int,
    a: Any, d: Any, rate_i: Any, rate_v: Any, threshold: Any, least: Any, hold: int,
    p_v: Any, p_i: Any, pull: Any,
) -> Any:  # fmt: skip
    """Fill the costates [T] of a neuron; return its gradients of threshold and refractory steps."""
    one, zero = p_v.dtype.type(1), p_v.dtype.type(0)
    rest = one - d
    g_threshold = g_refractory = carry = later = zero
    free = p_v.size
    for k in range(stop - 1, first - 2, -1):
        spike = at[k] if k >= first else -1
        held = spike + hold if k >= first else -1
        for t in range(free - 1, held, -1):
            p_v[t] = carry
            later = a * later + rest * carry
            p_i[t] = later
            carry = d * carry
        for t in range(min(held, free - 1), spike, -1):
            p_v[t] = zero
            later = a * later
            p_i[t] = later
        if k >= first:
            j = slot[k]
            q = _jump(g[j], now[j], then[j], carry, threshold, least, rate_v)
            g_threshold -= q
            g_refractory -= then[j] * rate_v * carry
            p_v[spike] = q
            later = a * later + rest * q
            p_i[spike] = later
            carry = d * q
            free = spike
    for t in range(p_v.size):
        pull[t] = p_i[t] * rate_i - p_v[t] * rate_v
    return g_threshold, g_refractory


@jit
def _driven(
    g: Any, a: Any, d: Any, rate_i: Any, rate_v: Any, p_v: Any, p_i: Any, pull: Any
) -> None:
    """Fill the costates [T] of a unit that never fires, whose potential has the gradient g [T]."""
    rest = p_v.dtype.type(1) - d
    q = later = p_v.dtype.type(0)
    for t in range(p_v.size - 1, -1, -1):
        q = d * q + g[t]
        later = a * later + rest * q
        p_v[t], p_i[t] = q, later
        pull[t] = later * rate_i - q * rate_v


@jit
def _collect(
    p_i: Any, pull: Any, at: Any, slot: Any, edges: Any, weight: Any, delay: Any,
    g_weight: Any, g_delay: Any, g_time: Any,
) -> None:  # fmt: skip
    """Add what arrives at a neuron reads of its costates [T]: by weight, delay [I] and time [S].

    An array g_time of nothing stands for gradients of times that nobody wants.
    """
    steps = p_i.size
    zero = p_i.dtype.type(0)
    for i in range(weight.size):
        w, d = weight[i], delay[i]
        of_weight = of_delay = zero
        first = np.uint64(edges[i])
        read = first
        for k in range(first, np.uint64(edges[i + 1])):
            arrival = at[k] + d
            if arrival >= steps:
                break
            of_weight += p_i[np.uint64(arrival)]
            of_delay += pull[np.uint64(arrival)]
            read += np.uint64(1)
        if g_time.size:
            for k in range(first, read):
                g_time[np.uint64(slot[k])] += w * pull[np.uint64(at[k] + d)]
        g_weight[i] += of_weight
        g_delay[i] += w * of_delay


@jit
def _again(
    row: Any, at: Any, first: int, stop: int, a: Any, d: Any, hold: int, p_v: Any, p_i: Any
) -> Any:
    """Run a neuron with known spikes over its arrivals [T]; weigh its state with the costates."""
    one, zero = row.dtype.type(1), row.dtype.type(0)
    g_d = g_a = i = v = zero
    k, left = first, 0
    for t in range(row.size):
        g_a += p_i[t] * i
        i = a * i + row[t]
        if left > 0:
            left -= 1
            continue
        g_d += p_v[t] * (v - i)
        v = d * v + (one - d) * i
        if k < stop and at[k] == t:
            v = zero
            left = hold
            k += 1
    return g_d, g_a


@kernel
def read(
    own_at: Any, own_slot: Any, own_edges: Any, by_time: Any, current: Any, released: Any,
    drive: Any, a: Any, d: Any, rate_i: Any, rate_v: Any, threshold: Any, least: Any, hold: Any,
    at: Any, slot: Any, edges: Any, weight: Any, delay: Any,
    weight_back: Any, delay_back: Any, steps: int, needs_decays: bool, needs_synapses: bool,
    g_times: Any, g_weight: Any, g_delay: Any, g_weight_back: Any, g_delay_back: Any, g_rows: Any,
    parts: int, start: int, stop: int,
) -> None:  # fmt: skip
    """Fill all gradients but those around the loop, for parts ``start`` to ``stop`` of the neurons.

    Args:
        own_at: as `Sources` has it, of the neurons' own spikes.
        own_slot: likewise.
        own_edges: likewise.
        by_time: gradient by the time of each spike, all that follows included [B, S].
        current: at each spike [B, S].
        released: after the refractory steps [B, S].
        drive: gradients [T, B, N] of the potentials of units that never fire, or nothing.
        a: decay of the current [N].
        d: decay of the potential [N].
        rate_i: 1 / tau_synapse [N].
        rate_v: 1 / tau [N].
        threshold: [N].
        least: least distance of a current above it [N].
        hold: refractory steps, int32 [N].
        at: as `Sources` has it, of the events.
        slot: likewise.
        edges: likewise.
        weight: [N, I].
        delay: in steps, int32 [N, I].
        weight_back: of the loop [N, N], or nothing.
        delay_back: in steps, int32.
        steps: T.
        needs_decays: whether gradients of both decays are wanted.
        needs_synapses: whether those of weights, delays or times are.
        g_times: to add to, [parts, B, S of the events], or nothing.
        g_weight: to add to [N, I].
        g_delay: likewise.
        g_weight_back: to add to [N, N].
        g_delay_back: likewise.
        g_rows: to add to, of the decays d and a, threshold and refractory steps [4, N].
        parts: number of parts.
        start: first part.
        stop: one past the last.
    """
    neurons = len(a)
    batch = len(edges)
    number = a.dtype.type
    rows = np.empty((4, steps), a.dtype)
    p_v, p_i, pull, row = rows[0], rows[1], rows[2], rows[3]
    nothing = np.empty(0, a.dtype)
    for part in range(start, stop):
        for n in range(neurons * part // parts, neurons * (part + 1) // parts):
            for b in range(batch):
                first, last = own_edges[b, n], own_edges[b, n + 1]
                if len(drive):
                    for t in range(steps):
                        row[t] = drive[t, b, n]
                    _driven(row, a[n], d[n], rate_i[n], rate_v[n], p_v, p_i, pull)
                elif first == last:
                    # no spike, no costate
                    continue
                else:
                    of_threshold, of_refractory = _costates(
                        by_time[b], current[b], released[b], own_at, own_slot, first, last,
                        a[n], d[n], rate_i[n], rate_v[n], threshold[n], least[n], hold[n],
                        p_v, p_i, pull,
                    )  # fmt: skip
                    g_rows[2, n] += of_threshold
                    g_rows[3, n] += of_refractory
                if needs_synapses:
                    g_time = g_times[part, b] if len(g_times) else nothing
                    _collect(
                        p_i, pull, at, slot, edges[b], weight[n], delay[n],
                        g_weight[n], g_delay[n], g_time,
                    )  # fmt: skip
                    if len(weight_back):
                        _collect(
                            p_i, pull, own_at, own_slot, own_edges[b], weight_back[n],
                            delay_back[n], g_weight_back[n], g_delay_back[n], nothing,
                        )  # fmt: skip
                if needs_decays:
                    row[:] = number(0)
                    deliver(row, at, edges[b], weight[n], delay[n])
                    if len(weight_back):
                        deliver(row, own_at, own_edges[b], weight_back[n], delay_back[n])
                    of_d, of_a = _again(row, own_at, first, last, a[n], d[n], hold[n], p_v, p_i)
                    g_rows[0, n] += of_d
                    g_rows[1, n] += of_a


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
    """Return the gradients of `reference.backward`; zeros for those that are not needed."""
    own = sources_of(fired.trains, len(synapses.weight), steps)
    threshold, hold = firing.threshold.detach(), whole_steps(firing.refractory.round(), steps)
    rows = (*_rows(decays), array(threshold), array(SMALLEST_SLOPE * threshold), hold)
    spikes = array(g), array(fired.current), array(fired.released)
    if len(feedback.weight) and len(trains.counts):
        total = np.zeros_like(spikes[0])
        shards(
            around_the_loop, len(trains.counts), len(own.at) * feedback.weight[0].nbytes,
            spikes[0], steps_of(fired.trains, steps), array(fired.indices), array(fired.counts),
            *spikes[1:], *turned(feedback, 1, steps), *rows, steps, total,
        )  # fmt: skip
        spikes = total, *spikes[1:]
    drive = g.new_empty(0, len(trains.counts), len(synapses.weight)).numpy()
    return _gather((*own, *spikes, drive, *rows), trains, synapses, feedback, steps, needs)


def readout_backward(
    g: Tensor, trains: Trains, synapses: Synapses, decays: Decays, needs: Needs
) -> tuple[Tensor, ...]:
    """Return the gradients of `reference.readout_backward`; zeros for those not needed."""
    size = len(synapses.weight)
    # nobody fires
    rows = (*_rows(decays), *2 * (array(decays.membrane),), np.zeros(size, np.int32))
    nothing = g.new_empty(len(trains.counts), 0)
    none = Trains(nothing, nothing.long(), torch.zeros_like(trains.counts))
    spikes = array(nothing), array(nothing), array(nothing)
    given = (*sources_of(none, size, len(g)), *spikes, array(g), *rows)
    loop = Synapses(g.new_empty(0, 0), g.new_empty(0, 0))
    return _gather(given, trains, synapses, loop, len(g), needs)[:5]


def _rows(decays: Decays) -> tuple[Any, ...]:
    membrane, synapse = (row.detach() for row in decays)
    return array(synapse), array(membrane), array(-synapse.log()), array(-membrane.log())


def _gather(
    given: tuple[Any, ...],
    trains: Trains,
    synapses: Synapses,
    feedback: Synapses,
    steps: int,
    needs: Needs,
) -> tuple[Tensor, ...]:
    weight, times = synapses.weight, trains.times
    sources = sources_of(trains, weight.shape[1], steps)
    parts = max(1, min(PARTS, len(weight)))
    g_times = times.new_zeros(parts if needs.times else 0, *times.shape)
    room = [weight.new_zeros(a.shape) for a in (*synapses, *feedback)]
    g_rows = weight.new_zeros(4, len(weight))
    if times.numel() or len(given[6]):
        shards(
            read, parts, len(sources.at) * weight[:, 0].nbytes, *given, *sources,
            *connections(synapses, 0, steps), *connections(feedback, 1, steps), steps,
            needs.decays, needs.synapses or needs.times,
            g_times.numpy(), *(a.numpy() for a in room), g_rows.numpy(), parts,
        )  # fmt: skip
    # each in memory of its own: torch refuses results that share some
    rows = [row.clone() for row in g_rows]
    return g_times.sum(0), *room[:2], *rows, *room[2:]
