"""Graphs in float64, run event by event and exactly."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from axonal._base.array_types import AnyArray, Float64Array
from axonal.deploy.executor.request import Probe
from axonal.deploy.executor.run import Run
from axonal.deploy.executor.spikes import Spikes
from axonal.deploy.graph import EventGraph, Population
from axonal.deploy.kinds import GRADED, KINDS, NEURONS, OUTSIDE, READOUTS
from axonal.neuro.ops.event_network import (
    THIRD,
    Block,
    EventNetwork,
    EventRun,
    Events,
    EventState,
    Reset,
    Synapses,
    index_type,
    is_single,
    network_bytes,
    simulate,
    state_bytes,
)


class _Text(str):
    """Text that stands for itself where a `repr` is taken."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


def _block_text(block: Block) -> str:
    kind = f"<Kind.{block.kind.name}: {block.kind.value}>"
    reset = f"<Reset.{block.reset.name}: {block.reset.value}>"
    return (
        f"Block(start={block.start}, stop={block.stop}, kind={kind}, reset={reset}, "
        f"refractory={block.refractory}, readout={block.readout})"
    )


class Executor:
    """A graph made ready to run many times, for streams: sorting its synapses is done once.

    Args:
        graph: the graph, not quantised.

    Raises:
        ValueError: the graph is quantised; `axonal.deploy.run` takes both.

    >>> from axonal.deploy import Population, Projection
    >>> cell = Population("out", "integrator", (1,), decay=0.5, gain=1, bias=0)
    >>> wire = Projection("in", "out", pre=[0], post=[0], weight=[1.0], delay=[0])
    >>> graph = EventGraph((Population("in", "input", (1,)), cell), (wire,), ("out",), dt=0.001)
    >>> first = Executor(graph).run({"in": np.ones((2, 1, 1))})
    >>> first.readout["out"].ravel().tolist()
    [1.0, 1.5]
    """

    def __init__(self, graph: EventGraph) -> None:
        if graph.arithmetic != "float64":
            raise ValueError(f"Executor takes float64 graphs, got one for {graph.arithmetic}")
        cells, outside, self._offsets = _layout(graph)
        self._cells = cells
        blocks, column, thirds = [], 0, 0
        for p in cells:
            start, number = self._offsets[p.name], KINDS[p.kind].executor
            assert number is not None, p.kind
            place = thirds if number in THIRD else column
            form = (number, Reset[p.reset.upper()], p.refractory, place)
            blocks.append(Block(start, start + p.size, *form))
            thirds += p.size if number in THIRD else 0
            column += 0 if p.spiking else p.size
        self.network = EventNetwork.build(
            decay=_joined([_or_zeros(p, "decay") for p in cells]),
            gain=_joined([_or_zeros(p, "gain") for p in cells]),
            bias=_joined([_or_zeros(p, "bias") for p in cells]),
            threshold=_joined([_or_zeros(p, "threshold") for p in cells]),
            trace_decay=_joined([_or_zeros(p, KINDS[p.kind].trace_decay) for p in cells]),
            coupling=_joined([_or_zeros(p, KINDS[p.kind].coupling) for p in cells]),
            extra=[
                _joined([_or_zeros(p, _nth(KINDS[p.kind].extra, k)) for p in cells])
                for k in range(max((len(KINDS[p.kind].extra) for p in cells), default=0))
            ],
            blocks=blocks,
            synapses=[
                Synapses(
                    q.pre,
                    q.post,
                    q.weight,
                    q.delay,
                    self._offsets[q.source],
                    self._offsets[q.target],
                )
                for q in graph.projections
            ],
            external=sum(p.size for p in outside),
            steady=[
                self._offsets[p.name] + k
                for p in outside
                if p.kind == "constant"
                for k in range(p.size)
            ],
        )

    def run(self, inputs: Mapping[str, AnyArray], state: EventState | None = None) -> Run:
        """Run checked inputs.

        Args:
            inputs: events `[T, B, N]` of every input population.
            state: state of an earlier run; None starts from rest.

        Returns:
            the run.

        Raises:
            ValueError: the state is of another graph or batch.
        """
        steps, samples = next(iter(inputs.values())).shape[:2]
        offsets = [self._offsets[name] for name in inputs]
        events = Events.of(list(inputs.values()), offsets, samples, steps)
        result = simulate(self.network, events, samples=samples, steps=steps, state=state)
        spikes, payload = self._spikes(result)
        return Run(
            steps=steps,
            samples=samples,
            sizes={p.name: p.size for p in self._cells if p.spiking},
            spikes=spikes,
            payload=payload,
            readout=self._readout(result),
            state=result.state,
            synaptic_events=result.synaptic_events,
        )

    def parts(self) -> list[Any]:
        """Everything that decides what a run gives: names, numbers and arrays."""
        net = self.network
        cells = [net.decay, net.gain, net.bias, net.threshold, net.trace_decay, net.coupling]
        cells += [net.extra] * (len(net.extra) > 0)
        wires = [net.steady, net.indptr, net.target, net.weight]
        # State files keep a checksum of this text: it must not follow a renaming of classes.
        blocks = ", ".join(map(_block_text, net.blocks)) + "," * (len(net.blocks) == 1)
        return [self._offsets, _Text(f"({blocks})"), net.depth, *cells, *wires]

    def probed(self, inputs: Mapping[str, AnyArray], state: EventState | None, probe: Probe) -> Run:
        """Run one step at a time, and keep the membrane of one neuron after each."""
        column, now = self._offsets[probe.population] + probe.neuron, state
        membrane = []
        for t in range(len(next(iter(inputs.values())))):
            now = self.run({name: x[t : t + 1] for name, x in inputs.items()}, now).state
            assert now is not None
            membrane.append(now.v[probe.sample, column])
        return replace(self.run(inputs, state), membrane={probe: np.array(membrane)})

    def _spikes(self, result: EventRun) -> tuple[dict[str, Spikes], dict[str, Float64Array]]:
        """Spikes of every population that fires, and the numbers that graded ones carry."""
        ends = np.cumsum([p.size for p in self._cells])
        owner = np.searchsorted(ends, result.neuron, side="right")
        order = np.argsort(owner, kind="stable")
        edges = np.searchsorted(owner[order], np.arange(len(self._cells) + 1))
        spikes, payload = {}, {}
        # the place of each spike among those of graded populations
        graded = np.array([p.kind in GRADED for p in self._cells], np.int64)
        nth = np.cumsum(graded[owner]) - 1 if graded.any() else owner
        for k, p in enumerate(self._cells):
            if p.spiking:
                rows = order[edges[k] : edges[k + 1]]
                neuron = result.neuron[rows] - np.int32(self._offsets[p.name])
                spikes[p.name] = Spikes(result.sample[rows], result.step[rows], neuron)
                if p.kind in GRADED:
                    payload[p.name] = result.payload[nth[rows]]
        return spikes, payload

    def _readout(self, result: EventRun) -> dict[str, Float64Array]:
        readout, column = {}, 0
        for p in self._cells:
            if p.kind in READOUTS:
                readout[p.name] = result.readout[:, :, column : column + p.size]
                column += p.size
        return readout


