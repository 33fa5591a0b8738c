"""Delayed connections on the CPU: series packed into rows, and compiled loops, tap by tap."""

import torch
import torch.nn.functional as F
from torch import Tensor

from axonal.neuro.ops._numba import shards
from axonal.neuro.ops.delay import _operator, cpu
from axonal.neuro.ops.delay._taps import taps

LANES = 8
"""Samples side by side in a row: as many numbers as a vector of the CPU holds."""


def _lanes(batch: int) -> int:
    return max(1, min(LANES, batch))


def _pack(x: Tensor) -> Tensor:
    """Series [T, B, N] as rows [G, N, T x lanes], with samples of zeros to fill the last group."""
    steps, batch, size = x.shape
    lanes = _lanes(batch)
    groups: Tensor = F.pad(x.detach(), (0, 0, 0, -batch % lanes)).unflatten(1, (-1, lanes))
    return groups.permute(1, 3, 0, 2).reshape(-1, size, steps * lanes).contiguous()


def _unpack(rows: Tensor, batch: int) -> Tensor:
    """Rows [G, N, T x lanes] as series [T, B, N]."""
    rows = rows.unflatten(2, (-1, _lanes(batch)))
    return rows.permute(2, 0, 3, 1).flatten(1, 2)[:, :batch].contiguous()


def _add(
    y: Tensor, x: Tensor, scaled: Tensor, first: Tensor, lanes: int, origin: int, way: int
) -> None:
    arrays = y.numpy(), x.numpy(), scaled.numpy(), first.numpy()
    shards(
        lambda start, stop: cpu.add_rows(*arrays, lanes, origin, way, start, stop),
        y.shape[1],
        y.nbytes,
    )


@_operator.forward.register_kernel("cpu")
def _(
    x: Tensor,
    history: Tensor,
    weight: Tensor,
    delay: Tensor,
    sigma: Tensor,
    kernel: str,
    max_delay: int,
) -> Tensor:
    steps, batch, _ = x.shape
    first, share, _ = taps(delay, sigma.item(), kernel, max_delay)
    rows = _pack(torch.cat((history, x)))
    lanes = _lanes(batch)
    y = rows.new_zeros(len(rows), len(weight), steps * lanes)
    _add(y, rows, weight.unsqueeze(-1) * share, first, lanes, max_delay, -1)
    return _unpack(y, batch)


@_operator.backward.register_kernel("cpu")
def _(
    g: Tensor,
    x: Tensor,
    history: Tensor,
    weight: Tensor,
    delay: Tensor,
    sigma: Tensor,
    kernel: str,
    max_delay: int,
    needs_history: bool,
    needs_taps: bool,
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    steps, batch, size = x.shape
    lanes = _lanes(batch)
    first, share, slope = taps(delay, sigma.item(), kernel, max_delay)

    # x reaches y up to max_delay steps later; what was before x too, if somebody asks for it
    ahead = max_delay if needs_history else 0
    rows = _pack(F.pad(g, (0, 0, 0, 0, ahead, max_delay)))
    g_rows = rows.new_zeros(len(rows), size, (ahead + steps) * lanes)
    back = (weight.unsqueeze(-1) * share).transpose(0, 1).contiguous()
    _add(g_rows, rows, back, first.T.contiguous(), lanes, 0, 1)
    g_x = _unpack(g_rows, batch)
    g_history = x.new_empty(0, *x.shape[1:])
    if needs_history:
        g_history, g_x = g_x[:ahead].clone(), g_x[ahead:].clone()
    if not needs_taps:
        return g_x, g_history, weight.new_empty(0), weight.new_empty(0)

    g_taps = torch.zeros_like(share)
    series = _pack(torch.cat((history, x)))
    arrays = g_taps.numpy(), rows.numpy(), series.numpy(), first.numpy()
    shards(
        lambda start, stop: cpu.dot_rows(*arrays, lanes, ahead, max_delay, start, stop),
        len(weight),
        g.nbytes,
    )
    g_weight, g_delay = (g_taps * share).sum(-1), weight * (g_taps * slope).sum(-1)
    return g_x, g_history, g_weight, g_delay
