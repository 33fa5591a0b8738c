"""Quantised graphs, run exactly in the integers of their chip."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from axonal._base.array_types import AnyArray, BoolArray, Float64Array, Int64Array
from axonal.deploy import chips
from axonal.deploy.chips import Cell, Chip
from axonal.deploy.executor import cpu
from axonal.deploy.executor.request import Probe
from axonal.deploy.executor.run import Run
from axonal.deploy.executor.spikes import Spikes
from axonal.deploy.graph import EventGraph, Population, Projection
from axonal.deploy.kinds import NEURONS


class IntegerState(NamedTuple):
    """Everything a run in integers needs to go on where another one stopped.

    Args:
        v: membranes in steps of the chip `[B, N]`, population after population.
        u: synaptic currents, likewise `[B, N]`; unused by neurons without one.
        left: refractory steps left `[B, N]`.
        ring: sums of input still under way `[D, BUFFERS, B, N]`; the slot of step t is ``t % D``.
        step: steps already run.

    >>> nothing = np.zeros((1, 2), np.int64)
    >>> IntegerState(nothing, nothing, nothing, np.zeros((3, 1, 1, 2), np.int64), 0).step
    0
    """

    v: Int64Array
    u: Int64Array
    left: Int64Array
    ring: Int64Array
    step: int


class IntegerExecutor:
    """A quantised graph made ready to run many times: sorting its synapses is done once.

    The events that a projection sends to one neuron with one delay in one step are summed; the chip
    decides what the sum adds to the input of that neuron, and its membrane after the step.

    Args:
        graph: a graph with the arithmetic of a chip; every hop takes at least one step.
    """

    def __init__(self, graph: EventGraph) -> None:
        self.name = graph.arithmetic
        self.chip = chips.find(self.name)
        self.depth = graph.max_delay + 1
        self.inputs = [p.name for p in graph.of_kind("input")]
        self.constants = {p.name: p.size for p in graph.of_kind("constant")}
        self.cells: dict[str, _Cells] = {}
        self.size = 0
        for p in graph.of_kind(*NEURONS):
            self.cells[p.name] = _Cells.of(self.chip, graph, p, self.size)
            self.size += p.size
        self.wires = [w for q in graph.projections for w in _Wires.of(self.chip, graph, q)]

    def run(
        self,
        inputs: Mapping[str, AnyArray],
        state: IntegerState | None = None,
        probe: Probe | None = None,
    ) -> Run:
        """Run checked inputs.

        Args:
            inputs: events `[T, B, N]` of every input population, 0 or 1.
            state: state of an earlier run; None starts from rest. It is not changed.
            probe: neuron whose membrane is recorded.

        Returns:
            the run; readouts and membranes are in units of weights, ``extra["overflows"]`` counts
            the values that wrapped, saturated or reset a readout in each population.

        Raises:
            ValueError: the state is of another graph or batch, or events have other values.
        """
        for name in self.inputs:
            if np.any((inputs[name] != 0) & (inputs[name] != 1)):
                raise ValueError(
                    f"input {name!r} has events of other values than 1, which {self.name} has not: "
                    "give it spikes, 0 or 1"
                )
        steps, samples = next(iter(inputs.values())).shape[:2]
        state = self._begin(state, samples)
        sent = {name: inputs[name] for name in self.inputs}
        sent |= {name: np.ones((steps, samples, n)) for name, n in self.constants.items()}
        cells = self.cells.items()
        rasters = {k: np.zeros((steps, samples, c.size), bool) for k, c in cells if c.spiking}
        readout = {k: np.zeros((steps, samples, c.size)) for k, c in cells if not c.spiking}
        membrane, synaptic = np.zeros(steps), 0
        rounding = {w.target: self.cells[w.target].size for w in self.wires if w.shift < 0}
        sums = {k: np.zeros((self.depth, samples, n), np.int64) for k, n in rounding.items()}
        overflows = dict.fromkeys(self.cells, 0)
        for t in range(steps):
            now: dict[str, AnyArray] = {name: x[t] for name, x in sent.items()}
            for name, population in cells:
                slot = state.ring[(state.step + t) % self.depth, :, :, population.place]
                before, left = state.v[:, population.place], state.left[:, population.place]
                current = state.u[:, population.place]
                v, current[:], lost = self.chip.advance(before, current, slot, population.cell)
                v = np.where(left > 0, before, v)
                slot[:] = 0
                overflows[name] += lost
                above = (v > population.threshold) & (left == 0)
                v = np.where(above, 0, v)
                if population.spiking:
                    now[name] = rasters[name][t] = above
                    left[:] = np.where(above, population.refractory, np.maximum(left - 1, 0))
                else:
                    overflows[name] += int(np.count_nonzero(above))
                    readout[name][t] = v / self.chip.UNIT
                state.v[:, population.place] = v
                if probe is not None and probe.population == name:
                    membrane[t] = v[probe.sample, probe.neuron] / self.chip.UNIT
            for wire in self.wires:
                ring = state.ring[:, wire.buffer, :, self.cells[wire.target].place]
                table = sums.get(wire.target, ring[:0])
                synaptic += wire.deliver(now[wire.source], state.step + t, ring, table)
        return Run(
            steps,
            samples,
            {name: raster.shape[2] for name, raster in rasters.items()},
            {name: _events(raster) for name, raster in rasters.items()},
            readout,
            state._replace(step=state.step + steps),
            synaptic,
            {} if probe is None else {probe: membrane},
            {"overflows": overflows},
            warnings=overflown(self.name, overflows),
        )

    def parts(self) -> list[Any]:
        """Everything that decides what a run gives: names, numbers and arrays."""
        parts: list[Any] = [self.depth, self.inputs, list(self.constants.items())]
        for name, population in self.cells.items():
            parts += [
                name,
                population.spiking,
                population.size,
                *population.cell,
                population.threshold,
                population.refractory,
            ]
        for wire in self.wires:
            parts += [wire.source, wire.target, wire.buffer, wire.shift]
            parts += [wire.indptr, wire.post, wire.delay, wire.mantissa]
        return parts

    def _begin(self, state: IntegerState | None, samples: int) -> IntegerState:
        flat = (samples, self.size)
        shape = (self.depth, self.chip.BUFFERS, *flat)
        if state is None:
            rest = np.zeros(flat, np.int64)
            empty = np.zeros(shape, np.int64)
            return IntegerState(rest, rest.copy(), rest.copy(), empty, step=0)
        if not isinstance(state, IntegerState):
            raise ValueError(
                f"a state must come from an earlier run of this graph (run.state), got "
                f"{type(state).__name__}"
            )
        flats = [x.shape for x in (state.v, state.u, state.left)]
        if state.ring.shape != shape or flats != [flat] * 3:
            raise ValueError(
                "the state belongs to another network or batch: it holds (longest delay + 1, "
                f"buffers, samples, neurons) = {state.ring.shape}, this run needs {shape}"
            )
        arrays = (state.v.copy(), state.u.copy(), state.left.copy(), state.ring.copy())
        return IntegerState(*arrays, state.step)


@dataclass(frozen=True)
class _Cells:
    """Whole parameters of one population, and its place among all, in steps of its membrane."""

    spiking: bool
    size: int
    place: slice
    cell: Cell
    threshold: Int64Array  # the highest membrane that does not fire
    refractory: int

    @classmethod
    def of(cls, chip: Chip, graph: EventGraph, p: Population, start: int) -> "_Cells":
        used = [q.exponent for q in graph.projections_into(p.name) if q.size]
        exponent = used[0] if used else 0
        one = 2**chip.DECAY_BITS
        cell = Cell(_whole(p.decay * one), _whole(p.bias * chip.UNIT), exponent)
        if p.synapse_decay.size:
            cell = cell._replace(synapse=_whole(p.synapse_decay * one))
        threshold = _whole(p.threshold * chip.UNIT) - chip.FIRES_AT
        return cls(
            p.spiking,
            p.size,
            slice(start, start + p.size),
            cell,
            threshold if p.spiking else np.full(p.size, chip.READOUT),
            p.refractory,
        )


@dataclass(frozen=True)
class _Wires:
    """Synapses of one projection, by source neuron; each buffer has its own."""

    source: str
    target: str
    buffer: int
    indptr: Int64Array
    post: Int64Array
    delay: Int64Array
    mantissa: Int64Array
    shift: int

    @classmethod
    def of(cls, chip: Chip, graph: EventGraph, q: Projection) -> Iterator["_Wires"]:
        mantissa = np.rint(np.ldexp(q.weight, -q.exponent)).astype(np.int64)
        for buffer in range(chip.BUFFERS):
            # the second buffer takes negative weights, without their sign
            chosen = np.full(q.size, True) if chip.BUFFERS == 1 else (mantissa < 0) == bool(buffer)
            order = np.flatnonzero(chosen)[np.argsort(q.pre[chosen], kind="stable")]
            if not order.size:
                continue
            count = np.bincount(q.pre[order], minlength=graph.population(q.source).size)
            yield cls(
                q.source,
                q.target,
                buffer,
                np.concatenate([[0], np.cumsum(count)]),
                q.post[order].astype(np.int64),
                q.delay[order].astype(np.int64),
                mantissa[order] * (1 - 2 * buffer),
                chip.shift(q.exponent),
            )

    def deliver(self, sent: AnyArray, t: int, ring: Int64Array, sums: Int64Array) -> int:
        """Add what one step's events send to where it arrives; return their number."""
        sample, neuron = np.nonzero(sent)
        synapses = self.indptr, self.post, self.delay, self.mantissa
        return cpu.deliver(sample, neuron, *synapses, self.shift, t, ring, sums)


def overflown(chip: str, counts: Mapping[str, int]) -> tuple[str, ...]:
    """Name populations that held values too large for a chip, one line each.

    Args:
        chip: name of the chip.
        counts: such values of every population.

    >>> overflown("loihi2", {"hidden": 3, "out": 0})
    ("population 'hidden' held 3 values too large for loihi2 (in 24 bits currents wrap, membranes
    saturate, and a readout near their end is reset) and no longer does what the network does:
    quantize on golden inputs with as many events as these, or train with smaller weights",)
    """
    return tuple(
        f"population {name!r} held {count} values too large for {chip} "
        f"({chips.find(chip).OVERFLOW}) and no longer does what the network does: quantize on "
        "golden inputs with as many events as these, or train with smaller weights"
        for name, count in counts.items()
        if count
    )


def _whole(values: Float64Array) -> Int64Array:
    return np.rint(values).astype(np.int64)


def _events(raster: BoolArray) -> Spikes:
    sample, t, neuron = (x.astype(np.int32) for x in np.nonzero(raster.swapaxes(0, 1)))
    return Spikes(sample, t, neuron)
