"""The exact engine backward: costates at the spikes of every neuron, and the arrivals between them.

Between two of its own spikes the costates of a neuron are known from those at the later spike, its
node: p_V = p_V' x and p_I = p_I' y + p_V' K over the time that is left. Arrivals do not change them,
so that nothing is kept of arrivals: they are made again, a row of all targets for every spike.
"""

import math
from typing import Any

import numpy as np

from axonal._base.jit import jit, kernel
from axonal.neuro.ops.exact_lif._flow import (
    APART,
    DOUBLE,
    NEAR,
    SMALL,
    decline,
    exp,
    flow,
    second,
)
from axonal.neuro.ops.exact_lif._flow import REFRACTORY as REFRACTORIES
from axonal.neuro.ops.exact_lif._flow import THRESHOLD as THRESHOLDS
from axonal.neuro.ops.exact_lif._flow import V_RESET as V_RESETS
from axonal.neuro.ops.exact_lif._neuron import END, INTEGRATED, MAXIMUM, held

STOP, P_V, P_I, DRIVE, LATE = range(5)
"""A node: its time, the costates before it, what drives p_V before it (per e^{-rate t}), and that
factor at its time."""

MEMBRANE, SYNAPSE, THRESHOLD, V_RESET, REFRACTORY = range(5)
"""Gradients of the neurons' parameters; the first two are those of the rates a and c."""


@jit
def passed(s: float, j: int, dynamics: Any) -> Any:
    """Return x, y and K of neuron j after the time s."""
    slow_membrane = dynamics.slow_membrane[j]
    return flow(s, dynamics.a[j], dynamics.slow[j], dynamics.gap[j], slow_membrane)


@jit
def gather(
    t: float, i: int, delay: Any, duration: float, first: Any, last: Any, nodes: Any, lookup: Any,
    row: Any,
) -> None:  # fmt: skip
    """Find the node that follows each arrival of a spike, and how long after it."""
    s, p_v, p_i, drive, late, at = row
    scale = lookup.shape[1] / duration
    most = lookup.shape[1] - 1
    for j in range(len(s)):
        arrival = t + delay[i, j]
        at[j] = arrival
        if arrival > duration:
            s[j] = p_v[j] = p_i[j] = drive[j] = late[j] = 0.0
            continue
        m = lookup[j, min(int(arrival * scale), most)]
        while m < last[j] and nodes[m, STOP] <= arrival:
            m += 1
        s[j] = nodes[m, STOP] - arrival
        p_v[j], p_i[j] = nodes[m, P_V], nodes[m, P_I]
        drive[j], late[j] = nodes[m, DRIVE], nodes[m, LATE]


def _propagators(s: Any, dynamics: Any, mode: int, x: Any, y: Any, h: Any) -> None:
    """Fill x, y and h = K / a for a row of times, one per neuron."""
    # a loop writes one array: the compiler makes vectors of few arrays that may overlap only
    slow, gap, membrane = dynamics.slow, dynamics.gap, dynamics.slow_membrane
    over_gap = dynamics.over_gap
    for j in range(len(s)):
        x[j] = exp(-slow[j] * s[j])
    if mode == DOUBLE:
        for j in range(len(s)):
            y[j] = x[j] * x[j]
    elif mode == APART:
        for j in range(len(s)):
            y[j] = x[j] * exp(-gap[j] * s[j])
    if mode == NEAR:
        for j in range(len(s)):
            u = gap[j] * s[j]
            h[j] = s[j] * x[j] * decline(u)
        for j in range(len(s)):
            y[j] = x[j] - h[j] * gap[j]
    else:
        for j in range(len(s)):
            h[j] = (x[j] - y[j]) * over_gap[j]
    for j in range(len(s)):
        if not membrane[j]:
            x[j], y[j] = y[j], x[j]


propagators = jit(_propagators, reorder=True)


def _slopes(s: Any, x: Any, y: Any, h: Any, dynamics: Any, mode: int, d_a: Any, d_c: Any) -> None:
    """Fill the derivatives of K by the rates a and c for a row of times."""
    a, gap, membrane = dynamics.a, dynamics.gap, dynamics.slow_membrane
    for j in range(len(s)):
        b = x[j] if membrane[j] else y[j]
        # of h by the slow rate -s^2 b q, by the fast one -s^2 b (g - q), q = second(u)
        u = gap[j] * s[j]
        sg = h[j] / b  # s g(u)
        far = (s[j] - sg) / gap[j]
        near = s[j] * s[j] * second(min(u, SMALL))
        ssq = near if mode == NEAR and not u > SMALL else far
        by_slow, by_fast = -b * ssq, -b * (s[j] * sg - ssq)
        d_a[j] = h[j] + a[j] * (by_slow if membrane[j] else by_fast)
        d_c[j] = a[j] * (by_fast if membrane[j] else by_slow)


slopes = jit(_slopes, reorder=True)


def _add_row(i: int, row: Any, x: Any, y: Any, h: Any, weight: Any, dynamics: Any, g_weight: Any,
             g_delay: Any) -> float:  # fmt: skip
    """Add the gradients of the weights and delays of source i; return that of its spike's time."""
    s, p_v, p_i, _, _, _ = row
    a, c = dynamics.a, dynamics.c
    total = 0.0
    for j in range(len(s)):
        k = a[j] * h[j]
        heard = p_i[j] * y[j]
        g_weight[i, j] += heard + p_v[j] * k
        g = weight[i, j] * (c[j] * heard - a[j] * p_v[j] * (y[j] - k))
        g_delay[i, j] += g
        total += g
    return total


