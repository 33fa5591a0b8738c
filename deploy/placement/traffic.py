"""A graph as a placer sees it: who reaches whom, how often, and what each neuron takes."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy import sparse

from axonal._base.array_types import Int64Array
from axonal.deploy.graph import EventGraph
from axonal.deploy.kinds import NEURONS, READOUTS


class TrafficLinks(NamedTuple):
    """Rows of neuron numbers: those of row k are neuron[start[k] : start[k + 1]]."""

    start: Int64Array
    neuron: Int64Array


@dataclass(frozen=True, eq=False)
class Traffic:
    """Sources of events: first the P neurons that are placed, then inputs and constants.

    Args:
        first: number of the first neuron of each population.
        placed: number P of neurons that need a place.
        events: events that each source sends in the golden run `[S]`.
        targets: of each source, the distinct neurons that it reaches.
        sources: of each placed neuron, the distinct sources that reach it.
        synapses: that reach each placed neuron `[P]`.
        delay: longest delay that reaches each placed neuron `[P]`, in steps.
    """

    first: dict[str, int]
    placed: int
    events: Int64Array
    targets: TrafficLinks
    sources: TrafficLinks
    synapses: Int64Array
    delay: Int64Array

    @classmethod
    def of(cls, graph: EventGraph) -> "Traffic":
        """Count the golden run of a graph."""
        ordered = [
            *graph.of_kind(*NEURONS),
            *(p for p in graph.populations if p.kind not in NEURONS),
        ]
        ends = np.cumsum([0, *(p.size for p in ordered)]).tolist()
        first = {p.name: start for p, start in zip(ordered, ends, strict=False)}
        placed = sum(p.size for p in graph.of_kind(*NEURONS))
        pre, post = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)]
        delay = np.zeros(placed, np.int64)
        for q in graph.projections:
            pre.append(q.pre.astype(np.int64) + first[q.source])
            post.append(q.post.astype(np.int64) + first[q.target])
            np.maximum.at(delay, post[-1], q.delay.astype(np.int64))
        source, target = np.concatenate(pre), np.concatenate(post)
        shape = (ends[-1], placed)
        links = sparse.csr_matrix((np.ones(len(source), np.int32), (source, target)), shape)
        counts = np.bincount(target, minlength=placed).astype(np.int64)
        sent = np.concatenate([np.zeros(0, np.int64), *(events(graph, p.name) for p in ordered)])
        return cls(first, placed, sent, _links(links), _links(links.T.tocsr()), counts, delay)

    def owner(self, neuron: int) -> tuple[str, int]:
        """Population of a source, and its number there."""
        name = max((n for n in self.first if self.first[n] <= neuron), key=self.first.__getitem__)
        return name, neuron - self.first[name]


def events(graph: EventGraph, name: str) -> Int64Array:
    """Events that each neuron of a population sends in the golden run `[N]`.

    A constant sends at every step that the chip runs; an integrator sends nothing.
    """
    golden, p = graph.golden, graph.population(name)
    if golden is None:
        raise ValueError(
            "traffic is counted on the golden run, and the graph has none: make it with "
            "deploy.export, or give EventGraph a Golden"
        )
    if p.kind in READOUTS:
        return np.zeros(p.size, np.int64)
    if p.kind == "constant":
        steps = golden.steps + graph.max_latency
        return np.full(p.size, steps * golden.samples, np.int64)
    sent = golden.spikes[name] if p.spiking else golden.inputs[name]
    counts: Int64Array = np.count_nonzero(sent, axis=(0, 1)).astype(np.int64)
    return counts


def _links(matrix: sparse.csr_matrix) -> TrafficLinks:
    matrix.sort_indices()
    return TrafficLinks(matrix.indptr.astype(np.int64), matrix.indices.astype(np.int64))
