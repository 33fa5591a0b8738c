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
from axonal.neuro.ops.exact_lif._flow import NEAR, factors
from axonal.neuro.ops.exact_lif._neuron import (
    CARRIED,
    SHAPE,
    WIDTH,
    advance,
    finish,
)

DONE, TOO_MANY, TOO_CLOSE = 0, 1, 2
"""How a run ends: with all spikes, with more than allowed, with a chain that no time separates."""

ARRIVALS = 16
"""Arrivals per neuron that a window should hold."""

ROUNDS = 12
"""Rounds of corrections from which on a shorter window is tried."""


@jit
def longer(x: Any, size: int) -> Any:
    """Return a longer array with the same start."""
    y = np.empty(size, x.dtype)
    y[: len(x)] = x
    return y


@jit
def sort(when: Any, weight: Any, low: int, high: int) -> None:
    """Sort arrivals by time, equal ones as they are."""
    if high - low > 64:
        order = low + np.argsort(when[low:high], kind="mergesort")
        when[low:high], weight[low:high] = when[order], weight[order]
        return
    for k in range(low + 1, high):
        t, w = when[k], weight[k]
        at = k
        while at > low and when[at - 1] > t:
            when[at], weight[at] = when[at - 1], weight[at - 1]
            at -= 1
        when[at], weight[at] = t, w


@jit
def again(
    j: int, low: int, high: int, when: Any, weight: Any, end: float, stop: float, room: Any,
    firing: Any, firings: int, first: Any, number: Any, spikes: Any, used: int, feedback: Any,
    old: Any, new: Any, dynamics: Any, mode: int, kind: int, rate: float,
) -> int:  # fmt: skip
    """Run neuron j over a window once more, with the spikes of the window that arrive within it."""
    t, w, s, slow, gap, b, e, h = room
    count = high - low
    for k in range(count):
        t[k], w[k] = when[low + k], weight[low + k]
    feedback_weight, feedback_delay = feedback
    for k in range(firings):
        i = firing[k]
        given = feedback_weight[j, i]
        if given == 0:
            continue
        for place in range(first[i], first[i] + number[i]):
            at = spikes[0][place] + feedback_delay[j, i]
            if at < end:
                if count + 1 >= len(t):
                    return -1
                t[count], w[count] = at, given
                count += 1
    sort(t, w, 0, count)
    t[count] = stop
    s[0] = t[0] - old[j, 0]
    for k in range(count + 1):
        slow[k], gap[k] = dynamics.slow[j], dynamics.gap[j]
        if k:
            s[k] = t[k] - t[k - 1]
    factors(s, slow, gap, mode, b, e, h, count + 1)
    return advance(
        j, 0, count, t, w, b, e, h, old[j], new[j], spikes[0], spikes[1], spikes[2], used,
        dynamics, mode == NEAR, kind, rate,
    )  # fmt: skip


@jit
def mark(i: int, spike_time: Any, start: int, stop: int, end: float, fan: Any, dirty: Any) -> None:
    """Mark the neurons that spikes of source i reach before the end of the window."""
    begin, until, delay, _, target = fan
    for place in range(start, stop):
        t = spike_time[place]
        for k in range(begin[i], until[i]):
            if not t + delay[k] < end:
                break
            dirty[target[k]] = True


@jit
def same(spike_time: Any, start: int, stop: int, other: int, until: int) -> bool:
    """Whether two lists hold the same times."""
    if stop - start != until - other:
        return False
    for k in range(stop - start):
        if spike_time[start + k] != spike_time[other + k]:
            return False
    return True


