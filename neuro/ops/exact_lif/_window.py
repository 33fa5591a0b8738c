"""All neurons over one window of time, until their spikes agree."""

from typing import Any

import numpy as np

from axonal._base.jit import jit
from axonal._base.rows import copy
from axonal.neuro.ops.exact_lif import _flow
from axonal.neuro.ops.exact_lif._flow import NEAR, factors
from axonal.neuro.ops.exact_lif._neuron import (
    ARRIVAL,
    FACTOR_B,
    FACTOR_E,
    FACTOR_H,
    TIME,
    WEIGHT,
    advance,
)

ROUNDS = 12
"""Rounds of corrections from which on a shorter window is tried."""

_FEW = 64
"""Arrivals up to which insertion sorts faster than merging."""


@jit
def order(when: Any, low: int, high: int) -> Any:
    """Return the places ``low`` to ``high - 1`` in order of time, equal ones as they are."""
    count = high - low
    now, then = np.arange(low, high), np.empty(count, np.int64)
    width = 1
    while width < count:
        for start in range(0, count, 2 * width):
            a, middle = start, min(start + width, count)
            b, stop = middle, min(start + 2 * width, count)
            for k in range(start, stop):
                if b == stop or (a < middle and when[now[a]] <= when[now[b]]):
                    then[k] = now[a]
                    a += 1
                else:
                    then[k] = now[b]
                    b += 1
        now, then = then, now
        width *= 2
    return now


@jit
def arrange(row: Any, low: int, place: Any) -> None:
    """Put the values at these places where the row has its places from ``low`` on."""
    values = np.empty(len(place), row.dtype)
    for k in range(len(place)):
        values[k] = row[place[k]]
    copy(row[low : low + len(place)], values)


@jit
def sort(line: Any, low: int, high: int) -> None:
    """Sort arrivals by time, equal ones as they are."""
    if high - low > _FEW:
        place = order(line[ARRIVAL], low, high)
        arrange(line[ARRIVAL], low, place)
        arrange(line[WEIGHT], low, place)
        return
    for k in range(low + 1, high):
        t, w = line[ARRIVAL, k], line[WEIGHT, k]
        at = k
        while at > low and line[ARRIVAL, at - 1] > t:
            line[ARRIVAL, at], line[WEIGHT, at] = line[ARRIVAL, at - 1], line[WEIGHT, at - 1]
            at -= 1
        line[ARRIVAL, at], line[WEIGHT, at] = t, w


@jit
def close(line: Any, j: int, low: int, high: int, stop: float, old: Any, constants: Any) -> None:
    """Sort the arrivals of neuron j, end them, and write the intervals as `factors` takes them."""
    sort(line, low, high)
    line[ARRIVAL, high], line[WEIGHT, high] = stop, 0.0
    slow, gap = -constants[j, _flow.SLOW], -constants[j, _flow.GAP]
    since = old[j, TIME]
    for k in range(low, high + 1):
        t = line[ARRIVAL, k]
        # a neuron that is refractory may have gone on to later than its next arrival
        s = max(t - since, 0.0)
        line[FACTOR_B, k], line[FACTOR_E, k], line[FACTOR_H, k] = slow * s, gap * s, s
        since = t


@jit
def again(
    j: int, low: int, high: int, tail: int, line: Any, end: float, stop: float, firing: Any,
    firings: int, first: Any, number: Any, spikes: Any, used: int, feedback: Any, old: Any,
    new: Any, constants: Any, mode: int, kind: int, rate: float,
) -> int:  # fmt: skip
    """Run neuron j once more, with the spikes of the window that arrive within it, at the tail."""
    count = tail
    for k in range(low, high):
        line[ARRIVAL, count], line[WEIGHT, count] = line[ARRIVAL, k], line[WEIGHT, k]
        count += 1
    for k in range(firings):
        i = firing[k]
        w = feedback[0, j, i]
        if w == 0:
            continue
        for place in range(first[i], first[i] + number[i]):
            arrival = spikes[0, place] + feedback[1, j, i]
            if arrival < end:
                if count + 1 >= line.shape[1]:
                    return -1
                line[ARRIVAL, count], line[WEIGHT, count] = arrival, w
                count += 1
    close(line, j, tail, count, stop, old, constants)
    factors(
        mode, line[FACTOR_B, tail:], line[FACTOR_E, tail:], line[FACTOR_H, tail:], count + 1 - tail
    )
    return advance(
        j, tail, count, line, old, new, spikes, used, constants, mode == NEAR, kind, rate
    )


