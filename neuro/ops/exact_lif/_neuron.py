"""One neuron through its arrivals of a window, compiled."""

import math
from typing import Any

from axonal._base.jit import jit
from axonal.neuro.ops.exact_lif import _flow
from axonal.neuro.ops.exact_lif._flow import crossing, flow, meets, peak

TIME, V, CURRENT, RELEASE, INTEGRAL, SHAPE, HIGHEST, WHEN, SLOPE, CARRIED, WIDTH = range(11)
"""State of a neuron: the time of its last event, V, I, the end of its refractory time, the integral
of e^{-rate t} V so far and that factor now, the highest V so far, when, and its slope before an
arrival that turned it; I at the release of a spike of an earlier window, or NaN."""

ARRIVAL, WEIGHT, FACTOR_B, FACTOR_E, FACTOR_H = range(5)
"""Arrivals of a window by neuron [5, ...]: times, weights, and the factors of the intervals before
them, see `factors`."""

NOTHING, INTEGRATED, MAXIMUM, END = range(4)
"""Readouts of the voltage."""


@jit
def gain(v: float, i: float, then: float, left: float, f: float, g: float, rate: float, a: float,
         c: float) -> float:  # fmt: skip
    """Return the integral of e^{-rate t} V from f = e^{-rate t} there to g."""
    current = (f * i - g * left) / (rate + c)
    return (a * current - (g * then - f * v)) / (rate + a)


@jit
def held(f: float, g: float, s: float, rate: float) -> float:
    """Return the integral of e^{-rate t} over s, at whose ends that is f and g."""
    return (f - g) / rate if rate > 0 else s


@jit
def higher(state: Any, j: int, v: float, i: float, then: float, left: float, w: float,
           start: float, stop: float, a: float, c: float) -> None:  # fmt: skip
    """Note a highest V within an interval and where an arrival w, or the end, cuts its rise."""
    s, highest = stop - start, state[j, HIGHEST]
    if left >= then:
        if then > highest and left + w < then:
            state[j, HIGHEST], state[j, WHEN], state[j, SLOPE] = then, stop, a * (left - then)
        return
    if i <= v or i <= highest or v + a * (i - v) * s <= highest:
        return
    at = min(peak(v, i, a, c), s)
    top = i * math.exp(-c * at)
    if top > highest:
        state[j, HIGHEST], state[j, WHEN], state[j, SLOPE] = top, start + at, 0.0


