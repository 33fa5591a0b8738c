"""The exact engine backward: costates at the spikes of every neuron, and the arrivals between them.

Between two of its own spikes the costates of a neuron are known from those at the later spike, its
node: p_V = p_V' x and p_I = p_I' y + p_V' K over the time that is left. Arrivals do not change
them, so that nothing is kept of arrivals: they are made again, a row of targets for every spike.
"""

import math
from typing import Any

import numpy as np

from axonal._base.jit import jit, kernel
from axonal.neuro.ops.exact_lif import _flow
from axonal.neuro.ops.exact_lif._flow import SMALL, flow, second
from axonal.neuro.ops.exact_lif._neuron import END, INTEGRATED, MAXIMUM, held
from axonal.neuro.ops.exact_lif._rows import (
    DRIVE,
    LATE,
    MEMBRANE,
    P_I,
    P_V,
    REFRACTORY,
    STOP,
    SYNAPSE,
    THRESHOLD,
    V_RESET,
    hear,
)


@jit
def passed(s: float, j: int, dynamics: Any) -> Any:
    """Return x, y and K of neuron j after the time s."""
    slow_membrane = dynamics.slow_membrane[j]
    return flow(s, dynamics.a[j], dynamics.slow[j], dynamics.gap[j], slow_membrane)


@jit
def plant(
    neuron: Any, time: Any, clamped: bool, duration: float, size: int, when: Any, kind: int,
    g_readout: Any, rate: float,
) -> Any:  # fmt: skip
    """Lay out the nodes of all neurons in order of time, those of spikes without their costates.

    Returns:
        first and last node of every neuron; nodes [M, 5]; the first node to look at by neuron and
        time; the node of every spike.
    """
    first, last = np.zeros(size, np.int64), np.zeros(size, np.int64)
    counts = np.zeros(size, np.int64)
    for k in range(len(neuron)):
        counts[neuron[k]] += 1
    place, most = 0, 0
    for j in range(size):
        first[j] = place
        turning = kind == MAXIMUM and counts[j] == 0 and when[j] > 0
        place += counts[j] * (2 if clamped else 1) + (2 if turning else 1)
        last[j] = place - 1
        most = max(most, place - first[j])
    nodes = np.zeros((place, 5))
    for j in range(size):
        at = nodes[last[j]]
        at[STOP], at[LATE] = duration, math.exp(-rate * duration)
        if kind == INTEGRATED:
            at[DRIVE] = g_readout[j]
        elif kind == END:
            at[P_V] = g_readout[j]
        elif last[j] > first[j] and counts[j] == 0:
            nodes[first[j], STOP], nodes[first[j], P_V] = when[j], g_readout[j]
    own = np.empty(len(neuron), np.int64)
    taken = first.copy()
    for k in range(len(neuron)):
        j = neuron[k]
        own[k] = taken[j]
        nodes[taken[j], STOP] = time[k]
        taken[j] += 2 if clamped else 1
    return first, last, nodes, own, most


@jit
def look_up(first: Any, last: Any, nodes: Any, duration: float, most: int) -> Any:
    """Return for every neuron and part of the time the first node that may follow."""
    parts = 8
    while parts < 2 * most and parts < 4096:
        parts *= 2
    lookup = np.empty((len(first), parts), np.int32)
    for j in range(len(first)):
        m = first[j]
        for part in range(parts):
            # the margin stands for the rounding of the part that an arrival falls into
            start = duration * part / parts * (1 - 1e-12)
            while m < last[j] and nodes[m, STOP] <= start:
                m += 1
            lookup[j, part] = m
    return lookup


@jit
def flow_slopes(s: float, x: float, y: float, k: float, j: int, dynamics: Any) -> Any:
    """Return the derivatives of K by a and c after one time."""
    a, c = dynamics.a[j], dynamics.c[j]
    slow, gap = dynamics.slow[j], dynamics.gap[j]
    b = math.exp(-slow * s)
    u = gap * s
    q = second(u) if u <= SMALL else (u - 1 + math.exp(-u)) / (u * u)
    h = k / a
    by_slow, by_fast = -b * s * s * q, -b * s * s * ((1 - u * q) - q)
    if a <= c:
        return h + a * by_slow, a * by_fast
    return h + a * by_fast, a * by_slow


@jit
def clamp(nodes: Any, m: int, j: int, dynamics: Any, rate: float) -> None:
    """Carry p_I from node m to the release before it, for arrivals of earlier spikes until then."""
    node, before = nodes[m], nodes[m - 1]
    free = before[STOP]
    if free > node[STOP]:
        return
    _, y, r = passed(node[STOP] - free, j, dynamics)
    of_y = (math.exp(-rate * free) - y * node[LATE]) / (rate + dynamics.c[j])
    of_r = (dynamics.a[j] * of_y - node[LATE] * r) / (rate + dynamics.a[j])
    before[P_I] = node[P_I] * y + node[P_V] * r + node[DRIVE] * of_r


