"""The exact engine forward: windows of time, within which every neuron runs on its own.

A window is short enough for few spikes within it to reach a neuron before its end. All neurons run
over what is known to arrive; where their spikes reach others before the end, those run again with
these arrivals, until nothing changes. The first spike that is wrong becomes right in every round,
so that the result is that of a global order of all events, for windows of any length.
"""

import math
from typing import Any

import numpy as np

from axonal._base.jit import jit, kernel
from axonal._base.rows import with_room
from axonal.neuro.ops.exact_lif._flow import factors
from axonal.neuro.ops.exact_lif._neuron import (
    ARRIVAL,
    CARRIED,
    FACTOR_B,
    FACTOR_E,
    FACTOR_H,
    SHAPE,
    WEIGHT,
    WIDTH,
    finish,
)
from axonal.neuro.ops.exact_lif._window import arrange, close, order, settle

DONE, TOO_MANY, TOO_CLOSE = 0, 1, 2
"""Ends of a run: with all spikes, with more than allowed, with a chain that no time separates."""

ARRIVALS = 24
"""Arrivals per neuron that a window should hold."""

REPEATS = 0.1
"""Neurons that should run more than once, as a share of all."""

SHORTEST = 1e-12
"""Length of a window, relative to the sample's, below which nothing is told apart."""


@jit
def launch(flight: Any, flying: int, source: int, since: float, cursor: int) -> Any:
    """Add a spike with arrivals to come; return the list and its length."""
    sources, times, cursors = flight
    more = flying + 1
    sources, times = with_room(sources, more), with_room(times, more)
    cursors = with_room(cursors, more)
    sources[flying], times[flying], cursors[flying] = source, since, cursor
    return (sources, times, cursors), flying + 1


@jit
def arrive(flight: Any, flying: int, hall: Any, waiting: int, fan: Any, end: float,
           duration: float) -> Any:  # fmt: skip
    """Let spikes arrive until ``end``; return those with more to come, and the arrivals."""
    sources, times, cursors = flight
    _, until, delay, weight, target = fan
    at, amount, reached = hall
    kept = 0
    for k in range(flying):
        i, t, c = sources[k], times[k], cursors[k]
        stop = until[i]
        more = waiting + stop - c
        at, amount, reached = with_room(at, more), with_room(amount, more), with_room(reached, more)
        while c < stop:
            arrival = t + delay[c]
            if not arrival < end:
                break
            at[waiting], amount[waiting], reached[waiting] = arrival, weight[c], target[c]
            waiting += 1
            c += 1
        if c < stop and t + delay[c] <= duration:
            sources[kept], times[kept], cursors[kept] = i, t, c
            kept += 1
    return kept, (at, amount, reached), waiting


@jit
def share_out(hall: Any, waiting: int, end: float, offset: Any, place: Any, line: Any,
              room: int) -> Any:  # fmt: skip
    """Give every neuron its arrivals before ``end``; return them, and how many one has at most."""
    at, amount, reached = hall
    size = len(place)
    offset[:] = 0
    for k in range(waiting):
        offset[reached[k]] += at[k] < end
    total, crowd = 0, 0
    for j in range(size):
        count = offset[j]
        crowd = max(crowd, count)
        offset[j] = place[j] = total
        total += count + 1
    offset[size] = total
    if total + crowd + room > line.shape[1]:
        line = np.empty((5, 2 * (total + crowd + room)))
    for k in range(waiting):
        if at[k] < end:
            j = reached[k]
            line[ARRIVAL, place[j]], line[WEIGHT, place[j]] = at[k], amount[k]
            place[j] += 1
    return line


@jit
def leave(hall: Any, waiting: int, end: float) -> int:
    """Keep the arrivals from ``end`` on; return their number."""
    at, amount, reached = hall
    kept = 0
    for k in range(waiting):
        if not at[k] < end:
            at[kept], amount[kept], reached[kept] = at[k], amount[k], reached[k]
            kept += 1
    return kept


@jit
def record(made: Any, count: int, first: Any, number: Any, spikes: Any) -> Any:
    """Append the spikes of a window in order of time; return all and their number."""
    time, neuron, current, release = made
    total = count
    for j in range(len(first)):
        total += number[j]
    time, neuron = with_room(time, total), with_room(neuron, total)
    current, release = with_room(current, total), with_room(release, total)
    fresh = count
    for j in range(len(first)):
        for place in range(first[j], first[j] + number[j]):
            time[fresh], neuron[fresh] = spikes[0, place], j
            current[fresh], release[fresh] = spikes[1, place], spikes[2, place]
            fresh += 1
    place = order(time, count, total)
    arrange(time, count, place)
    arrange(neuron, count, place)
    arrange(current, count, place)
    arrange(release, count, place)
    return (time, neuron, current, release), total


