"""The WKV recurrence compiled for the CPU, in the way of `axonal.neuro.ops.lif.cpu`.

Backward goes through segments of steps from the last to the first: it runs each forward again from
the state that was kept at its start, with the factors of every step in the cache, and then back.
"""

import functools
from collections.abc import Callable
from typing import Any

import numpy as np
from torch import Tensor

from axonal._base.jit import jit, kernel
from axonal._base.rows import copy
from axonal.neuro.ops._exp_cpu import exp_falling
from axonal.neuro.ops._loops import over_cells
from axonal.neuro.ops._neuron_cpu import spread
from axonal.neuro.ops._shapes import per_neuron
from axonal.neuro.ops.wkv._gradients import Gradients
from axonal.neuro.ops.wkv._state import SEGMENT, WKVState

BLOCK = 512
"""Channels whose state is kept in the cache."""
BACK = 256
"""The same in a backward pass, which keeps the factors of a segment, too."""


def forward(
    k: Tensor, v: Tensor, w: Tensor, u: Tensor, state: WKVState, y: Tensor, kept: WKVState
) -> None:
    """Fill ``y`` [T, B, C] and, unless it is empty, ``kept``; move the state to the last step."""
    over_cells(
        forward_loops(), state.p.numel(), 3 * k.nbytes, (k, v, y, *kept),
        (per_neuron(w, k), per_neuron(u, k), *state),
    )  # fmt: skip


def backward(
    g: Tensor, k: Tensor, v: Tensor, w: Tensor, u: Tensor, kept: WKVState, gradients: Gradients
) -> None:
    """Fill, add to and move the gradients, from those of y, g [T, B, C]."""
    over_cells(
        backward_loops(), gradients.p.numel(), 5 * k.nbytes,
        (g, k, v, *kept, gradients.k, gradients.v),
        (per_neuron(w, k), per_neuron(u, k), *gradients[2:]),
    )  # fmt: skip


@functools.cache
def forward_loops() -> Callable[..., None]:
    """Make the loops that fill y [T, M] from k and v [T, M], w, u and a state [M]."""

    @kernel
    def wkv_forward(
        k: Any, v: Any, y: Any, kept_p: Any, kept_q: Any, kept_o: Any,
        w: Any, u: Any, p: Any, q: Any, o: Any, start: int, stop: int,
    ) -> None:  # fmt: skip
        one, zero = k.dtype.type(1), k.dtype.type(0)
        rows = np.empty(5 * BLOCK, k.dtype)
        for low in range(start, stop, BLOCK):
            high = min(low + BLOCK, stop)
            n = high - low
            a, b, c = rows[:n], rows[BLOCK : BLOCK + n], rows[2 * BLOCK : 2 * BLOCK + n]
            w_n, u_n = rows[3 * BLOCK : 3 * BLOCK + n], rows[4 * BLOCK : 4 * BLOCK + n]
            copy(a, p[low:high])
            copy(b, q[low:high])
            copy(c, o[low:high])
            spread(w_n, w, low)
            spread(u_n, u, low)
            for t in range(k.shape[0]):
                if kept_p.shape[0] and t % SEGMENT == 0:
                    s = t // SEGMENT
                    copy(kept_p[s, low:high], a)
                    copy(kept_q[s, low:high], b)
                    copy(kept_o[s, low:high], c)
                k_t, v_t, y_t = k[t, low:high], v[t, low:high], y[t, low:high]
                for j in range(n):
                    k_j, v_j = k_t[j], v_t[j]
                    # one of the two factors is 1
                    ahead = c[j] - (u_n[j] + k_j)
                    e = exp_falling(-abs(ahead))
                    past, now = (one, e) if ahead > zero else (e, one)
                    y_t[j] = (past * a[j] + now * v_j) / (past * b[j] + now)
                    fallen = w_n[j] + c[j]
                    ahead = fallen - k_j
                    e = exp_falling(-abs(ahead))
                    past, now = (one, e) if ahead > zero else (e, one)
                    a[j] = past * a[j] + now * v_j
                    b[j] = past * b[j] + now
                    c[j] = fallen if ahead > zero else k_j
            copy(p[low:high], a)
            copy(q[low:high], b)
            copy(o[low:high], c)

    return wkv_forward