@jit
def release(
    k: int, at: int, time: Any, neuron: Any, current: Any, released: Any, moved: float, nodes: Any,
    duration: float, dynamics: Any, constants: Any, kind: int, rate: float, rates: bool, end: float,
    first: int, g: Any,
) -> None:  # fmt: skip
    """Carry the costates from the node after spike k to before it; ``moved`` is S less its jump."""
    j, t = neuron[k], time[k]
    a, c = dynamics.a[j], dynamics.c[j]
    v_reset, refractory = constants[j, _flow.V_RESET], constants[j, _flow.REFRACTORY]
    free = t + refractory
    node = nodes[at + (2 if len(released) else 1)]
    drive = node[DRIVE]
    f = math.exp(-rate * t)
    p_v = p_i = rise = 0.0
    if free <= duration:
        i = released[k] if len(released) else current[k]
        s = node[STOP] - free
        x, y, r = passed(s, j, dynamics)
        p_v, p_i = node[P_V] * x, node[P_I] * y + node[P_V] * r
        start, late = math.exp(-rate * free), node[LATE]
        of_x, of_y = (start - x * late) / (rate + a), (start - y * late) / (rate + c)
        of_r = (a * of_y - late * r) / (rate + a)
        p_v += drive * of_x
        p_i += drive * of_r
        rise = a * (i - v_reset)
        if rates:
            d_a, d_c = flow_slopes(s, x, y, r, j, dynamics)
            by_c = (s * y * late - of_y) / (rate + c)
            g[MEMBRANE, j] += node[P_V] * (i * d_a - v_reset * s * x)
            g[MEMBRANE, j] += drive * i * (of_y - late * d_a - of_r) / (rate + a)
            g[MEMBRANE, j] += drive * v_reset * (s * x * late - of_x) / (rate + a)
            g[SYNAPSE, j] += i * (node[P_V] * d_c - node[P_I] * s * y)
            g[SYNAPSE, j] += drive * i * (a * by_c - late * d_c) / (rate + a)
    else:
        if kind == END:
            g[V_RESET, j] += end
        free = duration
    g[V_RESET, j] += p_v
    if kind == INTEGRATED:
        g[V_RESET, j] += drive * held(f, math.exp(-rate * free), free - t, rate)
    g[REFRACTORY, j] -= rise * p_v
    before = p_i
    if len(released):
        y = math.exp(-c * refractory)
        before = p_i * y
        if rates:
            g[SYNAPSE, j] -= p_i * current[k] * refractory * y
    own = nodes[at]
    threshold = constants[j, _flow.THRESHOLD]
    moved += drive * f * (threshold - v_reset)
    own[P_V] = (rise * p_v - moved) / (a * (current[k] - threshold))
    own[P_I], own[DRIVE], own[LATE] = before, drive, f
    g[THRESHOLD, j] -= own[P_V]
    if len(released) and at > first:
        clamp(nodes, at, j, dynamics, rate)


@kernel
def run(
    given: Any, made: Any, inputs: int, delay: Any, weight: Any, dynamics: Any, constants: Any,
    duration: float, mode: int, kind: int, rate: float, loop: bool, rates: bool, turned: Any,
    g_time: Any, g_readout: Any, g_weight: Any, g_delay: Any, g: Any, g_given: Any,
) -> None:  # fmt: skip
    """Run one sample.

    Args:
        given: times and sources of the inputs' spikes, in order.
        made: times, neurons, I and, where neurons are refractory, I at the release of all spikes.
        inputs: I; neuron j is source I + j.
        delay: [I + N, N] by source, or [I, N] without feedback.
        weight: likewise.
        dynamics: constants of the neurons.
        constants: the same by neuron [N, 9].
        duration: end of the sample.
        mode: how time constants lie, see `factors`.
        kind: readout.
        rate: of the weight of an integral.
        loop: whether neurons hear each other.
        rates: whether the gradients of time constants are wanted.
        turned: time of the highest V, and the slope before an arrival that turned it, [N].
        g_time: gradient of the spikes' times.
        g_readout: that of the integral, the maximum or the end [N].
        g_weight: to add to, as ``weight``.
        g_delay: to add to, as ``delay``.
        g: to add to, gradients of parameters [5, N].
        g_given: that of the times of the inputs' spikes, to fill.
    """
    time, neuron, current, released = made
    size = len(dynamics.a)
    when, slope = turned
    clamped = len(released) > 0
    first, last, nodes, own, most = plant(
        neuron, time, clamped, duration, size, when, kind, g_readout, rate
    )
    if clamped:
        for k in range(len(neuron)):
            nodes[own[k] + 1, STOP] = time[k] + constants[neuron[k], _flow.REFRACTORY]
        for j in range(size):
            if last[j] > first[j] + 1:
                clamp(nodes, last[j], j, dynamics, rate)
    tree = first, last, nodes, look_up(first, last, nodes, duration, most)
    slope = slope * g_readout
    if kind == MAXIMUM:
        for k in range(len(neuron)):
            j = neuron[k]
            # the highest V of a neuron that fires is its threshold
            if own[k] == first[j]:
                g[THRESHOLD, j] += g_readout[j]
                slope[j] = 0.0
    turned = when, slope
    row = (
        np.empty(size), np.empty(size), np.empty(size), np.empty(size), np.empty(size),
        np.empty(size),
    )  # fmt: skip
    room = (
        np.empty(size), np.empty(size), np.empty(size), np.empty(size), np.empty(size),
        np.empty(size), np.empty(size),
    )  # fmt: skip
    # the neurons whose voltage is read often stand together
    low, high = 0, size
    while high > low and g_readout[high - 1] == 0:
        high -= 1
    while low < high and g_readout[low] == 0:
        low += 1
    driven = low, high
    for k in range(len(time) - 1, -1, -1):
        moved = g_time[k]
        if loop:
            moved += hear(
                time[k], inputs + neuron[k], delay, weight, duration, tree, row, room, turned,
                driven, dynamics, mode, kind, rate, rates, g_weight, g_delay, g,
            )  # fmt: skip
        release(
            k, own[k], time, neuron, current, released, moved, nodes, duration, dynamics,
            constants, kind, rate, rates, g_readout[neuron[k]], first[neuron[k]], g,
        )  # fmt: skip
    times, sources = given
    for k in range(len(times)):
        g_given[k] = hear(
            times[k], sources[k], delay, weight, duration, tree, row, room, turned, driven,
            dynamics, mode, kind, rate, rates, g_weight, g_delay, g,
        )  # fmt: skip