@kernel
def run(
    times: Any, indices: Any, inputs: int, fan: Any, feedback: Any, constants: Any,
    duration: float, limit: int, mode: int, kind: int, rate: float,
) -> Any:  # fmt: skip
    """Run one sample.

    Args:
        times: spikes of the inputs, in order.
        indices: their sources.
        inputs: I; neuron j is source I + j.
        fan: per source the first synapse and the one after its last; per synapse delay, weight and
            target, by source and then by delay.
        feedback: weights and delays [2, N, N], the row of a neuron its inputs; [2, 0, 0] without.
        constants: of the neurons [N, 9].
        duration: end of the sample; later events are left out.
        limit: most spikes.
        mode: how time constants lie, see `factors`.
        kind: readout.
        rate: of the weight of an integral.

    Returns:
        how the run ended; spikes in order of time: times, neurons, I there, I at the end of the
        refractory time; states at the end [N, WIDTH].
    """
    begin, until, delay, _, _ = fan
    size = len(constants)
    # 0 as written is a type of its own, for which all that takes it would be compiled once more
    zero: Any = np.int64(0)
    old, new = np.zeros((size, WIDTH)), np.zeros((size, WIDTH))
    old[:, SHAPE] = 1.0
    made, count = (np.empty(64), np.empty(64, np.int64), np.empty(64), np.empty(64)), zero
    latest = np.full(size, -1)
    flight, flying = (np.empty(64, np.int64), np.empty(64), np.empty(64, np.int64)), zero
    hall, waiting = (np.empty(64), np.empty(64), np.empty(64, np.int32)), zero
    offset, place = np.zeros(size + 1, np.int64), np.zeros(size, np.int64)
    most = max(1024, 8 * size)
    line, spikes = np.empty((5, 2 * most)), np.empty((3, most))
    first, number = np.zeros(size, np.int64), np.zeros(size, np.int64)
    wanted, total = max(ARRIVALS * size, 256), 1
    for i in indices:
        total += until[i] - begin[i]
    width = min(duration * max(wanted / total, 1 / 4096), duration)
    start, taken, how, last = 0.0, zero, DONE, False
    while not last:
        end = start + width
        last = not end < duration
        if last:
            # an arrival at the end itself belongs to the last window
            end = np.nextafter(duration, math.inf)
        while taken < len(times) and times[taken] < end:
            i = indices[taken]
            flight, flying = launch(flight, flying, i, times[taken], begin[i])
            taken += 1
        flying, hall, waiting = arrive(flight, flying, hall, waiting, fan, end, duration)
        while True:
            stop = min(end, duration)
            line = share_out(hall, waiting, end, offset, place, line, most)
            for j in range(size):
                close(line, j, offset[j], offset[j + 1] - 1, stop, old, constants)
            factors(mode, line[FACTOR_B], line[FACTOR_E], line[FACTOR_H], offset[size])
            agreed, more = settle(
                inputs, offset, line, end, stop, spikes, first, number, fan, feedback, old, new,
                constants, mode, kind, rate,
            )  # fmt: skip
            if agreed:
                break
            if end - start <= SHORTEST * duration:
                how = TOO_CLOSE
                break
            end, last = start + 0.5 * (end - start), False
        if how != DONE:
            break
        # what has happened is made final
        for j in range(size):
            if latest[j] >= 0 and not math.isnan(new[j, CARRIED]):
                made[3][latest[j]] = new[j, CARRIED]
        before = count
        made, count = record(made, count, first, number, spikes)
        if count > limit:
            how = TOO_MANY
            break
        for k in range(before, count):
            latest[made[1][k]] = k
            i, t = inputs + made[1][k], made[0][k]
            c = begin[i]
            while c < until[i] and t + delay[c] < end:
                c += 1
            if c < until[i] and t + delay[c] <= duration:
                flight, flying = launch(flight, flying, i, t, c)
        waiting = leave(hall, waiting, end)
        old, new = new, old
        factor = wanted / (offset[size] - size + 1)
        if more:
            factor = min(factor, math.sqrt(REPEATS * size / more))
        width = (end - start) * min(max(factor, 0.5), 2.0)
        start = end
    for j in range(size):
        finish(old, j, duration, constants, kind, rate)
    time, neuron, current, release = made
    return how, time[:count], neuron[:count], current[:count], release[:count], old
