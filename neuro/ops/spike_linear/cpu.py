"""Products with mostly silent inputs compiled for the CPU: a spike adds one row of weights."""

from typing import Any

import numpy as np

from axonal.neuro.ops._active import AHEAD, active
from axonal.neuro.ops._numba import jit, kernel

LANES, BLOCK = 8, 32
"""Outputs of one vector, and those of a row that are summed in registers at a time."""


@jit
def _add_1(y: Any, a: Any, p: Any) -> None:
    for k in range(y.size):
        y[k] += p * a[k]


@jit
def _plus(y: Any, weight: Any, k: Any, p: Any) -> Any:
    """Eight sums y and p times the weights from place k on: one vector, see `kernel(unrolled)`."""
    return (
        y[0] + p * weight[k],
        y[1] + p * weight[k + np.uint64(1)],
        y[2] + p * weight[k + np.uint64(2)],
        y[3] + p * weight[k + np.uint64(3)],
        y[4] + p * weight[k + np.uint64(4)],
        y[5] + p * weight[k + np.uint64(5)],
        y[6] + p * weight[k + np.uint64(6)],
        y[7] + p * weight[k + np.uint64(7)],
    )


@jit
def _put(row: Any, k: Any, y: Any) -> None:
    """Write eight numbers from place k on."""
    row[k], row[k + np.uint64(1)], row[k + np.uint64(2)], row[k + np.uint64(3)] = y[:4]
    k += np.uint64(4)
    row[k], row[k + np.uint64(1)], row[k + np.uint64(2)], row[k + np.uint64(3)] = y[4:]


def _multiply(y: Any, x: Any, bits: Any, weight: Any, start: int, stop: int) -> None:
    """Fill the rows ``start`` to ``stop`` of y [R, O] with x [R, I] times weight [I, O + ...].

    bits is x as integers of its size, whose zeros are quickly found. Rows of weights are filled up
    to whole blocks.
    """
    sources, targets = x.shape[1], y.shape[1]
    line, across = weight.reshape(-1), weight.shape[1]
    where, value = np.empty(sources + AHEAD, np.int64), np.empty(sources, x.dtype)
    zero = x.dtype.type(0)
    zeros = (zero, zero, zero, zero, zero, zero, zero, zero)
    sums = np.empty(BLOCK, x.dtype)
    second, third, fourth = np.uint64(LANES), np.uint64(2 * LANES), np.uint64(3 * LANES)
    for r in range(start, stop):
        used = active(bits[r], where)
        for k in range(used):
            value[k] = x[r, where[k]]
            where[k] *= across
        for low in range(0, across, BLOCK):
            a = b = c = d = zeros
            for k in range(used):
                at, p = np.uint64(where[k] + low), value[k]
                a, b = _plus(a, line, at, p), _plus(b, line, at + second, p)
                c, d = _plus(c, line, at + third, p), _plus(d, line, at + fourth, p)
            whole = low + BLOCK <= targets
            row = y[r, low:] if whole else sums
            _put(row, np.uint64(0), a)
            _put(row, second, b)
            _put(row, third, c)
            _put(row, fourth, d)
            if not whole:
                y[r, low:] = sums[: targets - low]


multiply = kernel(_multiply, unrolled=True)


@kernel
def add_outer(g_weight: Any, x: Any, bits: Any, g: Any, start: int, stop: int) -> None:
    """Add x [R, I] transposed times g [R, O] to columns ``start`` to ``stop`` of [I, O]."""
    where = np.empty(x.shape[1] + AHEAD, np.int64)
    for r in range(x.shape[0]):
        used, row, g_r = active(bits[r], where), x[r], g[r, start:stop]
        for k in range(used):
            _add_1(g_weight[where[k], start:stop], g_r, row[where[k]])