@functools.cache
def backward_loops() -> Callable[..., None]:
    """Make the loops of the backward pass, for a range of channels.

    They take the gradient g [T, M] of y, k and v [T, M] and the kept states; g_k and g_v [T, M] to
    fill, w and u [M], g_w and g_u [M] to add to; g_p and g_q [M] move from the last step to the
    first. The exponent o changes nothing but the scale of p and q: no gradient goes through it.
    """

    @kernel
    def wkv_backward(
        g: Any, k: Any, v: Any, kept_p: Any, kept_q: Any, kept_o: Any, g_k: Any, g_v: Any,
        w: Any, u: Any, g_w: Any, g_u: Any, g_p: Any, g_q: Any, start: int, stop: int,
    ) -> None:  # fmt: skip
        # rows of BACK channels: ten, and eight of every step of a segment
        rows = np.empty((10 + 8 * SEGMENT) * BACK, k.dtype)
        for low in range(start, stop, BACK):
            high = min(low + BACK, stop)
            n = high - low
            w_n, u_n = _row(rows, 0, n), _row(rows, 1, n)
            a, b, c = _row(rows, 2, n), _row(rows, 3, n), _row(rows, 4, n)
            da, db = _row(rows, 5, n), _row(rows, 6, n)
            dw, du = _row(rows, 7, n), _row(rows, 8, n)
            spread(w_n, w, low)
            spread(u_n, u, low)
            copy(da, g_p[low:high])
            copy(db, g_q[low:high])
            copy(dw, g_w[low:high])
            copy(du, g_u[low:high])
            for s in range(kept_p.shape[0] - 1, -1, -1):
                first = s * SEGMENT
                steps = min(SEGMENT, k.shape[0] - first)
                copy(a, kept_p[s, low:high])
                copy(b, kept_q[s, low:high])
                copy(c, kept_o[s, low:high])
                for r in range(steps):
                    t = first + r
                    _again(k[t, low:high], v[t, low:high], w_n, u_n, a, b, c, rows, 10 + 8 * r)
                for r in range(steps - 1, -1, -1):
                    t = first + r
                    out = g_k[t, low:high], g_v[t, low:high]
                    _back(g[t, low:high], v[t, low:high], out, da, db, dw, du, rows, 10 + 8 * r)
            copy(g_p[low:high], da)
            copy(g_q[low:high], db)
            copy(g_w[low:high], dw)
            copy(g_u[low:high], du)

    return wkv_backward


@jit
def _row(rows: Any, at: int, n: int) -> Any:
    return rows[at * BACK : at * BACK + n]


@jit
def _again(k: Any, v: Any, w: Any, u: Any, a: Any, b: Any, c: Any, rows: Any, at: int) -> None:
    """Take a state (a, b, c) one step on, and fill the eight rows of the step."""
    n, one, zero = k.size, k.dtype.type(1), k.dtype.type(0)
    p, q, past_y, now_y = (
        _row(rows, at, n), _row(rows, at + 1, n), _row(rows, at + 2, n), _row(rows, at + 3, n),
    )  # fmt: skip
    over, y, past, now = (
        _row(rows, at + 4, n), _row(rows, at + 5, n), _row(rows, at + 6, n), _row(rows, at + 7, n),
    )  # fmt: skip
    for j in range(n):
        k_j, v_j = k[j], v[j]
        p[j], q[j] = a[j], b[j]
        ahead = c[j] - (u[j] + k_j)
        e = exp_falling(-abs(ahead))
        before, here = (one, e) if ahead > zero else (e, one)
        past_y[j], now_y[j] = before, here
        over[j] = one / (before * b[j] + here)
        y[j] = (before * a[j] + here * v_j) * over[j]
        fallen = w[j] + c[j]
        ahead = fallen - k_j
        e = exp_falling(-abs(ahead))
        before, here = (one, e) if ahead > zero else (e, one)
        past[j], now[j] = before, here
        a[j] = before * a[j] + here * v_j
        b[j] = before * b[j] + here
        c[j] = fallen if ahead > zero else k_j


@jit
def _back(g: Any, v: Any, out: Any, da: Any, db: Any, dw: Any, du: Any, rows: Any, at: int) -> None:
    """Take the gradients of a state one step back, and fill those of k and v, ``out``."""
    n = g.size
    g_k, g_v = out
    p, q, past_y, now_y = (
        _row(rows, at, n), _row(rows, at + 1, n), _row(rows, at + 2, n), _row(rows, at + 3, n),
    )  # fmt: skip
    over, y, past, now = (
        _row(rows, at + 4, n), _row(rows, at + 5, n), _row(rows, at + 6, n), _row(rows, at + 7, n),
    )  # fmt: skip
    to_k = _row(rows, 9, n)
    for j in range(n):
        above = g[j] * over[j]  # gradient of the numerator
        below = -above * y[j]
        by_u = now_y[j] * (above * v[j] + below)
        to_k[j] = now[j] * (da[j] * v[j] + db[j]) + by_u
        g_v[j] = now[j] * da[j] + now_y[j] * above
        du[j] += by_u
        dw[j] += past[j] * (da[j] * p[j] + db[j] * q[j])
        da[j] = past[j] * da[j] + past_y[j] * above
        db[j] = past[j] * db[j] + past_y[j] * below
    copy(g_k, to_k)