@jit
def settle(
    inputs: int, offset: Any, when: Any, weight: Any, end: float, stop: float, room: Any,
    factor: Any, spikes: Any, first: Any, number: Any, fan: Any, feedback: Any, old: Any, new: Any,
    dynamics: Any, mode: int, kind: int, rate: float,
) -> int:  # fmt: skip
    """Run all neurons over a window until their spikes agree; -1 where that takes too long."""
    size, used = len(old), 0
    dirty, firing = np.zeros(size, np.bool_), np.empty(size, np.int64)
    listed = np.zeros(size, np.bool_)
    firings, loop = 0, len(feedback[0]) > 0
    b, e, h = factor
    for j in range(size):
        first[j] = used
        found = advance(
            j, offset[j], offset[j + 1] - 1, when, weight, b, e, h, old[j], new[j],
            spikes[0], spikes[1], spikes[2], used, dynamics, mode == NEAR, kind, rate,
        )  # fmt: skip
        if found < 0:
            return -1
        number[j], used = found - used, found
        if loop and number[j]:
            firing[firings], listed[j] = j, True
            firings += 1
            mark(inputs + j, spikes[0], first[j], used, end, fan, dirty)
    for _ in range(ROUNDS * (firings > 0)):
        changed = False
        for j in range(size):
            if not dirty[j]:
                continue
            dirty[j] = False
            found = again(
                j, offset[j], offset[j + 1] - 1, when, weight, end, stop, room, firing, firings,
                first, number, spikes, used, feedback, old, new, dynamics, mode, kind, rate,
            )  # fmt: skip
            if found < 0:
                return -1
            before, until = first[j], first[j] + number[j]
            if not same(spikes[0], used, found, before, until):
                mark(inputs + j, spikes[0], before, until, end, fan, dirty)
                mark(inputs + j, spikes[0], used, found, end, fan, dirty)
                changed = True
                if not listed[j]:
                    firing[firings], listed[j] = j, True
                    firings += 1
            first[j], number[j], used = used, found - used, found
        if not changed:
            return used
    return used if firings == 0 else -1