@jit
def mark(i: int, spikes: Any, start: int, stop: int, end: float, fan: Any, dirty: Any) -> None:
    """Mark the neurons that spikes of source i reach before the end of the window."""
    begin, until, delay, _, target = fan
    for place in range(start, stop):
        t = spikes[0, place]
        for k in range(begin[i], until[i]):
            if not t + delay[k] < end:
                break
            dirty[target[k]] = True


@jit
def same(spikes: Any, start: int, stop: int, other: int, until: int) -> bool:
    """Whether two lists hold the same times."""
    if stop - start != until - other:
        return False
    equal = True
    for k in range(stop - start):
        equal &= spikes[0, start + k] == spikes[0, other + k]
    return equal


@jit
def settle(
    inputs: int, offset: Any, line: Any, end: float, stop: float, spikes: Any, first: Any,
    number: Any, fan: Any, feedback: Any, old: Any, new: Any, constants: Any, mode: int, kind: int,
    rate: float,
) -> Any:  # fmt: skip
    """Run all neurons over a window until their spikes agree.

    Args:
        inputs: I; neuron j is source I + j.
        offset: of the arrivals of every neuron [N + 1]; the last of them is the end of the window.
        line: arrivals, see `advance`; room behind them for one neuron.
        end: arrivals before it are in the window.
        stop: the same, or the end of the sample where that is before it.
        spikes: list to fill, see `advance`.
        first: of the spikes of every neuron [N], to fill.
        number: of its spikes [N], to fill.
        fan: synapses by source, see `run`.
        feedback: weights and delays [2, N, N]; [2, 0, 0] without.
        old: states before the window [N, WIDTH].
        new: states after it, to fill.
        constants: of the neurons [N, 9].
        mode: how time constants lie, see `factors`.
        kind: readout.
        rate: of the weight of an integral.

    Returns:
        whether they agree, and how many neurons ran more than once.
    """
    size = len(old)
    zero: Any = np.int64(0)  # 0 as written is a type of its own
    used, more, firings = zero, zero, zero
    loop = feedback.shape[1] > 0
    dirty, listed = np.zeros(size, np.bool_), np.zeros(size, np.bool_)
    firing = np.empty(size, np.int64)
    for j in range(size):
        first[j] = used
        found = advance(
            j, offset[j], offset[j + 1] - 1, line, old, new, spikes, used, constants, mode == NEAR,
            kind, rate,
        )  # fmt: skip
        if found < 0:
            return False, more
        number[j], used = found - used, found
        if loop and number[j]:
            firing[firings], listed[j] = j, True
            firings += 1
            mark(inputs + j, spikes, first[j], used, end, fan, dirty)
    if firings == 0:
        return True, more
    for _ in range(ROUNDS):
        changed = False
        for j in range(size):
            if not dirty[j]:
                continue
            dirty[j] = False
            more += 1
            found = again(
                j, offset[j], offset[j + 1] - 1, offset[size], line, end, stop, firing, firings,
                first, number, spikes, used, feedback, old, new, constants, mode, kind, rate,
            )  # fmt: skip
            if found < 0:
                return False, more
            before, until = first[j], first[j] + number[j]
            if not same(spikes, used, found, before, until):
                mark(inputs + j, spikes, before, until, end, fan, dirty)
                mark(inputs + j, spikes, used, found, end, fan, dirty)
                changed = True
                if not listed[j]:
                    firing[firings], listed[j] = j, True
                    firings += 1
            first[j], number[j], used = used, found - used, found
        if not changed:
            return True, more
    return False, more
