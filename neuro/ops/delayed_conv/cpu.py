"""Delayed convolutions compiled for the CPU, by the loops of delayed connections.

The planes of a sample lie behind one another, each a row of all its steps. A tap of a synapse is
one such row, moved by its delay and by its place in the kernel: a single number of places in
memory, since a step is as long as a plane. Outputs are made at all places of a plane, of which
those at the edges are left out. Planes of few spikes go to the loops over spikes, where the places
of a plane stand side by side as samples do, and each synapse has its own list of spikes.
"""

import torch
from torch import Tensor

from axonal._base.threads import shards
from axonal.neuro.ops._buffer_pool import empty, zeros
from axonal.neuro.ops.delayed_conv import _spikes
from axonal.neuro.ops.delayed_linear._synapses import Synapses
from axonal.neuro.ops.delayed_linear._taps import taps
from axonal.neuro.ops.delayed_linear.cpu import add_rows, dot_rows


def _rows(x: Tensor, tail: int) -> Tensor:
    """Return planes x [S, B, P, H, W] as rows [B, P, S H W + tail], which end in zeros."""
    steps, batch, count, height, width = x.shape
    rows = zeros((batch, count, steps * height * width + tail), x)
    long = rows.narrow(2, 0, steps * height * width)
    long.unflatten(2, (steps, height, width)).copy_(x.permute(1, 2, 0, 3, 4))
    return rows


def _each(values: Tensor, targets: int) -> Tensor:
    """Return values [G, Q] of groups as those of their targets [O, Q]."""
    return values.repeat_interleave(targets // len(values), 0)


def _origin(place: Tensor, step: Tensor, area: int, length: int) -> Tensor:
    """Return where in the rows of a sample the first taps of synapses [O, Q] begin to read.

    Args:
        place: [G, Q].
        step: of each synapse [O, Q].
        area: places of a plane.
        length: of a row.
    """
    start = _each(place // area * length + place % area, len(step))
    return (start + step * area).contiguous()


def forward(x: Tensor, place: Tensor, size: tuple[int, int], synapses: Synapses) -> Tensor:
    """Return y [T, B, O, *size] for planes x [D + T, B, P, H, W] and places [G, Q]."""
    weight, delay, sigma, kernel, max_delay = synapses
    x = x.contiguous()
    first, share, _ = taps(delay, float(sigma), kernel, max_delay)
    scaled = (weight.detach().unsqueeze(-1) * share).contiguous()  # [O, Q, K]
    if _spikes.pays(x, place, scaled):
        return _spikes.forward(x, place, size, scaled, first, max_delay)
    total, batch, _, height, width = x.shape
    steps, area = total - max_delay, height * width
    rows = _rows(x, int((place % area).max()))
    y = zeros((batch, len(weight), steps * area), rows)
    origin = _origin(place, max_delay - first, area, rows.shape[2])
    arrays = y.numpy(), rows.numpy(), scaled.numpy(), origin.numpy()
    shards(add_rows, len(weight), y.nbytes, *arrays, -area)
    whole = y.view(batch, len(weight), steps, height, width)
    return whole[..., : size[0], : size[1]].permute(2, 0, 1, 3, 4).contiguous()


def backward(
    g: Tensor, x: Tensor, place: Tensor, still: int, synapses: Synapses,
    needs_x: bool, needs_taps: bool,
) -> tuple[Tensor, Tensor, Tensor]:  # fmt: skip
    """Return gradients of x, weight and delay from those of y, g [T, B, O, ...].

    Those of the first ``still`` steps of x are zero.
    """
    weight, delay, sigma, kernel, max_delay = synapses
    x = x.contiguous()
    steps, batch, targets, *size = g.shape
    height, width = x.shape[3:]
    area, ahead = height * width, max_delay - still
    first, share, slope = taps(delay, float(sigma), kernel, max_delay)  # [O, Q], [O, Q, K] twice
    sparse = needs_taps and _spikes.pays(x, place, share)
    front = int((place % area).max())
    rows = None  # [B, O, front + (ahead + T + D) H W]
    if needs_x or (needs_taps and not sparse):
        reached = ahead + steps + max_delay
        rows = zeros((batch, targets, front + reached * area), g)
        planes = rows.narrow(2, front, reached * area).unflatten(2, (reached, height, width))
        planes[:, :, ahead : ahead + steps, : size[0], : size[1]] = g.permute(1, 2, 0, 3, 4)
    g_x = x.new_empty(0)
    if needs_x:
        assert rows is not None
        scaled = weight.unsqueeze(-1) * share
        read, back = _by_plane(scaled, first, place, x.shape[2], area, front, rows.shape[2])
        g_rows = zeros((batch, x.shape[2], (ahead + steps) * area), rows)
        arrays = g_rows.numpy(), rows.numpy(), back.numpy(), read.numpy()
        shards(add_rows, x.shape[2], g_rows.nbytes, *arrays, area)
        g_x = empty(tuple(x.shape), x)
        g_x[:still] = 0
        g_x[still:] = g_rows.unflatten(2, (-1, height, width)).permute(2, 0, 1, 3, 4)
    if not needs_taps:
        return g_x, weight.new_empty(0), weight.new_empty(0)

    if sparse:
        g_taps = _spikes.backward(g, x, place, first, share.shape[2], max_delay)
    else:
        assert rows is not None
        series = _rows(x, front)
        g_taps = share.new_zeros(share.shape)
        origin = _origin(place, max_delay - first, area, series.shape[2])
        arrays = g_taps.numpy(), rows.numpy(), series.numpy(), origin.numpy()
        counted = front + ahead * area, steps * area
        shards(dot_rows, targets, g.nbytes, *arrays, -area, *counted)
    return g_x, (g_taps * share).sum(-1), weight * (g_taps * slope).sum(-1)


def _by_plane(
    scaled: Tensor, first: Tensor, place: Tensor, count: int, area: int, front: int, length: int
) -> tuple[Tensor, Tensor]:
    """Sort synapses by the plane that they read.

    Returns:
        where in the rows of g each begins to read [P, R], and its taps [P, R, K]; those that fill
        a row up have taps of zero.
    """
    targets = len(first)
    row = torch.arange(targets).unsqueeze(1) * length + front
    begin = row - _each(place % area, targets) + first * area
    plane, order = _each(place // area, targets).flatten().sort(stable=True)
    number = torch.bincount(plane, minlength=count)
    within = torch.arange(len(plane)) - (number.cumsum(0) - number)[plane]
    most = int(number.max())
    read = torch.zeros(count, most, dtype=torch.int64)
    back = scaled.new_zeros(count, most, scaled.shape[2])
    read[plane, within] = begin.flatten()[order]
    back[plane, within] = scaled.flatten(0, 1)[order]
    return read, back
