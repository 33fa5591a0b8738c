"""Checks of a graph, whether it was built or read: one list of problems."""

import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from axonal._base.array_types import BoolArray, Float64Array
from axonal.deploy import chips
from axonal.deploy.graph.errors import GraphError
from axonal.deploy.graph.readout_rules import unreadable
from axonal.deploy.kinds import FIELDS, GRADED, KINDS, OUTSIDE, READOUTS, SPIKING

if TYPE_CHECKING:
    from axonal.deploy.graph.event_graph import EventGraph
    from axonal.deploy.graph.golden import Golden
    from axonal.deploy.graph.population import Population
    from axonal.deploy.graph.projection import Projection

LIMIT = 2**31 - 1
"""Neurons are numbered, and delays counted, in 32 bits."""


def problems(graph: "EventGraph") -> list[str]:
    """List everything that is wrong with a graph.

    Args:
        graph: a graph of any content.

    Returns:
        one line for each problem, with the name of the population or projection; empty if valid.
    """
    lines = [line for p in graph.populations for line in _population(p)]
    names = [p.name for p in graph.populations]
    lines += [f"population {n!r} appears twice" for n in dict.fromkeys(names) if names.count(n) > 1]
    if not any(p.kind == "input" for p in graph.populations):
        lines.append("the graph has no input population")
    if not (math.isfinite(graph.dt) and graph.dt > 0):
        lines.append(f"dt must be a positive number of seconds, got {graph.dt}")
    if graph.arithmetic not in ("float64", *chips.names()):
        known_chips = ", ".join(chips.names())
        lines.append(f"unknown arithmetic {graph.arithmetic!r}, known are float64, {known_chips}")
    if graph.hop < 0:
        lines.append(f"hop must be at least 0 steps, got {graph.hop}")
    known = {p.name: p for p in graph.populations}
    lines += [line for p in graph.projections for line in _projection(p, known, graph.hop)]
    lines += _outputs(graph.outputs, known)
    unread = unreadable(graph.readout, graph.outputs, {name: p.kind for name, p in known.items()})
    lines += [] if unread is None else [unread]
    if lines:
        return lines
    try:
        update_order(graph.populations, graph.projections)
    except GraphError as error:
        lines.append(str(error))
    if graph.golden is not None:
        lines += _golden(graph, graph.golden)
    if not lines and graph.arithmetic != "float64":
        lines += chips.unsupported(chips.find(graph.arithmetic), graph)
    return lines


def update_order(
    populations: Sequence["Population"], projections: Sequence["Projection"]
) -> tuple[str, ...]:
    """Order populations so that projections without delay go forward.

    Args:
        populations: populations; their order breaks ties.
        projections: projections; only those with a delay of 0 count.

    Returns:
        names, inputs and constants first.

    Raises:
        GraphError: projections without delay form a cycle, which is named.
    """
    now = {p.name: set[str]() for p in populations}
    for projection in projections:
        if projection.size and projection.delay.min() == 0:
            now[projection.target].add(projection.source)
    sources = [p.name for p in populations if p.kind in OUTSIDE]
    left = [p.name for p in populations if p.name not in set(sources)]
    order, done = sources, set(sources)
    while left:
        ready = next((name for name in left if now[name] <= done), None)
        if ready is None:
            raise GraphError(
                f"projections without delay form a cycle: {_cycle(left[0], now, done)}; "
                "give one of them a delay of at least 1 step"
            )
        left.remove(ready)
        order.append(ready)
        done.add(ready)
    return tuple(order)


def _cycle(name: str, now: dict[str, set[str]], done: set[str]) -> str:
    path = [name]
    while path.count(path[-1]) < 2:
        path.append(min(now[path[-1]] - done))
    return " -> ".join(reversed(path[path.index(path[-1]) :]))


def _population(p: "Population") -> Iterator[str]:
    where = f"population {p.name!r}"
    if not isinstance(p.name, str) or not p.name or not p.name.isprintable():
        yield f"{where}: a name must be text of printable characters"
    if p.kind not in KINDS:
        yield f"{where}: unknown kind {p.kind!r}, known are {', '.join(KINDS)}"
        return
    if min(p.shape, default=1) < 1 or not 1 <= p.size <= LIMIT:
        yield f"{where}: shape {p.shape} must be positive, with at most 2^31 - 1 neurons"
        return
    kind = KINDS[p.kind]
    if p.size % kind.compartments:
        yield f"{where}: {p.size} neurons of {p.kind} are no multiple of {kind.compartments}"
    for name in FIELDS:
        values: Float64Array = getattr(p, name)
        size = p.size if name in kind.fields else 0
        if values.shape != (size,):
            have = f"has shape {values.shape}" if values.ndim != 1 else f"has {values.size} values"
            need = f"{size}, one for each neuron" if size else f"none in a population of {p.kind}"
            yield f"{where}: {name} {have}, expected {need}"
        elif not np.all(np.isfinite(values)):
            yield f"{where}: {name} is not finite at neuron {_first(~np.isfinite(values))}"
    if p.reset not in kind.resets:
        yield f"{where}: unknown reset {p.reset!r}, known are {', '.join(kind.resets)}"
    if not 0 <= p.refractory <= LIMIT or (p.refractory and not kind.waits):
        who = ", ".join(name for name in KINDS if KINDS[name].waits)
        yield f"{where}: refractory must be at least 0, and 0 unless {who}, got {p.refractory}"
    if not 0 <= p.latency <= LIMIT or (p.latency and p.kind in OUTSIDE):
        yield (
            f"{where}: latency must be at least 0, and 0 of an input or constant, got {p.latency}"
        )


