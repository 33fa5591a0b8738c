"""Sums of delayed series compiled for the CPU: one multiplication per synapse, tap and step.

The layout makes a delay a matter of where to start reading. A group of samples lies side by side,
so that a row [steps x lanes] holds the series of one channel; a tap of a synapse then adds a row,
shifted by a whole number of lanes and scaled, to another row. Taps are added eight at a time.
Series of few spikes go to `cpu_sparse`.
"""

from typing import Any

import numpy as np
import torch
from torch import Tensor

from axonal._base.jit import jit, kernel
from axonal._base.threads import shards
from axonal.neuro.ops._buffer_pool import empty, zeros
from axonal.neuro.ops.delayed_linear import cpu_sparse
from axonal.neuro.ops.delayed_linear._correlation import correlation, share_of_lags
from axonal.neuro.ops.delayed_linear._needs import Needs
from axonal.neuro.ops.delayed_linear._synapses import Synapses
from axonal.neuro.ops.delayed_linear._taps import taps

TILE_BYTES, WIDTH = 1 << 18, 2048
"""What is read again and again for all rows written, and how many numbers of a row at a time.

It should stay in the second cache, and hold parts of many rows.
"""


@kernel
def pack(rows: Any, x: Any, lanes: int, skip: int) -> None:
    """Write x [T, B, N] from step ``skip`` on into rows [G, N, steps x lanes]."""
    steps, batch, size = x.shape
    for group in range(rows.shape[0]):
        low = group * lanes
        used = min(lanes, batch - low)
        for t in range(steps):
            at = (skip + t) * lanes
            for n in range(size):
                for lane in range(used):
                    rows[group, n, at + lane] = x[t, low + lane, n]


@jit
def _add_1(y: Any, x: Any, a: int, p: Any) -> None:
    row = x[a : a + y.size]
    for k in range(y.size):
        y[k] += p * row[k]


@jit
def add_8(y: Any, x: Any, at: Any, by: Any) -> None:
    """Add to y eight parts of x, from the places ``at`` on, times the factors ``by``."""
    n = y.size
    x0, x1, x2, x3 = x[at[0] :][:n], x[at[1] :][:n], x[at[2] :][:n], x[at[3] :][:n]
    x4, x5, x6, x7 = x[at[4] :][:n], x[at[5] :][:n], x[at[6] :][:n], x[at[7] :][:n]
    b0, b1, b2, b3, b4, b5, b6, b7 = by[0], by[1], by[2], by[3], by[4], by[5], by[6], by[7]
    for k in range(n):
        left = (b0 * x0[k] + b1 * x1[k]) + (b2 * x2[k] + b3 * x3[k])
        y[k] += left + ((b4 * x4[k] + b5 * x5[k]) + (b6 * x6[k] + b7 * x7[k]))


