"""Reasons that a graph cannot be placed: population, limit, number, and the change to make."""

from collections.abc import Iterator

import numpy as np

from axonal._base.array_types import Int64Array
from axonal.deploy.chips import CoreLimits
from axonal.deploy.chips._core_limits import UNVERIFIED
from axonal.deploy.graph import EventGraph
from axonal.deploy.kinds import NEURONS
from axonal.deploy.placement.mesh import entries, senders
from axonal.deploy.placement.partition import PartitionFull, fewest, neurons, sizes
from axonal.deploy.placement.traffic import Traffic

LIMITS = ("neurons", "memory", "axons_in", "axons_out")
"""In the order of a partition's columns."""
TEXTS = {"neurons": "neurons", "memory": "bytes", "axons_in": "axons in", "axons_out": "axons out"}


class PlacementError(ValueError):
    """A graph that does not fit on a chip; the message lists every reason by name."""


def unsupported(graph: EventGraph, traffic: Traffic, limits: CoreLimits) -> Iterator[str]:
    """Reasons that hold for every placement, one line each."""
    lines = [*_kinds(graph, limits), *_delays(graph, limits), *_single(traffic, limits)]
    # a core that holds no neuron has no use for totals
    yield from lines or _totals(graph, traffic, limits)


def _kinds(graph: EventGraph, limits: CoreLimits) -> Iterator[str]:
    for p in graph.of_kind(*NEURONS):
        if p.kind not in limits.kinds:
            yield (
                f"population {p.name!r} is of kind {p.kind}; what a core holds is known for "
                f"{', '.join(limits.kinds)}"
            )


def _delays(graph: EventGraph, limits: CoreLimits) -> Iterator[str]:
    for q in graph.projections:
        longest = int(q.delay.max(initial=0))
        if limits.neurons_with(longest):
            continue
        slots = (
            "" if limits.slots is None else f" ({limits.slots} slots of arriving input per core)"
        )
        most = limits.slots if limits.longest_delay is None else limits.longest_delay
        yield (
            f"population {q.target!r} is reached after {longest} steps by {q.source!r}; the "
            f"longest delay is {most} steps{slots}: train with a smaller max_delay, or put a "
            "population between them that passes spikes on"
        )


def _single(traffic: Traffic, limits: CoreLimits) -> Iterator[str]:
    """Neurons that no core could hold, the worst of each population."""
    arriving = np.diff(traffic.sources.start)
    part = f", its part of {limits.tile_memory} per chip" if limits.tile_memory else ""
    memory = f"{limits.memory} bytes of a core{part}{_doubt(limits, 'memory')}"
    axons = f"axons in of a core{_doubt(limits, 'axons_in')}"
    checks = (
        (traffic.synapses, limits.most_synapses, "synapses", memory),
        (arriving, limits.axons_in, "sources of events", axons),
    )
    for name, start in traffic.first.items():
        end = min([x for x in traffic.first.values() if x > start], default=traffic.placed)
        if start >= traffic.placed:
            continue
        for have, most, what, where in checks:
            if most is None or (own := have[start:end]).max(initial=0) <= most:
                continue
            worst = int(own.argmax())
            yield (
                f"population {name!r}: {own[worst]} {what} reach neuron {worst}; the {where}, "
                f"suffice for {most}: prune its inputs to {most}, or sum them in a population "
                "between"
            )


def _totals(graph: EventGraph, traffic: Traffic, limits: CoreLimits) -> Iterator[str]:
    if fewest(traffic, limits) <= limits.cores:
        return
    most = neurons(traffic, limits)
    populations = graph.of_kind(*NEURONS)
    size = sizes(traffic, limits)
    held = {p.name: int(size[traffic.first[p.name] :][: p.size].sum()) for p in populations}
    if traffic.placed > limits.cores * most:
        largest = max(populations, key=lambda p: p.size)
        why = _doubt(limits, "neurons", ",")
        if most < limits.neurons:
            why = ", as many as its longest delay leaves room for,"
        yield (
            f"population {largest.name!r} has {largest.size} of {traffic.placed} neurons; "
            f"{limits.cores} cores of {most}{why} hold {limits.cores * most}: make it smaller"
        )
    if size.sum() > limits.cores * limits.memory:
        name = max(held, key=held.__getitem__)
        yield (
            f"population {name!r} takes {held[name]} of {size.sum()} bytes of synapses and "
            f"neurons; {limits.cores} cores of {limits.memory}{_doubt(limits, 'memory', ',')} hold "
            f"{limits.cores * limits.memory}: prune synapses"
        )


def left_over(traffic: Traffic, limits: CoreLimits, full: PartitionFull) -> str:
    """Why a neuron was left over, though nothing forbids a placement outright."""
    name, neuron = traffic.owner(full.neuron)
    counts = np.bincount(full.met, minlength=len(LIMITS))
    met = [
        f"{TEXTS[limit]} of {counts[k]} ({_most(traffic, limits, limit)} a core"
        f"{_doubt(limits, limit)})"
        for k, limit in enumerate(LIMITS)
        if counts[k]
    ]
    return (
        f"population {name!r}: neuron {neuron} fits on none of {len(full.met)} cores, where "
        f"{traffic.synapses[full.neuron]} synapses from "
        f"{np.diff(traffic.sources.start)[full.neuron]} sources reach it: used up are "
        f"{', '.join(met)}. Prune synapses, or make the populations that it shares cores with "
        "smaller"
    )


def full_router(traffic: Traffic, limits: CoreLimits, core: Int64Array) -> Iterator[str]:
    """The fullest router of a placement, if its table does not hold all that is sent there."""
    sender, router = entries(traffic, limits, core)
    taken = np.bincount(router, minlength=1)
    if limits.router_entries is None or taken.max() <= limits.router_entries:
        return
    fullest = int(taken.argmax())
    here, of = sender[router == fullest], senders(traffic, limits, core)
    ends = [*list(traffic.first.values())[1:], len(of)]
    held = {
        name: len(np.intersect1d(here, of[start:end]))
        for (name, start), end in zip(traffic.first.items(), ends, strict=True)
    }
    name = max(held, key=held.__getitem__)
    yield (
        f"population {name!r} takes {held[name]} of {taken[fullest]} entries of router {fullest}, "
        f"one for each core, or {limits.neurons} neurons outside the chip, that reach it; a router "
        f"has {limits.router_entries}{_doubt(limits, 'router_entries')}: make it smaller, or let "
        "its neurons reach fewer cores"
    )


def _doubt(limits: CoreLimits, name: str, after: str = "") -> str:
    """Remark behind a number that is not verified."""
    return f", {UNVERIFIED}{after}" if name in limits.unverified else ""


def _most(traffic: Traffic, limits: CoreLimits, limit: str) -> int:
    return neurons(traffic, limits) if limit == "neurons" else int(getattr(limits, limit))