def _projection(p: "Projection", known: dict[str, "Population"], hop: int) -> Iterator[str]:
    where = f"projection {p.source} -> {p.target}"
    for name in dict.fromkeys((p.source, p.target)):
        if name not in known:
            yield f"{where}: no population is named {name!r}"
    source, target = known.get(p.source), known.get(p.target)
    if source is not None and source.kind in READOUTS:
        yield f"{where}: an integrator is read out and sends no events, so it cannot be a source"
    if target is not None and target.kind in OUTSIDE:
        yield f"{where}: a population of kind {target.kind} takes no synapses"
    shapes = [p.pre.shape, p.post.shape, p.weight.shape, p.delay.shape]
    if shapes != [(p.size,)] * 4:
        yield (
            f"{where}: pre, post, weight and delay must be flat arrays of one length, "
            f"got shapes {', '.join(map(str, shapes))}"
        )
        return
    if not p.size:
        return
    for end, index, population in (("pre", p.pre, source), ("post", p.post, target)):
        if population is not None and (index.min() < 0 or index.max() >= population.size):
            wrong = _first((index < 0) | (index >= population.size))
            yield (
                f"{where}: {end} of synapse {wrong} is {index[wrong]}, but {population.name} has "
                f"neurons 0 to {population.size - 1}"
            )
    if p.delay.min() < 0 or p.delay.max() > LIMIT:
        wrong = _first((p.delay < 0) | (p.delay > LIMIT))
        yield f"{where}: delay of synapse {wrong} is {p.delay[wrong]}, expected 0 to 2^31 - 1 steps"
    elif p.delay.min() < hop:
        wrong = _first(p.delay < hop)
        yield (
            f"{where}: delay of synapse {wrong} is {p.delay[wrong]}, but a hop of this graph takes "
            f"at least {hop}"
        )
    bad = ~np.isfinite(p.weight)
    if bad.any():
        yield f"{where}: weight of synapse {_first(bad)} is {p.weight[_first(bad)]}"


def _outputs(outputs: tuple[str, ...], known: dict[str, "Population"]) -> Iterator[str]:
    if not outputs:
        yield "the graph has no output"
    for name in dict.fromkeys(outputs):
        if outputs.count(name) > 1:
            yield f"output {name!r} appears twice"
        if name not in known:
            yield f"output {name!r} is no population"
        elif known[name].kind in OUTSIDE:
            yield f"output {name!r} is a population of kind {known[name].kind}"


def _golden(graph: "EventGraph", golden: "Golden") -> Iterator[str]:
    outputs = set(graph.outputs)
    parts: list[tuple[str, dict[str, Any], list[Population]]] = [
        ("inputs", dict(golden.inputs), list(graph.of_kind("input"))),
        ("spikes", dict(golden.spikes), list(graph.of_kind(*SPIKING))),
        (
            "readout",
            dict(golden.readout),
            [p for p in graph.of_kind(*READOUTS) if p.name in outputs],
        ),
    ]
    parts.append(("payload", dict(golden.payload), list(graph.of_kind(*GRADED))))
    first = next(iter(golden.inputs.values()), np.zeros(0))
    steps, samples = first.shape[:2] if first.ndim == 3 else (0, 0)
    if not (steps and samples):
        yield "golden inputs must be arrays [T, B, N] with T and B at least 1"
        return
    for part, arrays, expected in parts:
        sizes = {p.name: p.size for p in expected}
        if set(arrays) != set(sizes):
            have, need = ", ".join(sorted(arrays)) or "none", ", ".join(sorted(sizes)) or "none"
            yield f"golden {part} are of {have}; expected {need}"
            continue
        for name, x in arrays.items():
            shape = (steps, samples, sizes[name])
            if x.shape != shape:
                yield f"golden {part} of {name!r} have shape {x.shape}, expected {shape}"
            elif x.dtype != np.bool_ and not np.all(np.isfinite(x)):
                yield f"golden {part} of {name!r} are not finite everywhere"


def _first(bad: BoolArray) -> int:
    return int(np.argmax(bad))
