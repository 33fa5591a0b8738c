"""Sums of delayed spikes compiled for the CPU: the cost is that of the spikes that there are.

A spike meets all taps of a synapse at once: they lie step by step, so that eight of them are one
vector. Adding them to the series of a target gives the output; multiplying them with the gradient
of that series gives the gradient of the taps.
"""

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import torch.nn.functional as F
from torch import Tensor

from axonal._base.jit import jit, kernel

LANES = 8
"""Taps that are added together."""

TARGETS = 8
"""Targets whose series are in the cache together."""

APART = 16
"""Spikes that follow one another in the list are as many steps apart.

A sum at a place would otherwise wait for the sum before it at the same place.
"""

_COST = 3.3  # of a vector operation here, in those of the dense loops


class Spikes(NamedTuple):
    """The entries of a series [D + T, B, I] that are not zero, source by source.

    Attributes:
        where: place in a row of [B, `length`], int32 [S].
        value: the entries [S].
        edges: first spike of each source and one past the last, int64 [I + 1].
    """

    where: npt.NDArray[np.int32]
    value: npt.NDArray[Any]
    edges: npt.NDArray[np.int64]


def length(steps: int, longest: int, taps: int) -> int:
    """Return the length of a sample's series with room before it and for taps after it."""
    return steps + 2 * longest + whole(taps)


