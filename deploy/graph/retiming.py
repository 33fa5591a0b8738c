"""Retiming: the same network where every hop takes time."""

import operator
from collections.abc import Mapping
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from axonal.deploy.graph.event_graph import EventGraph
from axonal.deploy.graph.population import Population
from axonal.deploy.graph.projection import Projection
from axonal.deploy.kinds import KINDS, NEURONS, SPIKING

ALWAYS_ON = "always_on"


class RetimeError(ValueError):
    """A graph that cannot run with the wanted hop; the message names the loop or population."""


class _Edge(NamedTuple):
    source: str
    target: str
    steps: int  # the shortest delay that the network means
    hop: int  # least steps that it may take


def retime(graph: EventGraph, hop: int = 1, into: Mapping[str, int] | None = None) -> EventGraph:
    """Delay populations so that every synapse takes at least ``hop`` steps and no path changes.

    Population p runs L(p) steps behind the network, where L >= 0 is the least solution of

        L(post) - L(pre) >= hop(post) - delay    for every synapse,

    found by shortest paths; inputs keep L = 0. A synapse gets the delay delay + L(post) - L(pre).
    What a population fires in step t of the network it fires here in step t + L. A bias becomes
    synapses (a hop as well) from an always-on source whose first event arrives at step L, so that
    nothing is integrated before.

    Args:
        graph: a graph of any hop; it is not changed.
        hop: least steps of a synapse, at least 0. Chips need 1.
        into: least steps of a synapse into populations of a kind, by kind, where that is more.

    Returns:
        the retimed graph, with the same golden run.

    Raises:
        RetimeError: a loop has less delay than its hops take, or a population fires without input.

    >>> from axonal.deploy import Population, Projection
    >>> cell = Population("out", "lif", (1,), decay=0.5, gain=1, bias=0, threshold=1)
    >>> wire = Projection("in", "out", pre=[0, 0], post=[0, 0], weight=[1.0, 0.5], delay=[0, 3])
    >>> graph = EventGraph((Population("in", "input", (1,)), cell), (wire,), ("out",), dt=0.001)
    >>> late = retime(graph)
    >>> late.population("out").latency, late.projections[0].delay.tolist()
    (1, [1, 4])
    """
    hop = operator.index(hop)
    if hop < 0:
        raise ValueError(f"retime takes hop >= 0 steps, got {hop}")
    before = {p.name: p.latency for p in graph.populations}
    hops = {p.name: max(hop, (into or {}).get(p.kind, 0)) for p in graph.populations}
    edges = [
        _Edge(
            q.source,
            q.target,
            int(q.delay.min()) - before[q.target] + before[q.source],
            hops[q.target],
        )
        for q in graph.projections
        if q.size
    ]
    # A bias acts within the step, like a synapse without delay from a source that is never late.
    biased = [p.name for p in graph.of_kind(*NEURONS) if hop and p.bias.any()]
    late = _latencies({name: hops[name] * (name in biased) for name in before}, edges)
    for p in graph.of_kind(*SPIKING):
        silent = p.threshold >= 0 if KINDS[p.kind].strict else p.threshold > 0
        if late[p.name] and not silent.all():
            raise RetimeError(
                f"population {p.name!r} cannot be retimed: with a threshold of "
                f"{p.threshold.min():g} neuron {int(np.argmin(p.threshold))} fires without input, "
                f"also before its first step {late[p.name]}"
            )
    projections = [
        replace(q, delay=q.delay.astype(np.int64) + _shift(q, late) - _shift(q, before))
        for q in graph.projections
    ]
    populations = [replace(p, latency=late[p.name]) for p in graph.populations]
    if biased:
        source = _unused(ALWAYS_ON, before)
        projections += [_gate(source, p) for p in populations if p.name in biased]
        populations = [
            replace(p, bias=np.zeros(p.size)) if p.name in biased else p for p in populations
        ]
        populations.append(Population(source, "constant", (1,)))
    return replace(graph, populations=tuple(populations), projections=tuple(projections), hop=hop)


def _latencies(least: dict[str, int], edges: list[_Edge]) -> dict[str, int]:
    """Least L >= ``least`` with L(post) - L(pre) >= hop - delay (Bellman and Ford)."""
    late = dict(least)
    cause: dict[str, _Edge] = {}
    for _ in range(len(least) + 1):
        changed = None
        for edge in edges:
            reached = late[edge.source] + edge.hop - edge.steps
            if reached > late[edge.target]:
                late[edge.target] = reached
                cause[edge.target] = edge
                changed = edge.target
        if changed is None:
            return late
    assert changed is not None
    raise RetimeError(_loop(changed, cause))


def _loop(name: str, cause: dict[str, _Edge]) -> str:
    for _ in cause:  # walking back as many edges as there are leads into the loop
        name = cause[name].source
    walked = [cause[name]]
    while walked[-1].source != name:
        walked.append(cause[walked[-1].source])
    path = " -> ".join([name, *(edge.target for edge in reversed(walked))])
    steps, need = sum(edge.steps for edge in walked), sum(edge.hop for edge in walked)
    each = " and ".join(map(str, sorted({edge.hop for edge in walked})))
    return (
        f"the loop {path} cannot be retimed: it takes {steps} steps, but its {len(walked)} hops of "
        f"{each} take {need}; give it {need - steps} more steps of delay"
    )


def _shift(q: Projection, latency: dict[str, int]) -> int:
    return latency[q.target] - latency[q.source]


def _gate(source: str, p: Population) -> Projection:
    post = np.flatnonzero(p.bias)
    pre = np.zeros(len(post), np.int64)
    return Projection(source, p.name, pre, post, p.bias[post], np.full(len(post), p.latency))


def _unused(name: str, taken: dict[str, int]) -> str:
    while name in taken:
        name += "_"
    return name
