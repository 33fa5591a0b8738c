"""Quantised graphs, run exactly in the integers of their chip."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from axonal.deploy import chips
from axonal.deploy._run import Probe, Run, Spikes
from axonal.deploy.chips.loihi2 import DECAY_BITS, UNIT
from axonal.deploy.graph import EventGraph, Population, Projection

Integers = npt.NDArray[np.int64]


class IntegerState(NamedTuple):
    """Everything a run in integers needs to go on where another one stopped.

    Args:
        v: membranes in steps of 1/64 `[B, N]`, population after population.
        ring: sums of input still under way `[D, B, N]`; the slot of step t is ``t % D``.
        step: steps already run.

    >>> IntegerState(np.zeros((1, 2), np.int64), np.zeros((3, 1, 2), np.int64), 0).step
    0
    """

    v: Integers
    ring: Integers
    step: int


class IntegerExecutor:
    """A quantised graph made ready to run many times: sorting its synapses is done once.

    What a projection's events of one step send to one neuron with one delay is summed, and the sum
    is shifted by the exponent.

    Args:
        graph: a graph with the arithmetic of a chip; every hop takes at least one step.
    """

    def __init__(self, graph: EventGraph) -> None:
        self.chip = chips.find(graph.arithmetic)
        self.depth = graph.max_delay + 1
        self.inputs = [p.name for p in graph.of_kind("input")]
        self.constants = {p.name: p.size for p in graph.of_kind("constant")}
        self.cells: dict[str, _Cells] = {}
        self.size = 0
        for p in graph.of_kind("lif", "integrator"):
            self.cells[p.name] = _Cells.of(p, self.size)
            self.size += p.size
        self.wires = [
            _Wires.of(q, graph.population(q.source).size) for q in graph.projections if q.size
        ]

    def run(
        self,
        inputs: Mapping[str, npt.NDArray[Any]],
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
            values that wrapped or saturated.

        Raises:
            ValueError: the state is of another graph or batch.
        """
        steps, samples = next(iter(inputs.values())).shape[:2]
        state = self._begin(state, samples)
        sent = {name: inputs[name] for name in self.inputs}
        sent |= {name: np.ones((steps, samples, n)) for name, n in self.constants.items()}
        cells = self.cells.items()
        rasters = {k: np.zeros((steps, samples, c.size), bool) for k, c in cells if c.spiking}
        readout = {k: np.zeros((steps, samples, c.size)) for k, c in cells if not c.spiking}
        membrane, overflows, synaptic = np.zeros(steps), 0, 0
        for t in range(steps):
            now: dict[str, npt.NDArray[Any]] = {name: x[t] for name, x in sent.items()}
            for name, own in cells:
                slot = state.ring[(state.step + t) % self.depth, :, own.place]
                v, lost = self.chip.advance(state.v[:, own.place], slot, own.decay, own.bias)
                slot[:] = 0
                overflows += lost
                if own.spiking:
                    now[name] = v > own.threshold
                    rasters[name][t] = now[name]
                    v = np.where(now[name], 0, v)
                else:
                    readout[name][t] = v / UNIT
                state.v[:, own.place] = v
                if probe is not None and probe.population == name:
                    membrane[t] = v[probe.sample, probe.neuron] / UNIT
            for wire in self.wires:
                ring = state.ring[:, :, self.cells[wire.target].place]
                synaptic += wire.deliver(now[wire.source], ring, state.step + t)
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
        )

    def parts(self) -> list[Any]:
        """Everything that decides what a run gives: names, numbers and arrays."""
        parts: list[Any] = [self.depth, self.inputs, list(self.constants.items())]
        for name, own in self.cells.items():
            parts += [name, own.spiking, own.size, own.decay, own.bias, own.threshold]
        for wire in self.wires:
            parts += [wire.source, wire.target, wire.exponent]
            parts += [wire.indptr, wire.post, wire.delay, wire.mantissa]
        return parts

    def _begin(self, state: IntegerState | None, samples: int) -> IntegerState:
        flat = (samples, self.size)
        shape = (self.depth, *flat)
        if state is None:
            return IntegerState(np.zeros(flat, np.int64), np.zeros(shape, np.int64), 0)
        if not isinstance(state, IntegerState):
            raise ValueError(
                f"a state must come from an earlier run of this graph (run.state), got "
                f"{type(state).__name__}"
            )
        if (state.v.shape, state.ring.shape) != (flat, shape):
            raise ValueError(
                "the state belongs to another network or batch: it holds (longest delay + 1, "
                f"samples, neurons) = {state.ring.shape}, this run needs {shape}"
            )
        return IntegerState(state.v.copy(), state.ring.copy(), state.step)


@dataclass(frozen=True)
class _Cells:
    """Whole parameters of one population, and its place among all; membranes in steps of 1/64."""

    spiking: bool
    size: int
    place: slice
    decay: Integers
    bias: Integers
    threshold: Integers

    @classmethod
    def of(cls, p: Population, start: int) -> "_Cells":
        return cls(
            p.kind == "lif",
            p.size,
            slice(start, start + p.size),
            np.rint(p.decay * 2**DECAY_BITS).astype(np.int64),
            np.rint(p.bias * UNIT).astype(np.int64),
            np.rint(p.threshold * UNIT).astype(np.int64),
        )


@dataclass(frozen=True)
class _Wires:
    """Synapses of one projection, by source neuron."""

    source: str
    target: str
    indptr: Integers
    post: Integers
    delay: Integers
    mantissa: Integers
    exponent: int

    @classmethod
    def of(cls, q: Projection, sources: int) -> "_Wires":
        order = np.argsort(q.pre, kind="stable")
        indptr = np.concatenate([[0], np.cumsum(np.bincount(q.pre, minlength=sources))])
        mantissa = np.rint(np.ldexp(q.weight[order], -q.exponent)).astype(np.int64)
        post, delay = q.post[order].astype(np.int64), q.delay[order].astype(np.int64)
        return cls(q.source, q.target, indptr, post, delay, mantissa, q.exponent)

    def deliver(self, sent: npt.NDArray[Any], ring: Integers, t: int) -> int:
        """Add what one step's events send to where it arrives; return their number."""
        sample, neuron = np.nonzero(sent)
        first = self.indptr[neuron]
        count = self.indptr[neuron + 1] - first
        total = int(count.sum())
        if not total:
            return 0
        start = np.cumsum(count) - count
        synapse = np.arange(total) + np.repeat(first - start, count)
        depth, samples, size = ring.shape
        place = self.delay[synapse] * samples + np.repeat(sample, count)
        reached, own = np.unique(place * size + self.post[synapse], return_inverse=True)
        # sums of whole numbers far below 2^53 are exact in float64
        sums = np.bincount(own, self.mantissa[synapse]).astype(np.int64)
        shifted = sums << self.exponent if self.exponent >= 0 else sums >> -self.exponent
        later, place = np.divmod(reached, samples * size)
        ring[(t + later) % depth, place // size, place % size] += shifted
        return total


def _events(raster: npt.NDArray[np.bool_]) -> Spikes:
    sample, t, neuron = (x.astype(np.int32) for x in np.nonzero(raster.swapaxes(0, 1)))
    return Spikes(sample, t, neuron)