add_row = jit(_add_row, reorder=True)


def _add_rates(i: int, row: Any, y: Any, d_a: Any, d_c: Any, weight: Any, g: Any) -> None:
    """Add the gradients of the rates."""
    s, p_v, p_i, _, _, _ = row
    for j in range(len(s)):
        w = weight[i, j]
        g[MEMBRANE, j] += w * p_v[j] * d_a[j]
        g[SYNAPSE, j] += w * (p_v[j] * d_c[j] - p_i[j] * s[j] * y[j])


add_rates = jit(_add_rates, reorder=True)


def _add_driven(
    i: int, row: Any, y: Any, h: Any, d_a: Any, d_c: Any, weight: Any, dynamics: Any, rate: float,
    rates: bool, g_weight: Any, g_delay: Any, g: Any,
) -> float:  # fmt: skip
    """Add what a running loss adds to all of these; return the gradient of the spike's time."""
    s, _, _, drive, late, at = row
    total = 0.0
    for j in range(len(s)):
        a, c = dynamics.a[j], dynamics.c[j]
        now = exp(-rate * at[j])
        # integrals of e^{-rate t} y and e^{-rate t} K from the arrival to the node
        of_y = (now - y[j] * late[j]) / (rate + c)
        k = a * h[j]
        of_k = (a * of_y - late[j] * k) / (rate + a)
        w = drive[j] * weight[i, j]
        g_weight[i, j] += drive[j] * of_k
        change = -w * (late[j] * k + rate * of_k)
        g_delay[i, j] += change
        total += change
        if rates:
            by_c = (s[j] * y[j] * late[j] - of_y) / (rate + c)
            g[SYNAPSE, j] += w * (a * by_c - late[j] * d_c[j]) / (rate + a)
            g[MEMBRANE, j] += w * (of_y - late[j] * d_a[j] - of_k) / (rate + a)
    return total


add_driven = jit(_add_driven, reorder=True)


@jit
def hear(
    t: float, i: int, delay: Any, weight: Any, duration: float, tree: Any, row: Any, room: Any,
    turned: Any, dynamics: Any, mode: int, kind: int, rate: float, rates: bool, g_weight: Any,
    g_delay: Any, g: Any,
) -> float:  # fmt: skip
    """Add the gradients of all arrivals of one spike; return that of its time."""
    first, last, nodes, lookup = tree
    x, y, h, d_a, d_c = room
    gather(t, i, delay, duration, first, last, nodes, lookup, row)
    propagators(row[0], dynamics, mode, x, y, h)
    total = add_row(i, row, x, y, h, weight, dynamics, g_weight, g_delay)
    if rates:
        slopes(row[0], x, y, h, dynamics, mode, d_a, d_c)
        add_rates(i, row, y, d_a, d_c, weight, g)
    if kind == INTEGRATED:
        total += add_driven(
            i, row, y, h, d_a, d_c, weight, dynamics, rate, rates, g_weight, g_delay, g
        )
    elif kind == MAXIMUM:
        # an arrival that turned a rising voltage moves the maximum along the rise
        when, slope = turned
        for j in range(len(when)):
            if slope[j] != 0 and row[5][j] == when[j]:
                g_delay[i, j] += slope[j]
                total += slope[j]
                slope[j] = 0.0
    return total


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
    v_reset, refractory = constants[j, V_RESETS], constants[j, REFRACTORIES]
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
    threshold = constants[j, THRESHOLDS]
    moved += drive * f * (threshold - v_reset)
    own[P_V] = (rise * p_v - moved) / (a * (current[k] - threshold))
    own[P_I], own[DRIVE], own[LATE] = before, drive, f
    g[THRESHOLD, j] -= own[P_V]
    if len(released) and at > first:
        clamp(nodes, at, j, dynamics, rate)


@kernel
def run(
    given: Any, made: Any, inputs: int, delay: Any, weight: Any, dynamics: Any, constants: Any,
    duration: float, mode: int, kind: int, rate: float, loop: bool, rates: bool, turned: Any, g_time: Any,
    g_readout: Any, g_weight: Any, g_delay: Any, g: Any, g_given: Any,
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
            nodes[own[k] + 1, STOP] = time[k] + constants[neuron[k], REFRACTORIES]
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
    room = np.empty(size), np.empty(size), np.empty(size), np.empty(size), np.empty(size)
    for k in range(len(time) - 1, -1, -1):
        moved = g_time[k]
        if loop:
            moved += hear(
                time[k], inputs + neuron[k], delay, weight, duration, tree, row, room, turned,
                dynamics, mode, kind, rate, rates, g_weight, g_delay, g,
            )  # fmt: skip
        release(
            k, own[k], time, neuron, current, released, moved, nodes, duration, dynamics,
            constants, kind, rate, rates, g_readout[neuron[k]], first[neuron[k]], g,
        )  # fmt: skip
    times, sources = given
    for k in range(len(times)):
        g_given[k] = hear(
            times[k], sources[k], delay, weight, duration, tree, row, room, turned, dynamics, mode,
            kind, rate, rates, g_weight, g_delay, g,
        )  # fmt: skip
