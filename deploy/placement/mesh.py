"""Cores on the chip: which lies where, and how far events travel."""

import itertools

import numpy as np
import numpy.typing as npt

from axonal._base.array_types import Int64Array
from axonal.deploy.chips import CoreLimits
from axonal.deploy.placement.traffic import Traffic


def routers(limits: CoreLimits, core: npt.ArrayLike) -> tuple[Int64Array, Int64Array]:
    """Column and row of the router of each core.

    >>> from axonal.deploy.placement import limits
    >>> column, row = routers(limits("loihi2"), [0, 3, 4, 32])
    >>> column.tolist(), row.tolist()
    ([0, 0, 1, 0], [0, 0, 0, 1])
    """
    row, column = np.divmod(np.asarray(core, np.int64) // limits.tile, limits.columns)
    return column, row


def hops(limits: CoreLimits, a: npt.ArrayLike, b: npt.ArrayLike) -> Int64Array:
    """TrafficLinks between the routers of two cores, along columns and rows."""
    one, other = routers(limits, a), routers(limits, b)
    away: Int64Array = np.abs(one[0] - other[0]) + np.abs(one[1] - other[1])
    return away


def axons(traffic: Traffic, core: Int64Array, cores: int) -> tuple[Int64Array, Int64Array]:
    """Every source with every core that it reaches, once."""
    source = np.repeat(np.arange(len(traffic.events)), np.diff(traffic.targets.start))
    once = np.unique(source * cores + core[traffic.targets.neuron])
    source, target = np.divmod(once, cores)
    return source, target


def senders(traffic: Traffic, limits: CoreLimits, core: Int64Array) -> Int64Array:
    """Sender of the events of each source: its core, or a group outside the chip `[S]`.

    Groups are as large as the neurons of a core, and numbered from the last core on.
    """
    parts, number = [core], limits.cores
    starts = sorted(start for start in traffic.first.values() if start >= traffic.placed)
    for start, end in itertools.pairwise([*starts, len(traffic.events)]):
        parts.append(number + np.arange(end - start) // limits.neurons)
        number += -(-(end - start) // limits.neurons)
    return np.concatenate(parts)


def entries(
    traffic: Traffic, limits: CoreLimits, core: Int64Array
) -> tuple[Int64Array, Int64Array]:
    """Entries of routing tables: the sender and the router, once each.

    A router has one for each sender whose events start or arrive there; those for turns on the way
    are left out.
    """
    source = np.repeat(np.arange(len(traffic.events)), np.diff(traffic.targets.start))
    inside = source[source < traffic.placed]
    sender = senders(traffic, limits, core)[np.concatenate([source, inside])]
    at = np.concatenate([core[traffic.targets.neuron], core[inside]]) // limits.tile
    routers = -(-limits.cores // limits.tile)
    sender, router = np.divmod(np.unique(sender * routers + at), routers)
    return sender, router


def sent(traffic: Traffic, core: Int64Array, cores: int) -> Int64Array:
    """Events of placed neurons from core to core, one for each core that a spike reaches [K, K]."""
    source, target = axons(traffic, core, cores)
    inside = source < traffic.placed
    source, target = source[inside], target[inside]
    table = np.zeros((cores, cores), np.int64)
    np.add.at(table, (core[source], target), traffic.events[source])
    return table


def arranged(traffic: Traffic, limits: CoreLimits, core: Int64Array, cores: int) -> Int64Array:
    """The same partition with cores that send much to one another side by side `[P]`."""
    table = sent(traffic, core, cores)
    every = np.arange(cores)
    far = hops(limits, every[:, None], every)
    if not far.any() or not table.any():
        return core
    # the start is not drawn, but scipy wants to know from what it would be
    options = {"rng": np.random.default_rng(0)}
    # only this function needs scipy.optimize, which takes a while to import
    from scipy.optimize import quadratic_assignment

    found = quadratic_assignment(table + table.T, far, method="faq", options=options)
    if found.fun >= ((table + table.T) * far).sum():
        return core
    place: Int64Array = found.col_ind.astype(np.int64)
    return place[core]
