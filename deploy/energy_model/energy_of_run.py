"""Energy of the golden run of a graph on a chip: operations counted, and priced."""

import numpy as np

from axonal.deploy import chips
from axonal.deploy.energy_model.constants_of_chip import constants
from axonal.deploy.energy_model.energy_estimate import EnergyEstimate, Part
from axonal.deploy.energy_model.sanafe import SanafeFigure, figure
from axonal.deploy.executor.request import TIMEOUT
from axonal.deploy.graph import EventGraph
from axonal.deploy.kinds import NEURONS, SPIKING
from axonal.deploy.placement import Placement, place
from axonal.deploy.placement.traffic import events

MESSAGE_BYTES = 5
"""40 bits, as on SpiNNaker; the size of Loihi's is not published."""


def energy(
    graph: EventGraph,
    chip: str = "loihi2",
    *,
    placement: Placement | None = None,
    sanafe: bool = True,
    timeout: float = TIMEOUT,
) -> EnergyEstimate:
    """Count what the golden run does on a chip, and estimate its energy from published constants.

        energy = Σ over operations of count · joules,    at low, typical and high joules

    It is an estimate: constants are measurements and simulations of others, on other networks, and
    their spread is shown. Counted are synaptic events (an event through one synapse), updates
    (every neuron at every step), spikes, messages (an event to one core, its own among them), hops
    between routers, and seconds of cores and chips in real time.

    Args:
        graph: a graph with a golden run, in floating point or quantised for this chip.
        chip: one of `axonal.deploy.chips.names()`, such as "loihi2".
        placement: where its neurons are; by default that of `place`.
        sanafe: also run SANA-FE's model of Loihi 1, in a process of its own (for loihi2).
        timeout: seconds that SANA-FE may take.

    Returns:
        the estimate; printed, it is a table per sample with its sources.

    Raises:
        ValueError: no energies are known for the chip, the graph has no golden run or is quantised
            for another chip, or the placement is of another chip or graph.
        PlacementError: the graph does not fit on the chip.
        BackendError: SANA-FE failed, or was stopped after ``timeout``.

    >>> from axonal.deploy import example
    >>> found = energy(example(), "loihi2", sanafe=False)
    >>> int(found.counts["synaptic events"]), found.low < found.typical < found.high
    (85094, True)
    """
    costs = constants(chip)
    beside: tuple[SanafeFigure | None, str]
    placed = place(graph, chip) if placement is None else placement
    if placed.limits.chip != chip:
        raise ValueError(f"the placement is on {placed.limits.chip}, not on {chip}")
    if placed.graph.golden is not graph.golden:
        raise ValueError("the placement is of another graph: make it with place(graph, chip)")
    counts = _counts(placed)
    if not sanafe:
        beside = None, "sanafe=False"
    elif chip != "loihi2":
        beside = None, f"it has no model of {chip}"
    else:
        beside = figure(placed.graph, timeout)
    golden = placed.graph.golden
    assert golden is not None
    return EnergyEstimate(
        chip,
        golden.samples,
        golden.steps + placed.graph.max_latency,
        graph.dt,
        counts,
        {
            "synapses read": int(counts["synaptic events"]) * placed.limits.synapse_bytes,
            "states read and written": int(2 * counts["neuron updates"])
            * placed.limits.neuron_bytes,
            "messages": int(counts["messages"]) * MESSAGE_BYTES,
        },
        tuple(Part(cost, counts[cost.what]) for cost in costs),
        chips.find(chip).COSTS_NOTE,
        *beside,
    )


def _counts(placed: Placement) -> dict[str, float]:
    graph, golden = placed.graph, placed.graph.golden
    assert golden is not None
    steps = golden.samples * (golden.steps + graph.max_latency)
    sent = {p.name: events(graph, p.name) for p in graph.populations}
    through = sum(int(sent[q.source][q.pre].sum()) for q in graph.projections)
    busy = np.flatnonzero(placed.used["neurons"])
    tiles = len(np.unique(busy // placed.limits.tile))
    return {
        "synaptic events": through,
        "neuron updates": sum(p.size for p in graph.of_kind(*NEURONS)) * steps,
        "spikes": sum(int(sent[p.name].sum()) for p in graph.of_kind(*SPIKING)),
        "messages": int(placed.sent.sum()) + placed.from_outside,
        "hops": placed.hops,
        "seconds of a core": len(busy) * steps * graph.dt,
        "seconds of a chip": tiles * steps * graph.dt,
    }