@kernel
def run(
    times: Any, indices: Any, inputs: int, fan: Any, feedback: Any, dynamics: Any, duration: float,
    limit: int, mode: int, kind: int, rate: float,
) -> Any:  # fmt: skip
    """Run one sample.

    Args:
        times: spikes of the inputs, in order.
        indices: their sources.
        inputs: I; neuron j is source I + j.
        fan: per source the first synapse and the one after its last; per synapse delay, weight and
            target, by source and then by delay.
        feedback: weights and delays [N, N], the row of a neuron its inputs; [0, 0] without.
        dynamics: constants of the neurons.
        duration: end of the sample; later events are left out.
        limit: most spikes.
        mode: how time constants lie, see `factors`.
        kind: readout.
        rate: of the weight of an integral.

    Returns:
        how the run ended; spikes in order of time: times, neurons, I there, I at the end of the
        refractory time; states at the end [N, WIDTH].
    """
    begin, until, delay, strength, target = fan
    size = len(dynamics.a)
    old, new = np.zeros((size, WIDTH)), np.zeros((size, WIDTH))
    old[:, SHAPE] = 1.0
    # spikes so far, and those with arrivals to come
    made, capacity = 0, 64
    time, neuron = np.empty(capacity), np.empty(capacity, np.int64)
    current, release = np.empty(capacity), np.empty(capacity)
    latest = np.full(size, -1)
    flying, sky = 0, 64
    source, since, cursor = np.empty(sky, np.int64), np.empty(sky), np.empty(sky, np.int64)
    # arrivals to come, and the same by neuron and time
    waiting, hall = 0, 64 * size
    at, amount, reached = np.empty(hall), np.empty(hall), np.empty(hall, np.int64)
    places = hall + size
    when, weight, s = np.empty(places), np.empty(places), np.empty(places)
    slow, gap = np.empty(places), np.empty(places)
    b, e, h = np.empty(places), np.empty(places), np.empty(places)
    offset = np.zeros(size + 1, np.int64)
    most = max(1024, 8 * size)
    spikes = np.empty(most), np.empty(most), np.empty(most)
    first, number = np.zeros(size, np.int64), np.zeros(size, np.int64)
    rooms = np.empty((8, 2 * most))
    wanted = max(ARRIVALS * size, 256)
    total = 1
    for k in range(len(times)):
        total += until[indices[k]] - begin[indices[k]]
    width = max(duration * wanted / total, duration / 4096)
    shortest = 1e-12 * duration
    start, taken = 0.0, 0
    while True:
        end = start + width
        last = not end <= duration
        if last:
            # an arrival at the end itself belongs to the last window
            end = np.nextafter(duration, math.inf)
        while taken < len(times) and times[taken] < end:
            if flying == sky:
                sky *= 2
                source, since, cursor = longer(source, sky), longer(since, sky), longer(cursor, sky)
            source[flying], since[flying] = indices[taken], times[taken]
            cursor[flying] = begin[indices[taken]]
            flying += 1
            taken += 1
        kept = 0
        for k in range(flying):
            i, t, c = source[k], since[k], cursor[k]
            stop = until[i]
            if waiting + stop - c > hall:
                hall = 2 * (waiting + stop - c)
                at, amount, reached = longer(at, hall), longer(amount, hall), longer(reached, hall)
            while c < stop:
                arrival = t + delay[c]
                if not arrival < end:
                    break
                at[waiting], amount[waiting] = arrival, strength[c]
                reached[waiting] = target[c]
                waiting += 1
                c += 1
            if c < stop and t + delay[c] <= duration:
                source[kept], since[kept], cursor[kept] = i, t, c
                kept += 1
        flying = kept
        while True:
            stop = min(end, duration)
            offset[:] = 0
            for k in range(waiting):
                if at[k] < end:
                    offset[reached[k]] += 1
            place = 0
            for j in range(size):
                place, offset[j] = place + offset[j] + 1, place
            offset[size] = place
            held = place - size
            if place > places:
                places = 2 * place
                when, weight, s = np.empty(places), np.empty(places), np.empty(places)
                slow, gap = np.empty(places), np.empty(places)
                b, e, h = np.empty(places), np.empty(places), np.empty(places)
            number[:] = offset[:size]
            for k in range(waiting):
                if at[k] < end:
                    place = number[reached[k]]
                    when[place], weight[place] = at[k], amount[k]
                    number[reached[k]] = place + 1
            crowd = 0
            for j in range(size):
                low, high = offset[j], offset[j + 1] - 1
                crowd = max(crowd, high - low)
                sort(when, weight, low, high)
                when[high], weight[high] = stop, 0.0
                before = old[j, 0]
                for k in range(low, high + 1):
                    s[k] = max(when[k] - before, 0.0)
                    slow[k], gap[k] = dynamics.slow[j], dynamics.gap[j]
                    before = when[k]
            factors(s, slow, gap, mode, b, e, h, held + size)
            if crowd + most >= rooms.shape[1]:
                rooms = np.empty((8, 2 * (crowd + most)))
            room = (
                rooms[0], rooms[1], rooms[2], rooms[3], rooms[4], rooms[5], rooms[6], rooms[7],
            )  # fmt: skip
            used = settle(
                inputs, offset, when, weight, end, stop, room, (b, e, h), spikes, first, number,
                fan, feedback, old, new, dynamics, mode, kind, rate,
            )  # fmt: skip
            if used >= 0:
                break
            if end - start <= shortest:
                return TOO_CLOSE, time[:made], neuron[:made], current[:made], release[:made], old
            end, last = start + 0.5 * (end - start), False
        # what has happened is made final
        fresh = 0
        for j in range(size):
            if latest[j] >= 0 and not math.isnan(new[j, CARRIED]):
                release[latest[j]] = new[j, CARRIED]
            fresh += number[j]
        if made + fresh > limit:
            return TOO_MANY, time[:made], neuron[:made], current[:made], release[:made], old
        while made + fresh > capacity:
            capacity *= 2
            time, neuron = longer(time, capacity), longer(neuron, capacity)
            current, release = longer(current, capacity), longer(release, capacity)
        base = made
        for j in range(size):
            for place in range(first[j], first[j] + number[j]):
                time[made], neuron[made] = spikes[0][place], j
                current[made], release[made] = spikes[1][place], spikes[2][place]
                made += 1
        order = base + np.argsort(time[base:made], kind="mergesort")
        time[base:made], neuron[base:made] = time[order], neuron[order]
        current[base:made], release[base:made] = current[order], release[order]
        for k in range(base, made):
            latest[neuron[k]] = k
            i, t = inputs + neuron[k], time[k]
            c = begin[i]
            while c < until[i] and t + delay[c] < end:
                c += 1
            if c < until[i] and t + delay[c] <= duration:
                if flying == sky:
                    sky *= 2
                    source, since = longer(source, sky), longer(since, sky)
                    cursor = longer(cursor, sky)
                source[flying], since[flying], cursor[flying] = i, t, c
                flying += 1
        old, new = new, old
        if last:
            break
        kept = 0
        for k in range(waiting):
            if not at[k] < end:
                at[kept], amount[kept], reached[kept] = at[k], amount[k], reached[k]
                kept += 1
        waiting = kept
        width = (end - start) * min(max(wanted / (held + 1), 0.5), 2.0)
        start = end
    for j in range(size):
        finish(old[j], j, duration, dynamics, kind, rate)
    return DONE, time[:made], neuron[:made], current[:made], release[:made], old
