"""Neurons onto cores, so that few events leave their core.

Minimised is the sum over sources of events · cores reached, the own core of the source excepted:
the connectivity of a hypergraph with one net for each source. Groups of neurons that send much to
one another are merged in pairs, level by level, as long as a core holds them; whole groups are
placed where most of their events stay; then single neurons move, or swap where the wanted core is
full, as long as events are saved.

Sources: G. Karypis et al., IEEE Trans. VLSI Systems 7 (1999), multilevel hypergraphs; C. Fiduccia
and R. Mattheyses, DAC (1982), moves under a balance; B. Kernighan and S. Lin, Bell Syst. Tech. J.
49 (1970), swaps.
"""

import math
from collections.abc import Sequence
from contextlib import suppress
from typing import NamedTuple

import numpy as np
from scipy import sparse

from axonal._base.array_types import Int32Array, Int64Array
from axonal.deploy.chips import CoreLimits
from axonal.deploy.placement import cpu
from axonal.deploy.placement.traffic import Traffic

ROOM = 1.1
"""What a core may hold of neurons and bytes at first, as a multiple of an even share: cores that
are filled to the brim would use up the axons of the others."""
UNLIMITED = np.iinfo(np.int64).max // 4
PASSES = 40
ENOUGH = 1e-3
"""A pass that saves a smaller share of the events is the last."""
SHARES = (1.0, 0.25)
"""Largest groups that are tried, as shares of what a core gets."""
MORE = 1.2
"""If cores do not suffice, so many times as many are tried."""


class PartitionFull(Exception):
    """A neuron fits on no core; of each core, the limit that it would break."""

    def __init__(self, neuron: int, met: Int64Array) -> None:
        super().__init__(neuron)
        self.neuron, self.met = neuron, met


class PartitionLoads(NamedTuple):
    """Neurons on cores, and what that makes of every limit.

    Args:
        core: core of each placed neuron `[P]`, -1 before it has one.
        reach: targets of each source on each core `[S, K]`.
        cores_reached: cores that each source reaches, its own among them `[S]`.
        used: of each core: neurons, bytes, axons in and axons out `[K, 4]`.
        size: bytes of each neuron with its synapses `[P]`.
        most: what a core holds of each `[4]`.
    """

    core: Int64Array
    reach: Int32Array
    cores_reached: Int64Array
    used: Int64Array
    size: Int64Array
    most: Int64Array

    @classmethod
    def empty(
        cls, traffic: Traffic, limits: CoreLimits, cores: int, room: float
    ) -> "PartitionLoads":
        """No neuron on any core; each is to hold `room` times its even share at most."""
        sources = len(traffic.events)
        size = sizes(traffic, limits)
        own = (
            min(neurons(traffic, limits), math.ceil(room * traffic.placed / cores)),
            min(limits.memory, math.ceil(room * size.sum() / cores + size.max(initial=0))),
            limits.axons_in,
            limits.axons_out,
        )
        return cls(
            np.full(traffic.placed, -1, np.int64),
            np.zeros((sources, cores), np.int32),
            np.zeros(sources, np.int64),
            np.zeros((cores, 4), np.int64),
            size,
            np.array([UNLIMITED if x is None else x for x in own], np.int64),
        )


def neurons(traffic: Traffic, limits: CoreLimits) -> int:
    """Neurons that a core holds, given the longest delay of the graph."""
    return limits.neurons_with(int(traffic.delay.max(initial=0)))


def sizes(traffic: Traffic, limits: CoreLimits) -> Int64Array:
    """Bytes of each neuron with the synapses that reach it `[P]`."""
    return limits.neuron_bytes + limits.synapse_bytes * traffic.synapses


