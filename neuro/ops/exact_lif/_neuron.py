"""One neuron through its arrivals of a window, compiled."""

import math
from typing import Any

from axonal._base.jit import jit
from axonal.neuro.ops.exact_lif._flow import crossing, flow, meets, peak

TIME, V, CURRENT, RELEASE, INTEGRAL, SHAPE, HIGHEST, WHEN, SLOPE, CARRIED, WIDTH = range(11)
"""State of a neuron: the time of its last event, V, I, the end of its refractory time, the integral
of e^{-rate t} V so far and that factor now, the highest V so far, when, and its slope before an
arrival that turned it; I at the release of a spike of an earlier window, or NaN."""

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
def higher(state: Any, v: float, i: float, then: float, left: float, w: float, start: float,
           stop: float, j: int, dynamics: Any) -> None:  # fmt: skip
    """Note a highest V within an interval and where an arrival w, or the end, cuts its rise."""
    a = dynamics.a[j]
    s = stop - start
    if left >= then:
        if then > state[HIGHEST] and left + w < then:
            state[HIGHEST], state[WHEN], state[SLOPE] = then, stop, a * (left - then)
        return
    if i <= v or i <= state[HIGHEST] or v + a * (i - v) * s <= state[HIGHEST]:
        return
    at = min(peak(v, i, j, dynamics), s)
    _, y, _ = flow(at, j, dynamics)
    if i * y > state[HIGHEST]:
        state[HIGHEST], state[WHEN], state[SLOPE] = i * y, start + at, 0.0


@jit
def advance(
    j: int, low: int, high: int, when: Any, weight: Any, b: Any, e: Any, h: Any, old: Any, new: Any,
    spike_time: Any, spike_current: Any, spike_release: Any, used: int, dynamics: Any, near: bool,
    kind: int, rate: float,
) -> int:  # fmt: skip
    """Run neuron j over its arrivals ``low`` to ``high - 1`` and up to the time at ``high``.

    Args:
        j: neuron.
        low: place of its first arrival.
        high: place after its last arrival, which holds the end of the window.
        when: times of arrivals, in order; the first factor is that since the state's time.
        weight: their weights.
        b: factors of every interval, see `factors`.
        e: likewise.
        h: likewise, where rates are ``near``.
        old: state before the window [WIDTH].
        new: state after the last event of the window, to fill.
        spike_time: spikes of the window, to append to.
        spike_current: I there.
        spike_release: I at the end of the refractory time, NaN before it.
        used: spikes in these lists.
        dynamics: constants of the neurons.
        near: whether h is given.
        kind: readout.
        rate: of the weight of an integral.

    Returns:
        number of spikes in the lists, or -1 where they are full.
    """
    a, c, threshold = dynamics.a[j], dynamics.c[j], dynamics.threshold[j]
    v_reset, refractory = dynamics.v_reset[j], dynamics.refractory[j]
    slow_membrane, share = dynamics.slow_membrane[j], dynamics.share[j]
    for k in range(len(old)):
        new[k] = old[k]
    t, v, i, release = old[TIME], old[V], old[CURRENT], old[RELEASE]
    total, f = old[INTEGRAL], old[SHAPE]
    new[CARRIED] = math.nan
    latest = -1  # place of the spike whose release is still to come
    given = True  # whether the factors are those from t on
    for k in range(low, high + 1):
        stop = when[k]
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
                        i, t, given = i_then + weight[k], stop, True
                    break
                i, t, given = i_then, release, False
                if latest >= 0:
                    spike_release[latest] = i
                else:
                    new[CARRIED] = i
                continue
            s = stop - t
            if given:
                x, y = b[k], b[k] * e[k]
                r = a * h[k] if near else share * (x - y)
                if not slow_membrane:
                    x, y = y, x
            else:
                x, y, r = flow(s, j, dynamics)
            then, left = v * x + i * r, i * y
            if (then >= threshold or i > threshold) and meets(v, i, then, left, s, j, dynamics):
                if used == len(spike_time):
                    return -1
                s = crossing(v, i, s, j, dynamics)
                x, y, r = flow(s, j, dynamics)
                if kind == INTEGRATED:
                    g = math.exp(-rate * (t + s))
                    total += gain(v, i, threshold, i * y, f, g, rate, a, c)
                    f = g
                i *= y
                t, v = min(t + s, stop), v_reset
                release, given = t + refractory, False
                spike_time[used], spike_current[used] = t, i
                spike_release[used] = math.nan if refractory > 0 else i
                latest, used = used, used + 1
                continue
            if k < high:
                w = weight[k]
                if kind == INTEGRATED:
                    g = math.exp(-rate * stop) if rate > 0 else 1.0
                    total += gain(v, i, then, left, f, g, rate, a, c)
                    f = g
                elif kind == MAXIMUM:
                    higher(new, v, i, then, left, w, t, stop, j, dynamics)
                t, v, i, given = stop, then, left + w, True
            break
    new[TIME], new[V], new[CURRENT], new[RELEASE] = t, v, i, release
    new[INTEGRAL], new[SHAPE] = total, f
    return used


@jit
def finish(state: Any, j: int, duration: float, dynamics: Any, kind: int, rate: float) -> None:
    """Run neuron j from its last event to the end, which holds no spike."""
    t, v, i, release = state[TIME], state[V], state[CURRENT], state[RELEASE]
    f, g = state[SHAPE], math.exp(-rate * duration)
    s = duration - t
    if t < release:
        if kind == INTEGRATED:
            state[INTEGRAL] += dynamics.v_reset[j] * held(f, g, s, rate)
        return
    x, y, r = flow(s, j, dynamics)
    then, left = v * x + i * r, i * y
    if kind == INTEGRATED:
        state[INTEGRAL] += gain(v, i, then, left, f, g, rate, dynamics.a[j], dynamics.c[j])
    elif kind == MAXIMUM:
        higher(state, v, i, then, left, 0.0, t, duration, j, dynamics)
        if left >= then and then > state[HIGHEST]:
            state[HIGHEST], state[WHEN], state[SLOPE] = then, duration, 0.0
    state[V] = then
