"""Products with mostly silent inputs compiled for the CPU: a spike adds one row of weights."""

from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from axonal._base.jit import jit, kernel
from axonal._base.threads import shards
from axonal.neuro.ops._buffer_pool import empty
from axonal.neuro.ops._nontemporal import LANES, settle, stream
from axonal.neuro.ops._nonzero import AHEAD, active, count

BLOCK = 32
"""Outputs of a row that are summed in registers at a time."""

TILE, LISTED = 64, 1 << 14
"""Rows whose spikes are listed at a time, and spikes for which there is room."""


@kernel
def active_of(bits: Any, step: int) -> int:
    """Count the entries that are not zero in each ``step``-th row of bits [R, I], integers."""
    used = 0
    for r in range(0, len(bits), step):
        used += count(bits[r])
    return used


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


@jit
def _put_all(row: Any, k: Any, a: Any, b: Any, c: Any, d: Any) -> None:
    """Write the sums of a block from place k on."""
    _put(row, k, a)
    _put(row, k + np.uint64(LANES), b)
    _put(row, k + np.uint64(2 * LANES), c)
    _put(row, k + np.uint64(3 * LANES), d)


def _fill_products(
    y: Any, x: Any, bits: Any, weight: Any, streamed: bool, start: int, stop: int
) -> None:
    """Fill the rows ``start`` to ``stop`` of y [R, O] with x [R, I] times the transposed weights.

    bits is x as integers of its size, whose zeros are quickly found. weight [O / BLOCK, I, BLOCK]
    holds those of a block of outputs together, the last block filled up. Results that are
    ``streamed`` go past the caches, see `stream`.

    The spikes of a tile of rows are listed first; then all of its rows take what one block of
    outputs has to give, whose weights stay in the nearest cache meanwhile.
    """
    sources, targets = x.shape[1], y.shape[1]
    # flat, because a slice in the inner loop counts its references, and all stores wait for that
    results, line = y.reshape(-1), weight.reshape(-1)
    height = max(1, min(TILE, LISTED // max(1, sources)))
    where = np.empty(height * sources + AHEAD, np.int64)
    value = np.empty(height * sources, x.dtype)
    first = np.zeros(height + 1, np.int64)
    zero = x.dtype.type(0)
    zeros = (zero, zero, zero, zero, zero, zero, zero, zero)
    sums = np.empty(BLOCK, x.dtype)
    second, third, fourth = np.uint64(LANES), np.uint64(2 * LANES), np.uint64(3 * LANES)
    for top in range(start, stop, height):
        rows = min(height, stop - top)
        for r in range(rows):
            listed, row = where[first[r] :], x[top + r]
            used = active(bits[top + r], listed)
            for k in range(used):
                value[first[r] + k] = row[listed[k]]
                listed[k] *= BLOCK
            first[r + 1] = first[r] + used
        for block in range(len(weight)):
            low, own = block * BLOCK, block * BLOCK * sources
            whole = low + BLOCK <= targets
            for r in range(rows):
                a = b = c = d = zeros
                for k in range(first[r], first[r + 1]):
                    at, p = np.uint64(where[k] + own), value[k]
                    a, b = _plus(a, line, at, p), _plus(b, line, at + second, p)
                    c, d = _plus(c, line, at + third, p), _plus(d, line, at + fourth, p)
                place = np.uint64((top + r) * targets + low)
                if not whole:
                    _put_all(sums, np.uint64(0), a, b, c, d)
                    for k in range(targets - low):
                        results[place + np.uint64(k)] = sums[k]
                elif streamed:
                    stream(results, place, a)
                    stream(results, place + second, b)
                    stream(results, place + third, c)
                    stream(results, place + fourth, d)
                else:
                    _put_all(results, place, a, b, c, d)
    if streamed:
        settle()


fill_products = kernel(_fill_products, unrolled=True)


@kernel
def add_outer(g_weight: Any, x: Any, bits: Any, g: Any, start: int, stop: int) -> None:
    """Add x [R, I] transposed times g [R, O] to columns ``start`` to ``stop`` of [I, O]."""
    where = np.empty(x.shape[1] + AHEAD, np.int64)
    for r in range(x.shape[0]):
        used, row, g_r = active(bits[r], where), x[r], g[r, start:stop]
        for k in range(used):
            _add_1(g_weight[where[k], start:stop], g_r, row[where[k]])


SAMPLED = 256
"""Rows, spread evenly, in which the active inputs are counted."""

STREAMED = 1 << 23
"""Bytes of results from which they are written past the caches."""

_BITS = {torch.float32: torch.int32, torch.float64: torch.int64}


def dense_from(targets: int) -> float:
    """Return the share of active inputs from which a dense product is faster.

    Measured for 2 to 512 outputs.

    A spike costs as much as a whole block of outputs, and finding it more than a few outputs.
    """
    return 0.4 * (targets - 4) / (targets + 12)


def dense_gradient_from(targets: int) -> float:
    """Return the same share for the gradient of weights, which a spike reads and writes."""
    return 0.35 * targets / (targets + 128)


def _sparse(x: Tensor, dense: float) -> tuple[Any, Any] | None:
    """Return x [R, I] and its bits as arrays, or nothing if more than this share is active."""
    x = x.detach().contiguous()
    bits = x.view(_BITS[x.dtype]).numpy()
    step = max(1, len(bits) // SAMPLED)
    looked_at = len(range(0, len(bits), step)) * bits.shape[1]
    return None if active_of(bits, step) > dense * looked_at else (x.numpy(), bits)


def multiply(x: Tensor, weight: Tensor) -> Tensor:
    """Return ``x W^T`` [R, O] for x [R, I] and W [O, I]."""
    arrays = _sparse(x, dense_from(len(weight)))
    if arrays is None:
        return x @ weight.T
    y = empty((len(x), len(weight)), x)
    padded = F.pad(weight.detach(), (0, 0, 0, -len(weight) % BLOCK))
    blocks = (
        padded.view(-1, BLOCK, x.shape[1]).transpose(1, 2).contiguous()
    )  # [O / BLOCK, I, BLOCK]
    streamed = y.nbytes >= STREAMED and y.shape[1] % LANES == 0
    shards(fill_products, len(x), y.nbytes, y.numpy(), *arrays, blocks.numpy(), streamed)
    return y


def weight_gradient(x: Tensor, g: Tensor) -> Tensor:
    """Return ``g^T x`` [O, I] for x [R, I] and the gradient g [R, O] of the products."""
    arrays = _sparse(x, dense_gradient_from(g.shape[1]))
    if arrays is None:
        return g.T @ x
    g_weight = torch.zeros(x.shape[1], g.shape[1], dtype=g.dtype)  # [I, O]
    given = g_weight.numpy(), *arrays, g.detach().contiguous().numpy()
    shards(add_outer, g.shape[1], g.nbytes, *given)
    return g_weight.T.contiguous()