def fewest(traffic: Traffic, limits: CoreLimits) -> int:
    """Cores below which neurons and bytes cannot fit."""
    by_neurons = -(-traffic.placed // max(neurons(traffic, limits), 1))
    by_bytes = -(-int(sizes(traffic, limits).sum()) // limits.memory)
    return max(by_neurons, by_bytes, 1)


def partition(traffic: Traffic, limits: CoreLimits, random: np.random.Generator) -> PartitionLoads:
    """Place every neuron on as few cores as can be found, and keep heavy traffic inside a core.

    Raises:
        PartitionFull: a neuron fits on none of all the cores.
    """
    cores = fewest(traffic, limits)
    groups = [_groups(traffic, limits, share / cores, random) for share in SHARES]
    while cores < limits.cores:
        with suppress(PartitionFull):
            return _on(traffic, limits, cores, ROOM, groups, random)
        cores = min(math.ceil(MORE * cores), limits.cores)
    with suppress(PartitionFull):
        return _on(traffic, limits, cores, ROOM, groups, random)
    return _on(traffic, limits, cores, cores, groups, random)


def _on(
    traffic: Traffic,
    limits: CoreLimits,
    cores: int,
    room: float,
    groups: Sequence[Int64Array],
    random: np.random.Generator,
) -> PartitionLoads:
    """The best of a few starts on so many cores."""
    best: PartitionLoads | None = None
    full: PartitionFull | None = None
    # the order of the graph, too: layers in a row are hard to beat
    for group in (None, *groups):
        try:
            loads = _packed(traffic, limits, cores, room, group)
        except PartitionFull as error:
            full = error
            continue
        _refine(traffic, loads, random)
        if best is None or crossings(traffic, loads) < crossings(traffic, best):
            best = loads
    if best is None:
        assert full is not None
        raise full
    return best


def crossings(traffic: Traffic, loads: PartitionLoads) -> int:
    """Events that go to cores other than that of their source."""
    own = loads.reach[np.arange(traffic.placed), loads.core] > 0
    away = loads.cores_reached.copy()
    away[: traffic.placed] -= own
    return int(traffic.events @ away)


def _packed(
    traffic: Traffic, limits: CoreLimits, cores: int, room: float, group: Int64Array | None
) -> PartitionLoads:
    loads = PartitionLoads.empty(traffic, limits, cores, room)
    order = np.arange(traffic.placed)
    if group is not None:
        # the largest groups first; members of a group stay together
        largest = np.argsort(-np.bincount(group), kind="stable")
        order = np.argsort(np.argsort(largest)[group], kind="stable")
    left = cpu.pack(
        group is not None,
        order,
        np.arange(traffic.placed) if group is None else group,
        traffic.events,
        traffic.sources,
        loads,
    )
    if left >= 0:
        raise PartitionFull(left, cpu.limit_met(left, traffic.sources, loads))
    return loads


def _refine(traffic: Traffic, loads: PartitionLoads, random: np.random.Generator) -> None:
    for _ in range(PASSES):
        order = random.permutation(traffic.placed)
        saved = cpu.refine(order, traffic.events, traffic.sources, loads)
        if saved <= ENOUGH * crossings(traffic, loads):
            break


def _groups(
    traffic: Traffic, limits: CoreLimits, share: float, random: np.random.Generator
) -> Int64Array:
    """Group of each neuron, none larger than a share of all neurons and bytes `[P]`."""
    near = _nearness(traffic)
    label = np.arange(traffic.placed)
    count, size = np.ones(traffic.placed, np.int64), sizes(traffic, limits)
    most_count = min(math.ceil(share * traffic.placed), neurons(traffic, limits))
    most_size = min(math.ceil(share * size.sum()), limits.memory)
    while True:
        order = random.permutation(len(count))
        mate = cpu.match(
            order,
            near.indptr.astype(np.int64),
            near.indices.astype(np.int64),
            near.data,
            count,
            size,
            most_count,
            most_size,
        )
        names, merged = np.unique(mate, return_inverse=True)
        if len(names) > 0.98 * len(count):
            return label
        into = sparse.csr_matrix(
            (np.ones(len(merged)), (np.arange(len(merged)), merged)), (len(merged), len(names))
        )
        near = (into.T @ near @ into).tocsr()
        count = np.bincount(merged, count, len(names)).astype(np.int64)
        size = np.bincount(merged, size, len(names)).astype(np.int64)
        label = merged[label]


def _nearness(traffic: Traffic) -> sparse.csr_matrix:
    """Events that neurons exchange [P, P]: those of a source are shared out over its targets."""
    placed = traffic.placed
    end = traffic.targets.start[placed]
    fan = np.diff(traffic.targets.start[: placed + 1])
    # what is silent in the golden run keeps a little of its weight
    sent = traffic.events[:placed] + 0.1 * traffic.events[:placed].mean() + 1e-9
    data = np.repeat(sent / np.maximum(fan, 1), fan)
    row = np.repeat(np.arange(placed), fan)
    one_way = sparse.csr_matrix((data, (row, traffic.targets.neuron[:end])), (placed, placed))
    return (one_way + one_way.T).tocsr()
