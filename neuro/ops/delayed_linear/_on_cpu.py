"""Delayed connections on the CPU: spikes one by one, or series packed into rows, tap by tap."""

import torch.nn.functional as F
from torch import Tensor

from axonal._base.threads import shards
from axonal.neuro.ops._buffer_pool import empty, zeros
from axonal.neuro.ops._cuda import same_shape
from axonal.neuro.ops._tangents import refused
from axonal.neuro.ops.delayed_linear import _op, cpu, cpu_sparse
from axonal.neuro.ops.delayed_linear._taps import taps

LANES = 8
"""Samples side by side in a row: as many numbers as a vector of the CPU holds."""


def _lanes(batch: int) -> int:
    return max(1, min(LANES, batch))


def _pack(*series: Tensor, before: int = 0, after: int = 0) -> Tensor:
    """Series [T, B, N] that follow one another as rows [G, N, steps x lanes].

    Steps of zeros stand before and after them, samples of zeros fill the last group.
    """
    _, batch, size = series[0].shape
    lanes = _lanes(batch)
    steps = before + sum(map(len, series)) + after
    rows = zeros((-(-batch // lanes), size, steps * lanes), series[0])
    for x in series:
        cpu.pack(rows.numpy(), x.detach().contiguous().numpy(), lanes, before)
        before += len(x)
    return rows


def _unpack(rows: Tensor, batch: int) -> Tensor:
    """Rows [G, N, T x lanes] as series [T, B, N]."""
    groups = rows.unflatten(2, (-1, _lanes(batch))).permute(2, 0, 3, 1)
    series = empty((len(groups), groups[0, ..., 0].numel(), groups.shape[3]), rows)
    series.view(groups.shape).copy_(groups)
    return series[:, :batch].contiguous()


def _filled(taps: Tensor) -> Tensor:
    """Taps [O, I, K] with zeros up to whole vectors."""
    return F.pad(taps, (0, cpu_sparse.whole(taps.shape[2]) - taps.shape[2])).contiguous()


def _add(
    y: Tensor, x: Tensor, scaled: Tensor, first: Tensor, lanes: int, origin: int, way: int
) -> None:
    arrays = y.numpy(), x.numpy(), scaled.numpy(), first.numpy()
    shards(
        lambda start, stop: cpu.add_rows(*arrays, lanes, origin, way, start, stop),
        y.shape[1],
        y.nbytes,
    )


@_op.forward.register_kernel("cpu")
@refused("delayed_linear")
def _(
    x: Tensor,
    history: Tensor,
    weight: Tensor,
    delay: Tensor,
    sigma: Tensor,
    kernel: str,
    max_delay: int,
) -> Tensor:
    steps, batch, size = x.shape
    same_shape("delayed_linear", "history", history, (max_delay, batch, size))
    for what, given in (("weight", weight), ("delay", delay)):
        same_shape("delayed_linear", what, given, (len(weight), size))
    first, share, _ = taps(delay, sigma.item(), kernel, max_delay)
    found = cpu_sparse.find(history, x, share.shape[2])
    if found is not None:
        y = empty((steps, batch, len(weight)), x)
        scaled = _filled(weight.unsqueeze(-1) * share).numpy()
        arrays = y.numpy(), *found, scaled, first.numpy()
        shards(
            lambda start, stop: cpu_sparse.add_spikes(*arrays, max_delay, start, stop),
            len(weight),
            y.nbytes,
        )
        return y
    rows = _pack(history, x)
    lanes = _lanes(batch)
    y = zeros((len(rows), len(weight), steps * lanes), rows)
    _add(y, rows, weight.unsqueeze(-1) * share, first, lanes, max_delay, -1)
    return _unpack(y, batch)


@_op.backward.register_kernel("cpu")
@refused("delayed_linear")
def _(
    g: Tensor,
    x: Tensor,
    history: Tensor,
    weight: Tensor,
    delay: Tensor,
    sigma: Tensor,
    kernel: str,
    max_delay: int,
    needs_x: bool,
    needs_history: bool,
    needs_taps: bool,
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    steps, batch, size = x.shape
    lanes = _lanes(batch)
    first, share, slope = taps(delay, sigma.item(), kernel, max_delay)

    # x reaches y up to max_delay steps later; what was before x too, if somebody asks for it
    ahead = max_delay if needs_history else 0
    rows = _pack(g, before=ahead, after=max_delay)
    g_x, g_history = x.new_empty(0, *x.shape[1:]), x.new_empty(0, *x.shape[1:])
    if needs_x or needs_history:
        g_rows = zeros((len(rows), size, (ahead + steps) * lanes), rows)
        back = (weight.unsqueeze(-1) * share).transpose(0, 1).contiguous()
        _add(g_rows, rows, back, first.T.contiguous(), lanes, 0, 1)
        g_x = _unpack(g_rows, batch)
        if needs_history:
            g_history, g_x = g_x[:ahead].clone(), g_x[ahead:].clone()
    if not needs_taps:
        return g_x, g_history, weight.new_empty(0), weight.new_empty(0)

    g_taps = share.new_zeros(share.shape)  # without gaps, whatever share is
    found = cpu_sparse.find(history, x, share.shape[2])
    if found is not None:
        g_taps = _filled(g_taps)
        listed = g_taps.numpy(), g.contiguous().numpy(), *found, first.numpy()
        shards(
            lambda start, stop: cpu_sparse.dot_spikes(*listed, max_delay, start, stop),
            len(weight),
            g.nbytes,
        )
        g_taps = g_taps[..., : share.shape[2]]
    else:
        series = _pack(history, x)
        arrays = g_taps.numpy(), rows.numpy(), series.numpy(), first.numpy()
        shards(
            lambda start, stop: cpu.dot_rows(*arrays, lanes, ahead, max_delay, start, stop),
            len(weight),
            g.nbytes,
        )
    g_weight, g_delay = (g_taps * share).sum(-1), weight * (g_taps * slope).sum(-1)
    return g_x, g_history, g_weight, g_delay
