"""Products with mostly silent inputs compiled for the CPU: a spike adds one row of weights."""

from typing import Any

import numpy as np

from axonal.neuro.ops._numba import jit, kernel
from axonal.neuro.ops._rows import active


@kernel
def count(bits: Any) -> int:
    """How many entries of bits [R, I] are not zero."""
    where = np.empty(bits.shape[1] + 1, np.int64)
    used = 0
    for r in range(bits.shape[0]):
        used += active(bits[r], where)
    return used


@jit
def _add_1(y: Any, a: Any, p: Any) -> None:
    for k in range(y.size):
        y[k] += p * a[k]


@jit
def _add_4(y: Any, a: Any, b: Any, c: Any, d: Any, p: Any, q: Any, r: Any, s: Any) -> None:
    for k in range(y.size):
        y[k] += (p * a[k] + q * b[k]) + (r * c[k] + s * d[k])


@kernel
def multiply(y: Any, x: Any, bits: Any, weight: Any, start: int, stop: int) -> None:
    """Fill the rows ``start`` to ``stop`` of y [R, O] with x [R, I] times weight [I, O].

    bits is x as integers of its size, whose zeros are quickly found.
    """
    where = np.empty(x.shape[1] + 1, np.int64)
    for r in range(start, stop):
        used, row, out = active(bits[r], where), x[r], y[r]
        out[:] = 0
        k = 0
        while k + 4 <= used:
            a, b, c, d = where[k], where[k + 1], where[k + 2], where[k + 3]
            _add_4(out, weight[a], weight[b], weight[c], weight[d], row[a], row[b], row[c], row[d])
            k += 4
        while k < used:
            _add_1(out, weight[where[k]], row[where[k]])
            k += 1


@kernel
def add_outer(g_weight: Any, x: Any, bits: Any, g: Any, start: int, stop: int) -> None:
    """Add x [R, I] transposed times g [R, O] to columns ``start`` to ``stop`` of [I, O]."""
    where = np.empty(x.shape[1] + 1, np.int64)
    for r in range(x.shape[0]):
        used, row, g_r = active(bits[r], where), x[r], g[r, start:stop]
        for k in range(used):
            _add_1(g_weight[where[k], start:stop], g_r, row[where[k]])
