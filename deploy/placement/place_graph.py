"""Neurons and synapses onto the cores of a chip."""

import numpy as np

from axonal.deploy.chips import CoreLimits
from axonal.deploy.graph import EventGraph
from axonal.deploy.graph.retiming import retime
from axonal.deploy.kinds import NEURONS
from axonal.deploy.placement.constraints import PlacementError, full_router, left_over, unsupported
from axonal.deploy.placement.core_limits import limits
from axonal.deploy.placement.mesh import arranged
from axonal.deploy.placement.partition import PartitionFull, partition
from axonal.deploy.placement.placement import Placement
from axonal.deploy.placement.traffic import Traffic


def place(graph: EventGraph, chip: str | CoreLimits = "loihi2", *, seed: int = 0) -> Placement:
    """Place every neuron, with the synapses that reach it, on a core, and keep traffic inside.

    Minimised, on as few cores as can be found, is

        Σ over neurons n of spikes(n) · (cores that n reaches, other than its own),

    with the spikes of the golden run; events from outside count likewise. Populations of kind
    "input" and "constant" are sent from outside the chip and take no place. The graph is retimed
    for hops of one step. Cores that send much to one another are then put side by side.

    Args:
        graph: a graph with a golden run, in floating point or quantised for this chip.
        chip: one of `axonal.deploy.chips.names()`, or the limits of another.
        seed: decides everything that is random.

    Returns:
        the placement; printed, it is a report, and `plot_floor_plan` draws it.

    Raises:
        PlacementError: the graph does not fit; every reason has the population, the limit, the
            number and what to change.
        RetimeError: a loop that one-step hops cannot run.
        ValueError: the chip is unknown, the graph has no golden run or is quantised for another.

    >>> from axonal.deploy import example
    >>> placed = place(example(), "loihi2")
    >>> placed.core["hidden"].shape, placed.cores_used
    ((128,), 1)
    """
    goal = limits(chip) if isinstance(chip, str) else chip
    if graph.arithmetic not in ("float64", goal.chip):
        raise ValueError(f"the graph is quantised for {graph.arithmetic}, not for {goal.chip}")
    timed = retime(graph, max(graph.hop, 1))
    traffic = Traffic.of(timed)
    lines = list(unsupported(timed, traffic, goal))
    if lines:
        raise PlacementError(f"the graph does not fit on {goal.chip}: {'; '.join(lines)}")
    try:
        loads = partition(traffic, goal, np.random.default_rng(seed))
    except PartitionFull as full:
        reason = left_over(traffic, goal, full)
        raise PlacementError(f"the graph does not fit on {goal.chip}: {reason}") from None
    core = arranged(traffic, goal, loads.core, len(loads.used))
    lines = list(full_router(traffic, goal, core))
    if lines:
        raise PlacementError(f"the graph does not fit on {goal.chip}: {'; '.join(lines)}")
    starts = {
        p.name: slice(traffic.first[p.name], traffic.first[p.name] + p.size)
        for p in timed.of_kind(*NEURONS)
    }
    return Placement.of(timed, goal, traffic, {name: core[part] for name, part in starts.items()})