@jit
def advance(
    j: int, low: int, high: int, line: Any, old: Any, new: Any, spikes: Any, used: int,
    constants: Any, near: bool, kind: int, rate: float,
) -> int:  # fmt: skip
    """Run neuron j over its arrivals ``low`` to ``high - 1`` and up to the time at ``high``.

    Args:
        j: neuron.
        low: place of its first arrival.
        high: place after its last arrival, which holds the end of the window.
        line: arrivals in order of time [5, ...]; the first factor is that since the state's time.
        old: states before the window [N, WIDTH].
        new: states after the last event of the window, to fill.
        spikes: time, I, and I at the end of the refractory time (NaN before it) of the spikes of
            the window [3, ...], to append to.
        used: number of these spikes.
        constants: of the neurons [N, 9].
        near: whether rates are near each other.
        kind: readout.
        rate: of the weight of an integral.

    Returns:
        number of spikes in the list, or -1 where it is full.
    """
    # few arrays of two axes: every array is nine words that each call copies
    a, c = constants[j, _flow.A], constants[j, _flow.C]
    slow, gap, share = constants[j, _flow.SLOW], constants[j, _flow.GAP], constants[j, _flow.SHARE]
    slow_membrane = constants[j, _flow.SLOW_MEMBRANE] > 0
    threshold, v_reset = constants[j, _flow.THRESHOLD], constants[j, _flow.V_RESET]
    refractory = constants[j, _flow.REFRACTORY]
    for k in range(WIDTH):
        new[j, k] = old[j, k]
    t, v, i, release = old[j, TIME], old[j, V], old[j, CURRENT], old[j, RELEASE]
    total, f = old[j, INTEGRAL], old[j, SHAPE]
    new[j, CARRIED] = math.nan
    latest = -1  # place of the spike whose release is still to come
    given = True  # whether the factors are those from t on
    for k in range(low, high + 1):
        stop = line[ARRIVAL, k]
        while True:
            if t < release:
                s = min(release, stop) - t
                i_then = i * math.exp(-c * s)
                if kind == INTEGRATED and (release <= stop or k < high):
                    g = math.exp(-rate * (t + s))
                    total += v_reset * held(f, g, s, rate)
                    f = g
                if release > stop:
                    if k < high:
                        i, t, given = i_then + line[WEIGHT, k], stop, True
                    break
                i, t, given = i_then, release, False
                if latest >= 0:
                    spikes[2, latest] = i
                else:
                    new[j, CARRIED] = i
                continue
            s = stop - t
            if given:
                x = line[FACTOR_B, k]
                y = x * line[FACTOR_E, k]
                r = a * line[FACTOR_H, k] if near else share * (x - y)
                if not slow_membrane:
                    x, y = y, x
            else:
                x, y, r = flow(s, a, slow, gap, slow_membrane)
            then, left = v * x + i * r, i * y
            if (then >= threshold or i > threshold) and meets(v, i, then, left, s, threshold, a, c):
                if used == spikes.shape[1]:
                    return -1
                s = crossing(v, i, s, threshold, a, slow, gap, slow_membrane)
                y = math.exp(-c * s)
                if kind == INTEGRATED:
                    g = math.exp(-rate * (t + s))
                    total += gain(v, i, threshold, i * y, f, g, rate, a, c)
                    f = g
                i *= y
                t, v = min(t + s, stop), v_reset
                release, given = t + refractory, False
                spikes[0, used], spikes[1, used] = t, i
                spikes[2, used] = math.nan if refractory > 0 else i
                latest, used = used, used + 1
                continue
            if k < high:
                w = line[WEIGHT, k]
                if kind == INTEGRATED:
                    g = math.exp(-rate * stop) if rate > 0 else 1.0
                    total += gain(v, i, then, left, f, g, rate, a, c)
                    f = g
                elif kind == MAXIMUM:
                    higher(new, j, v, i, then, left, w, t, stop, a, c)
                t, v, i, given = stop, then, left + w, True
            break
    new[j, TIME], new[j, V], new[j, CURRENT], new[j, RELEASE] = t, v, i, release
    new[j, INTEGRAL], new[j, SHAPE] = total, f
    return used


@jit
def finish(state: Any, j: int, duration: float, constants: Any, kind: int, rate: float) -> None:
    """Run neuron j from its last event to the end, which holds no spike."""
    t, v, i = state[j, TIME], state[j, V], state[j, CURRENT]
    a, c = constants[j, _flow.A], constants[j, _flow.C]
    f, g = state[j, SHAPE], math.exp(-rate * duration)
    s = duration - t
    if t < state[j, RELEASE]:
        if kind == INTEGRATED:
            state[j, INTEGRAL] += constants[j, _flow.V_RESET] * held(f, g, s, rate)
        return
    slow, gap = constants[j, _flow.SLOW], constants[j, _flow.GAP]
    x, y, r = flow(s, a, slow, gap, constants[j, _flow.SLOW_MEMBRANE] > 0)
    then, left = v * x + i * r, i * y
    if kind == INTEGRATED:
        state[j, INTEGRAL] += gain(v, i, then, left, f, g, rate, a, c)
    elif kind == MAXIMUM:
        higher(state, j, v, i, then, left, 0.0, t, duration, a, c)
        if left >= then and then > state[j, HIGHEST]:
            state[j, HIGHEST], state[j, WHEN], state[j, SLOPE] = then, duration, 0.0
    state[j, V] = then