@kernel
def add_rows(
    y: Any,
    x: Any,
    shares: Any,
    origin: Any,
    apart: int,
    start: int,
    stop: int,
) -> None:
    """Add delayed rows of x [G, P, m] to the rows ``start`` to ``stop`` of y [G, R, n].

    Tap j of shares [R, Q, K] reads the rows of a group, one behind the other, from the number
    ``origin [R, Q] + apart * j`` on. What is zero costs nothing.
    """
    groups, _, length = x.shape
    sources, count, numbers = shares.shape[1], shares.shape[2], y.shape[2]
    tile = max(1, min(sources, TILE_BYTES // (max(1, min(length, WIDTH)) * x.itemsize)))
    where, factor = np.empty(tile * count, np.int64), np.empty(tile * count, x.dtype)
    zero = x.dtype.type(0)
    for part in range(groups * -(-numbers // WIDTH)):
        g, left = part % groups, part // groups * WIDTH
        series = x[g].reshape(-1)
        for low in range(0, sources, tile):
            for r in range(start, stop):
                used = 0
                for q in range(low, min(low + tile, sources)):
                    for j in range(count):
                        if shares[r, q, j] != zero:
                            where[used] = origin[r, q] + apart * j + left
                            factor[used] = shares[r, q, j]
                            used += 1
                row = y[g, r, left : left + WIDTH]
                k = 0
                while k + 8 <= used:
                    add_8(row, series, where[k : k + 8], factor[k : k + 8])
                    k += 8
                while k < used:
                    _add_1(row, series, where[k], factor[k])
                    k += 1


def _dot_1(g: Any, x: Any, at: int) -> Any:
    row = x[at:][: g.size]
    total = g.dtype.type(0)
    for k in range(g.size):
        total += g[k] * row[k]
    return total


def _dot_6(g: Any, x: Any, at: Any) -> Any:
    n = g.size
    x0, x1, x2 = x[at[0] :][:n], x[at[1] :][:n], x[at[2] :][:n]
    x3, x4, x5 = x[at[3] :][:n], x[at[4] :][:n], x[at[5] :][:n]
    s0 = s1 = s2 = s3 = s4 = s5 = g.dtype.type(0)
    for k in range(n):
        s0 += g[k] * x0[k]
        s1 += g[k] * x1[k]
        s2 += g[k] * x2[k]
        s3 += g[k] * x3[k]
        s4 += g[k] * x4[k]
        s5 += g[k] * x5[k]
    return s0, s1, s2, s3, s4, s5


_dot_1, _dot_6 = jit(_dot_1, reorder=True), jit(_dot_6, reorder=True)


@kernel
def dot_rows(
    g_taps: Any, g: Any, x: Any, origin: Any, apart: int, skip: int, numbers: int,
    start: int, stop: int,
) -> None:  # fmt: skip
    """Add the gradients of taps [R, Q, K] for the rows ``start`` to ``stop`` of g [G, R, ...].

    A row of g has ``numbers`` that count, from the number ``skip`` on. Tap j meets the rows of x
    [G, P, m] as in `add_rows`.
    """
    groups, _, length = x.shape
    sources, count = g_taps.shape[1:]
    tile = max(1, min(sources, TILE_BYTES // (max(1, min(length, WIDTH)) * x.itemsize)))
    where, index = np.empty(tile * count, np.int64), np.empty(tile * count, np.int64)
    for part in range(groups * -(-numbers // WIDTH)):
        group, left = part % groups, part // groups * WIDTH
        series = x[group].reshape(-1)
        for low in range(0, sources, tile):
            for r in range(start, stop):
                used = 0
                for q in range(low, min(low + tile, sources)):
                    for j in range(count):
                        where[used] = origin[r, q] + apart * j + left
                        index[used] = q * count + j
                        used += 1
                row = g[group, r, skip:][left : min(left + WIDTH, numbers)]
                total = g_taps[r].reshape(-1)
                k = 0
                while k + 6 <= used:
                    six = _dot_6(row, series, where[k : k + 6])
                    for i in range(6):
                        total[index[k + i]] += six[i]
                    k += 6
                while k < used:
                    total[index[k]] += _dot_1(row, series, where[k])
                    k += 1


LANES = 8
"""Samples side by side in a row: as many numbers as a vector of the CPU holds."""


def _lanes(batch: int) -> int:
    return max(1, min(LANES, batch))


def _pack(*series: Tensor, before: int = 0, after: int = 0) -> Tensor:
    """Return series [T, B, N] that follow one another as rows [G, N, steps x lanes].

    Steps of zeros stand before and after them, samples of zeros fill the last group.
    """
    _, batch, size = series[0].shape
    lanes = _lanes(batch)
    steps = before + sum(map(len, series)) + after
    rows = zeros((-(-batch // lanes), size, steps * lanes), series[0])
    for x in series:
        pack(rows.numpy(), x.detach().contiguous().numpy(), lanes, before)
        before += len(x)
    return rows


def _unpack(rows: Tensor, batch: int) -> Tensor:
    """Return rows [G, N, T x lanes] as series [T, B, N]."""
    groups = rows.unflatten(2, (-1, _lanes(batch))).permute(2, 0, 3, 1)
    series = empty((len(groups), groups[0, ..., 0].numel(), groups.shape[3]), rows)
    series.view(groups.shape).copy_(groups)
    return series[:, :batch].contiguous()


def _origin(rows: Tensor, step: Tensor, lanes: int) -> Tensor:
    """Return the places [R, Q] in a group of rows [G, Q, m] of the steps [R, Q] of each row."""
    return (torch.arange(rows.shape[1]) * rows.shape[2] + step * lanes).contiguous()


def _add(y: Tensor, x: Tensor, scaled: Tensor, origin: Tensor, apart: int) -> None:
    arrays = y.numpy(), x.numpy(), scaled.numpy(), origin.numpy()
    shards(add_rows, y.shape[1], y.nbytes, *arrays, apart)


def forward(x: Tensor, history: Tensor, synapses: Synapses) -> Tensor:
    """Return y [T, B, O] for x [T, B, I]."""
    steps, batch, _ = x.shape
    weight, delay, sigma, kernel, max_delay = synapses
    first, share, _ = taps(delay, float(sigma), kernel, max_delay)
    scaled = weight.detach().unsqueeze(-1) * share  # [O, I, K]
    spikes = cpu_sparse.find(history, x, share.shape[2])
    if spikes is not None:
        y = empty((steps, batch, len(weight)), x)
        shards(
            cpu_sparse.add_spikes, len(weight), y.nbytes,
            y.numpy(), *spikes, cpu_sparse.filled(scaled).numpy(), first.numpy(), max_delay,
        )  # fmt: skip
        return y
    rows = _pack(history, x)  # [G, I, (max_delay + T) lanes]
    lanes = _lanes(batch)
    y = zeros((len(rows), len(weight), steps * lanes), rows)
    _add(y, rows, scaled, _origin(rows, max_delay - first, lanes), -lanes)
    return _unpack(y, batch)


def backward(
    g: Tensor, x: Tensor, history: Tensor, synapses: Synapses, needs: Needs
) -> tuple[Tensor, Tensor, Tensor]:
    """Return gradients of the inputs, of weight and delay, from those of y, g [T, B, O].

    The inputs are x, after the history if its gradient is needed.
    """
    steps, batch, size = x.shape
    weight, delay, sigma, kernel, max_delay = synapses
    ahead, lanes = len(history) if needs.history else 0, _lanes(batch)
    first, share, slope = taps(delay, float(sigma), kernel, max_delay)  # [O, I], [O, I, K] twice

    spikes, dense = None, 1.0
    if needs.taps:
        dense = share_of_lags(x, len(weight), share.shape[2], max_delay)
        spikes = cpu_sparse.find(history, x, share.shape[2], dense)
    at_once = needs.taps and spikes is None and dense < 1
    # x reaches y up to max_delay steps later, and so does the history
    rows = None  # [G, O, (ahead + T + max_delay) lanes]
    if needs.series or (needs.taps and spikes is None and not at_once):
        rows = _pack(g, before=ahead, after=max_delay)
    g_series = x.new_empty(0, *x.shape[1:])
    if needs.series:
        assert rows is not None
        g_rows = zeros((len(rows), size, (ahead + steps) * lanes), rows)
        back = (weight.unsqueeze(-1) * share).transpose(0, 1).contiguous()  # [I, O, K]
        _add(g_rows, rows, back, _origin(rows, first.T, lanes), lanes)
        g_series = _unpack(g_rows, batch)  # [ahead + T, B, I]
    if not needs.taps:
        return g_series, weight.new_empty(0), weight.new_empty(0)

    g_taps = share.new_zeros(share.shape)  # [O, I, K] without gaps, whatever share is
    if spikes is not None:
        g_taps = cpu_sparse.filled(g_taps)
        shards(
            cpu_sparse.dot_spikes, len(weight), g.nbytes,
            g_taps.numpy(), g.contiguous().numpy(), *spikes, first.numpy(), max_delay,
        )  # fmt: skip
        g_taps = g_taps[..., : share.shape[2]]
    elif at_once:
        every = correlation(g.contiguous(), history, x)  # [O, I, max_delay + 1]
        late = first.unsqueeze(-1) + torch.arange(share.shape[2])
        # a tap beyond the longest delay has no share
        g_taps = every.gather(2, late.clamp(max=max_delay)) * (late <= max_delay)
    else:
        assert rows is not None
        series = _pack(history, x)  # [G, I, (max_delay + T) lanes]
        origin = _origin(series, max_delay - first, lanes)
        arrays = g_taps.numpy(), rows.numpy(), series.numpy(), origin.numpy()
        shards(
            dot_rows, len(weight), g.nbytes, *arrays, -lanes, ahead * lanes, steps * lanes
        )  # fmt: skip
    # dL/dw = sum_k dL/dtap_k share_k and dL/dd = w sum_k dL/dtap_k dshare_k/dd
    g_weight, g_delay = (g_taps * share).sum(-1), weight * (g_taps * slope).sum(-1)
    return g_series, g_weight, g_delay
