"""Delayed convolutions of few spikes: a list of spikes for every synapse of an output."""

from typing import Any

import numpy as np
import torch
from torch import Tensor

from axonal._base.jit import kernel
from axonal._base.threads import shards
from axonal.neuro.ops._buffer_pool import empty
from axonal.neuro.ops.delayed_linear import cpu_sparse
from axonal.neuro.ops.delayed_linear.cpu_sparse import TARGETS, Spikes

CACHED = 1 << 20
"""Bytes of the series of a few targets that are worked on at a time, where a sample has less."""


def pays(x: Tensor, place: Tensor, taps: Tensor) -> bool:
    """Return whether planes x hold so few spikes that lists are faster, for taps [O, Q, K]."""
    if len(taps) // len(place) < TARGETS:
        return False
    number = taps.shape[2]
    active = cpu_sparse.count(x.detach().reshape(-1).numpy())
    return cpu_sparse.pays(active, x.flatten(2), number, 0)


class _Parts:
    """Samples that are worked on together, and their spikes as each group of targets reads them.

    Attributes:
        samples: as a slice each.
        room: numbers of a series, see `cpu_sparse.length`.
    """

    def __init__(
        self, x: Tensor, place: Tensor, size: tuple[int, int], number: int, longest: int
    ) -> None:
        self.x, self.size = x.detach().numpy(), size
        self.room = cpu_sparse.length(len(x) - longest, longest, number)
        series = TARGETS * size[0] * size[1] * self.room * x.itemsize
        at_once = max(1, CACHED // series)
        batch, (height, width) = x.shape[1], x.shape[3:]
        self.samples = [slice(low, min(low + at_once, batch)) for low in range(0, batch, at_once)]
        self.reads: list[tuple[Any, ...]] = []
        for row in place:
            plane, order = (row // (height * width)).sort(stable=True)
            edges = torch.searchsorted(plane, torch.arange(x.shape[2] + 1))
            inside = row % (height * width)
            read = edges, order, inside // width, inside % width
            self.reads.append(tuple(a.numpy() for a in read))

    def spikes(self, samples: slice, group: int) -> Spikes:
        """List the spikes of each synapse that a target of the group has."""
        bounds, order, down, right = self.reads[group]
        count = np.zeros(len(order), np.int64)
        (height, width), low, high = self.size, samples.start, samples.stop
        _count(self.x, bounds, order, down, right, height, width, low, high, count)
        edges = np.concatenate((np.zeros(1, np.int64), count.cumsum()))
        where, value = np.empty(edges[-1], np.int32), np.empty(edges[-1], self.x.dtype)
        _list(
            self.x, bounds, order, down, right, height, width, low, high, self.room,
            where, value, edges[:-1].copy(),
        )  # fmt: skip
        return Spikes(where, value, edges)


@kernel
def _count(
    x: Any, bounds: Any, order: Any, down: Any, right: Any, height: int, width: int,
    start: int, stop: int, count: Any,
) -> None:  # fmt: skip
    """Add to count [Q] the spikes of samples ``start`` to ``stop`` that reach a place of y."""
    zero = x.dtype.type(0)
    for c in range(x.shape[2]):
        for b in range(start, stop):
            for h in range(x.shape[3]):
                for t in range(x.shape[0]):
                    for w in range(x.shape[4]):
                        if x[t, b, c, h, w] != zero:
                            for e in range(bounds[c], bounds[c + 1]):
                                q = order[e]
                                i, j = h - down[q], w - right[q]
                                count[q] += i >= 0 and i < height and j >= 0 and j < width


@kernel
def _list(
    x: Any, bounds: Any, order: Any, down: Any, right: Any, height: int, width: int,
    start: int, stop: int, room: int, where: Any, value: Any, free: Any,
) -> None:  # fmt: skip
    """Write them, from free [Q] on, line by line and step by step.

    A series is then in the cache, and no sum waits for the one before it.
    """
    zero = x.dtype.type(0)
    for c in range(x.shape[2]):
        for b in range(start, stop):
            for h in range(x.shape[3]):
                for t in range(x.shape[0]):
                    for w in range(x.shape[4]):
                        if x[t, b, c, h, w] != zero:
                            for e in range(bounds[c], bounds[c + 1]):
                                q = order[e]
                                i, j = h - down[q], w - right[q]
                                if i >= 0 and i < height and j >= 0 and j < width:
                                    k = free[q]
                                    where[k] = (((b - start) * height + i) * width + j) * room + t
                                    value[k] = x[t, b, c, h, w]
                                    free[q] = k + 1


def forward(
    x: Tensor, place: Tensor, size: tuple[int, int], taps: Tensor, first: Tensor, longest: int
) -> Tensor:
    """Return y [T, B, O, *size] for planes x [D + T, B, P, H, W], places [G, Q], taps [O, Q, K]."""
    steps, batch, per_group = len(x) - longest, x.shape[1], len(taps) // len(place)
    parts = _Parts(x, place, size, taps.shape[2], longest)
    filled = cpu_sparse.filled(taps)
    y = empty((steps, batch, len(taps), *size), x)
    for samples in parts.samples:
        places = (samples.stop - samples.start) * size[0] * size[1]
        for group in range(len(place)):
            targets = slice(group * per_group, (group + 1) * per_group)
            found = torch.empty(steps, places, per_group, dtype=x.dtype)
            shards(
                cpu_sparse.add_spikes, per_group, found.nbytes, found.numpy(),
                *parts.spikes(samples, group), filled[targets].numpy(), first[targets].numpy(),
                longest,
            )  # fmt: skip
            pictures = found.unflatten(1, (-1, *size)).permute(0, 1, 4, 2, 3)
            y[:, samples, targets] = pictures
    return y


def backward(
    g: Tensor, x: Tensor, place: Tensor, first: Tensor, number: int, longest: int
) -> Tensor:
    """Return the gradients of taps [O, Q, number], given g [T, B, O, ...]."""
    size = (g.shape[3], g.shape[4])
    per_group = len(first) // len(place)
    parts = _Parts(x, place, size, number, longest)
    g_taps = g.new_zeros(*first.shape, cpu_sparse.whole(number))
    for samples in parts.samples:
        for group in range(len(place)):
            targets = slice(group * per_group, (group + 1) * per_group)
            heard = g[:, samples, targets].permute(0, 1, 3, 4, 2).flatten(1, 3).contiguous()
            shards(
                cpu_sparse.dot_spikes, per_group, heard.nbytes, g_taps[targets].numpy(),
                heard.numpy(), *parts.spikes(samples, group), first[targets].numpy(), longest,
            )  # fmt: skip
    return g_taps[..., :number]