def footprint(graph: EventGraph, *, samples: int = 1, steps: int = 1) -> int:
    """Bytes that a float64 run will allocate beside the graph, without its spikes (12 each).

    Args:
        graph: the graph, not quantised.
        samples: B.
        steps: T, which counts for readouts only.

    >>> from axonal.deploy import example
    >>> 10_000 < footprint(example()) < 10_000_000
    True
    """
    cells = sum(p.size for p in graph.of_kind(*NEURONS))
    read = sum(p.size for p in graph.of_kind(*READOUTS))
    sources = sum(p.size for p in graph.populations)
    depth = graph.max_delay + 1
    weight = 4 if all(is_single(q.weight) for q in graph.projections) else 8
    itemsize = np.dtype(index_type(depth * cells)).itemsize + weight
    synapses = sum(q.size for q in graph.projections)
    kept = network_bytes(synapses, sources, cells, itemsize)
    thirds = sum(p.size for p in graph.populations if KINDS[p.kind].executor in THIRD)
    return kept + state_bytes(samples, depth, cells, thirds) + 8 * steps * samples * read


def _layout(graph: EventGraph) -> tuple[list[Population], list[Population], dict[str, int]]:
    """Neurons first, in the order of their updates, then what is given from outside."""
    ordered = [graph.population(name) for name in graph.order]
    cells = [p for p in ordered if p.kind in NEURONS]
    outside = [p for p in ordered if p.kind in OUTSIDE]
    sizes = np.cumsum([0, *(p.size for p in [*cells, *outside])])
    names = [p.name for p in [*cells, *outside]]
    return cells, outside, dict(zip(names, sizes.tolist(), strict=False))


def _or_zeros(p: Population, field: str | None) -> Float64Array:
    values: Float64Array = np.zeros(0) if field is None else getattr(p, field)
    return values if values.size else np.zeros(p.size)


def _nth(fields: tuple[str, ...], k: int) -> str | None:
    return fields[k] if k < len(fields) else None


def _joined(arrays: list[Float64Array]) -> Float64Array:
    return np.concatenate([np.zeros(0), *arrays])
