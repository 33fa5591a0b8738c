"""Spikes by their source, and their delivery: what forward and backward loops share."""

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from axonal._base.jit import jit, kernel
from axonal._base.rows import copy
from axonal.neuro.ops.eventprop_lif._arguments import delay_steps
from axonal.neuro.ops.eventprop_lif._tensors import Synapses, Trains


class Sources(NamedTuple):
    """The spikes of a batch, sample by sample and source by source, in order of time.

    Attributes:
        at: step of each, int32 [E].
        slot: its place in the row of its sample, int32 [E].
        edges: first spike of each sample and source and one past the last, int64 [B, I + 1].
    """

    at: npt.NDArray[np.int32]
    slot: npt.NDArray[np.int32]
    edges: npt.NDArray[np.int64]


def array(x: Tensor) -> Any:
    """Return the numbers of a tensor without gaps."""
    return x.detach().contiguous().numpy()


def whole_steps(values: Tensor, steps: int) -> Any:
    """Return whole numbers of steps as int32; those of T or more never end."""
    return array(values.detach().clamp(max=steps).to(torch.int32))


def connections(synapses: Synapses, least: int, steps: int) -> tuple[Any, Any]:
    """Return weights [N, I] and delays in steps [N, I]."""
    return array(synapses.weight), whole_steps(delay_steps(synapses.delay, least), steps)


def turned(synapses: Synapses, least: int, steps: int) -> tuple[Any, Any]:
    """Return the same with a row for every source [I, N]."""
    weight, delay = connections(synapses, least, steps)
    return np.ascontiguousarray(weight.T), np.ascontiguousarray(delay.T)


def steps_of(trains: Trains, steps: int) -> Any:
    """Return the step of every spike, int32 [B, S]; the end of the last belongs to it."""
    return array(trains.times.detach().floor().clamp(max=steps - 1).to(torch.int32))


def sources_of(trains: Trains, count: int, steps: int) -> Sources:
    """Sort the spikes of ``count`` sources."""
    when, who, counts = steps_of(trains, steps), array(trains.indices), array(trains.counts)
    total = int(counts.sum())
    at, slot = np.empty(total, np.int32), np.empty(total, np.int32)
    edges = np.zeros((len(counts), count + 1), np.int64)
    sort(when, who, counts, at, slot, edges)
    return Sources(at, slot, edges)


@kernel
def sort(when: Any, who: Any, counts: Any, at: Any, slot: Any, edges: Any) -> None:
    """Fill at and slot [E], and edges, which are zero before, from steps and sources [B, S]."""
    first = 0
    free = np.empty(edges.shape[1], np.int64)
    for b in range(len(counts)):
        count = counts[b]
        for k in range(count):
            edges[b, who[b, k] + 1] += 1
        edges[b, 0] = first
        for i in range(1, edges.shape[1]):
            edges[b, i] += edges[b, i - 1]
        copy(free, edges[b])
        for k in range(count):
            place = free[who[b, k]]
            at[place], slot[place] = when[b, k], k
            free[who[b, k]] += 1
        first += count


@jit
def deliver(row: Any, at: Any, edges: Any, weight: Any, delay: Any) -> None:
    """Add weights [I] to the row [T] of a neuron where the spikes of its sources arrive."""
    steps = row.size
    for i in range(weight.size):
        w, d = weight[i], delay[i]
        for k in range(np.uint64(edges[i]), np.uint64(edges[i + 1])):
            arrival = at[k] + d
            if arrival >= steps:
                break
            row[np.uint64(arrival)] += w