def whole(taps: int) -> int:
    """Return the number of taps filled up to whole vectors."""
    return -(-taps // LANES) * LANES


def filled(taps: Tensor) -> Tensor:
    """Return taps [O, I, K] with zeros up to whole vectors."""
    return F.pad(taps, (0, whole(taps.shape[2]) - taps.shape[2])).contiguous()


def pays(active: int, x: Tensor, taps: int, longest: int, share: float = 1.0) -> bool:
    """Return whether these loops are faster for ``active`` spikes in x [T, B, I].

    ``share`` is the cost of what they replace, beside that of the dense loops.
    """
    steps, batch, _ = x.shape
    fits = batch * length(steps, longest, taps) < 2**31
    return fits and _COST * active * whole(taps) < share * x.numel() * taps


def find(history: Tensor, x: Tensor, taps: int, share: float = 1.0) -> Spikes | None:
    """List the spikes of ``history`` [D, B, I] and ``x`` [T, B, I] if there are few enough."""
    series = history.detach().contiguous().numpy(), x.detach().contiguous().numpy()
    active = sum(count(part.reshape(-1)) for part in series)
    longest = len(history)
    if not pays(active, x, taps, longest, share):
        return None
    where, value = np.empty(active, np.int32), np.empty(active, series[1].dtype)
    edges = np.zeros(x.shape[2] + 1, np.int64)
    _list(*series, length(len(x), longest, taps), where, value, edges)
    return Spikes(where, value, edges)


@kernel
def count(x: Any) -> int:
    """Count what is not zero in x [n]."""
    found, zero = 0, x.dtype.type(0)
    for k in range(x.size):
        found += x[k] != zero
    return found


@kernel
def _list(history: Any, x: Any, room: int, where: Any, value: Any, edges: Any) -> None:
    """Fill where [S], value [S] and edges [I + 1], which is zero before."""
    longest, batch, sources = history.shape
    zero = x.dtype.type(0)
    for series in (history, x):
        for t in range(series.shape[0]):
            for b in range(batch):
                for i in range(sources):
                    edges[i + 1] += series[t, b, i] != zero
    for i in range(sources):
        edges[i + 1] += edges[i]
    free = edges[:-1].copy()
    for first in range(APART):
        for step in range(first, longest + x.shape[0], APART):
            for b in range(batch):
                row = history[step, b] if step < longest else x[step - longest, b]
                for i in range(sources):
                    if row[i] != zero:
                        where[free[i]] = b * room + step
                        value[free[i]] = row[i]
                        free[i] += 1


# The eight statements of the next two become one vector instruction each: see `kernel(unrolled)`.
# Unsigned indices spare the test for a count from the end.


@jit
def _scatter(y: Any, p: Any, where: Any, value: Any, start: int, stop: int) -> None:
    """Add the taps p [8], times its value, to y from the place of every spike on."""
    p0, p1, p2, p3, p4, p5, p6, p7 = p[0], p[1], p[2], p[3], p[4], p[5], p[6], p[7]
    for s in range(start, stop):
        k, v = np.uint64(where[s]), value[s]
        k1, k2, k3 = k + np.uint64(1), k + np.uint64(2), k + np.uint64(3)
        k4, k5, k6, k7 = k + np.uint64(4), k + np.uint64(5), k + np.uint64(6), k + np.uint64(7)
        y0, y1, y2, y3 = y[k] + v * p0, y[k1] + v * p1, y[k2] + v * p2, y[k3] + v * p3
        y4, y5, y6, y7 = y[k4] + v * p4, y[k5] + v * p5, y[k6] + v * p6, y[k7] + v * p7
        y[k], y[k1], y[k2], y[k3], y[k4], y[k5], y[k6], y[k7] = y0, y1, y2, y3, y4, y5, y6, y7


@jit
def _gather(p: Any, g: Any, where: Any, value: Any, start: int, stop: int) -> None:
    """Add to p [8], for every spike, its value times g from its place on."""
    zero = g.dtype.type(0)
    p0 = p1 = p2 = p3 = p4 = p5 = p6 = p7 = zero
    for s in range(start, stop):
        k, v = np.uint64(where[s]), value[s]
        p0 += v * g[k]
        p1 += v * g[k + np.uint64(1)]
        p2 += v * g[k + np.uint64(2)]
        p3 += v * g[k + np.uint64(3)]
        p4 += v * g[k + np.uint64(4)]
        p5 += v * g[k + np.uint64(5)]
        p6 += v * g[k + np.uint64(6)]
        p7 += v * g[k + np.uint64(7)]
    k = np.uint64(0)
    p[k] += p0
    p[k + np.uint64(1)] += p1
    p[k + np.uint64(2)] += p2
    p[k + np.uint64(3)] += p3
    p[k + np.uint64(4)] += p4
    p[k + np.uint64(5)] += p5
    p[k + np.uint64(6)] += p6
    p[k + np.uint64(7)] += p7


def _add_spikes(
    y: Any, where: Any, value: Any, edges: Any, taps: Any, first: Any, longest: int,
    start: int, stop: int,
) -> None:  # fmt: skip
    """Fill the targets ``start`` to ``stop`` of y [T, B, O] with the sums over delayed spikes.

    Tap j of taps [O, I, K], with K whole vectors, has the delay first [O, I] + j, and delays are at
    most ``longest`` where a tap is not zero.
    """
    steps, batch, _ = y.shape
    sources, count = taps.shape[1:]
    room = steps + 2 * longest + count
    series = np.empty((TARGETS, batch * room), y.dtype)
    for low in range(start, stop, TARGETS):
        high = min(low + TARGETS, stop)
        series[:] = y.dtype.type(0)
        for i in range(sources):
            for o in range(low, high):
                row = series[o - low, first[o, i] :]
                for c in range(0, count, LANES):
                    p = taps[o, i, c : c + LANES]
                    if p.any():
                        _scatter(row[c:], p, where, value, edges[i], edges[i + 1])
        for t in range(steps):
            for b in range(batch):
                for o in range(low, high):
                    y[t, b, o] = series[o - low, b * room + longest + t]


def _dot_spikes(
    g_taps: Any, g: Any, where: Any, value: Any, edges: Any, first: Any, longest: int,
    start: int, stop: int,
) -> None:  # fmt: skip
    """Add the gradients of taps [O, I, K], given g [T, B, O], for targets ``start`` to ``stop``."""
    steps, batch, _ = g.shape
    sources, count = g_taps.shape[1:]
    room = steps + 2 * longest + count
    series = np.zeros((TARGETS, batch * room), g.dtype)
    for low in range(start, stop, TARGETS):
        high = min(low + TARGETS, stop)
        for t in range(steps):
            for b in range(batch):
                for o in range(low, high):
                    series[o - low, b * room + longest + t] = g[t, b, o]
        for i in range(sources):
            for o in range(low, high):
                row = series[o - low, first[o, i] :]
                for c in range(0, count, LANES):
                    p = g_taps[o, i, c : c + LANES]
                    _gather(p, row[c:], where, value, edges[i], edges[i + 1])


add_spikes = kernel(_add_spikes, unrolled=True)
dot_spikes = kernel(_dot_spikes, unrolled=True)
