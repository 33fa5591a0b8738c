"""Arrivals of one spike at all neurons, backward: a row of targets, in loops that become vectors.

A loop writes one array, because the compiler makes vectors of few arrays that may overlap only.
"""

from typing import Any

from axonal._base.jit import jit
from axonal.neuro.ops.exact_lif._flow import APART, DOUBLE, NEAR, SMALL, decline, exp, second
from axonal.neuro.ops.exact_lif._neuron import INTEGRATED, MAXIMUM

STOP, P_V, P_I, DRIVE, LATE = range(5)
"""A node: its time, the costates before it, what drives p_V before it (per e^{-rate t}), and that
factor at its time."""

MEMBRANE, SYNAPSE, THRESHOLD, V_RESET, REFRACTORY = range(5)
"""Gradients of the neurons' parameters; the first two are those of the rates a and c."""


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
    i: int, row: Any, room: Any, weight: Any, dynamics: Any, rate: float, rates: bool, low: int,
    high: int, g_weight: Any, g_delay: Any, g: Any,
) -> float:  # fmt: skip
    """Add what a running loss of neurons ``low`` to ``high - 1`` adds; return that of the time."""
    s, _, _, drive, late, at = row
    _, y, h, d_a, d_c, of_y, of_k = room
    a, c = dynamics.a, dynamics.c
    # integrals of e^{-rate t} y and e^{-rate t} K from the arrival to the node
    for j in range(low, high):
        of_y[j] = (exp(-rate * at[j]) - y[j] * late[j]) / (rate + c[j])
    for j in range(low, high):
        of_k[j] = a[j] * (of_y[j] - late[j] * h[j]) / (rate + a[j])
    for j in range(low, high):
        g_weight[i, j] += drive[j] * of_k[j]
    total = 0.0
    for j in range(low, high):
        g_j = -drive[j] * weight[i, j] * (late[j] * a[j] * h[j] + rate * of_k[j])
        g_delay[i, j] += g_j
        total += g_j
    if rates:
        for j in range(low, high):
            w, whole = drive[j] * weight[i, j], rate + a[j]
            by_c = (s[j] * y[j] * late[j] - of_y[j]) / (rate + c[j])
            g[SYNAPSE, j] += w * (a[j] * by_c - late[j] * d_c[j]) / whole
            g[MEMBRANE, j] += w * (of_y[j] - late[j] * d_a[j] - of_k[j]) / whole
    return total


add_driven = jit(_add_driven, reorder=True)


@jit
def hear(
    t: float, i: int, delay: Any, weight: Any, duration: float, tree: Any, row: Any, room: Any,
    turned: Any, driven: Any, dynamics: Any, mode: int, kind: int, rate: float, rates: bool,
    g_weight: Any, g_delay: Any, g: Any,
) -> float:  # fmt: skip
    """Add the gradients of all arrivals of one spike; return that of its time."""
    first, last, nodes, lookup = tree
    x, y, h, d_a, d_c, _, _ = room
    gather(t, i, delay, duration, first, last, nodes, lookup, row)
    propagators(row[0], dynamics, mode, x, y, h)
    total = add_row(i, row, x, y, h, weight, dynamics, g_weight, g_delay)
    if rates:
        slopes(row[0], x, y, h, dynamics, mode, d_a, d_c)
        add_rates(i, row, y, d_a, d_c, weight, g)
    if kind == INTEGRATED:
        low, high = driven
        total += add_driven(
            i, row, room, weight, dynamics, rate, rates, low, high, g_weight, g_delay, g
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
