"""Products with mostly silent inputs compiled for the CPU: a spike adds one row of weights."""

from typing import Any

import numpy as np

from axonal.neuro.ops._numba import jit, kernel
from axonal.neuro.ops._rows import active

TOGETHER = 4
"""Rows of weights that are added in one pass over the output."""


@kernel
def count(bits: Any) -> int:
    """How many entries of bits [R, I] are not zero."""
    used = 0
    for r in range(bits.shape[0]):
        for j in range(bits.shape[1]):
            used += bits[r, j] != 0
    return used


@jit
def _add_1(y: Any, a: Any, p: Any) -> None:
    for k in range(y.size):
        y[k] += p * a[k]


@jit
def _add_4(y: Any, weight: Any, at: Any, by: Any, fresh: Any) -> None:
    """Add four rows to y, or let y be their sum."""
    n = y.size
    a, b, c, d = weight[at[0] :][:n], weight[at[1] :][:n], weight[at[2] :][:n], weight[at[3] :][:n]
    p, q, r, s = by[0], by[1], by[2], by[3]
    if fresh:
        for k in range(n):
            y[k] = (p * a[k] + q * b[k]) + (r * c[k] + s * d[k])
    else:
        for k in range(n):
            y[k] += (p * a[k] + q * b[k]) + (r * c[k] + s * d[k])


@kernel
def multiply(y: Any, x: Any, bits: Any, weight: Any, start: int, stop: int) -> None:
    """Fill the rows ``start`` to ``stop`` of y [R, O] with x [R, I] times weight [I + 1, O].

    bits is x as integers of its size, whose zeros are quickly found. The last row of weights is
    zero and stands in for spikes where there are fewer than are added together.
    """
    sources, targets = x.shape[1], y.shape[1]
    rows = weight.reshape(-1)
    where = np.empty(sources + TOGETHER, np.int64)
    value = np.empty(sources + TOGETHER, x.dtype)
    for r in range(start, stop):
        used = active(bits[r], where)
        for k in range(used):
            value[k] = x[r, where[k]]
            where[k] *= targets
        for k in range(used, used + TOGETHER):
            value[k] = x.dtype.type(0)
            where[k] = sources * targets
        _add_4(y[r], rows, where, value, True)
        for k in range(TOGETHER, used, TOGETHER):
            _add_4(y[r], rows, where[k:], value[k:], False)


@kernel
def add_outer(g_weight: Any, x: Any, bits: Any, g: Any, start: int, stop: int) -> None:
    """Add x [R, I] transposed times g [R, O] to columns ``start`` to ``stop`` of [I, O]."""
    where = np.empty(x.shape[1] + 1, np.int64)
    for r in range(x.shape[0]):
        used, row, g_r = active(bits[r], where), x[r], g[r, start:stop]
        for k in range(used):
            _add_1(g_weight[where[k], start:stop], g_r, row[where[k]])
