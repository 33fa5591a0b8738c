"""Quantised graphs, run exactly in the integers of their chip."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from axonal.deploy import chips
from axonal.deploy._run import Request, Run, Spikes
from axonal.deploy.chips.loihi2 import DECAY_BITS, UNIT
from axonal.deploy.graph import EventGraph, Population, Projection

Integers = npt.NDArray[np.int64]


def run_integers(
    graph: EventGraph, inputs: Mapping[str, npt.NDArray[Any]], request: Request
) -> Run:
    """Run a quantised graph from rest.

    What a projection's events of one step send to one neuron with one delay is summed, and the sum
    is shifted by the exponent.

    Args:
        graph: a graph with the arithmetic of a chip; every hop takes at least one step.
        inputs: events `[T, B, N]` of every input population, 0 or 1.
        request: probe; a state is refused.

    Returns:
        the run; readouts and membranes are in units of weights, ``extra["overflows"]`` counts
        values that wrapped or saturated.

    Raises:
        ValueError: a state was given.
    """
    if request.state is not None:
        raise ValueError("a quantised graph always starts from rest")
    chip = chips.find(graph.arithmetic)
    steps, samples = next(iter(inputs.values())).shape[:2]
    depth = graph.max_delay + 1
    cells = {p.name: _Cells.of(p, samples, depth) for p in graph.of_kind("lif", "integrator")}
    wires = [_Wires.of(q, graph.population(q.source).size) for q in graph.projections if q.size]
    sent = {p.name: inputs[p.name] for p in graph.of_kind("input")}
    sent |= {p.name: np.ones((steps, samples, p.size)) for p in graph.of_kind("constant")}
    rasters = {p.name: np.zeros((steps, samples, p.size), bool) for p in graph.of_kind("lif")}
    readout = {p.name: np.zeros((steps, samples, p.size)) for p in graph.of_kind("integrator")}
    probe, membrane, overflows, synaptic = request.probe, np.zeros(steps), 0, 0
    for t in range(steps):
        now: dict[str, npt.NDArray[Any]] = {name: x[t] for name, x in sent.items()}
        for name, own in cells.items():
            slot = own.ring[t % depth]
            own.v, lost = chip.advance(own.v, slot, own.decay, own.bias)
            slot[:] = 0
            overflows += lost
            if name in rasters:
                now[name] = own.v > own.threshold
                rasters[name][t] = now[name]
                own.v = np.where(now[name], 0, own.v)
            else:
                readout[name][t] = own.v / UNIT
            if probe is not None and probe.population == name:
                membrane[t] = own.v[probe.sample, probe.neuron] / UNIT
        for wire in wires:
            synaptic += wire.deliver(now[wire.source], cells[wire.target].ring, t)
    return Run(
        steps,
        samples,
        {name: raster.shape[2] for name, raster in rasters.items()},
        {name: _events(raster) for name, raster in rasters.items()},
        readout,
        None,
        synaptic,
        {} if probe is None else {probe: membrane},
        {"overflows": overflows},
    )


@dataclass
class _Cells:
    """State and whole parameters of one population; membranes in steps of 1/64."""

    v: Integers
    ring: Integers  # what arrives at a later step [depth, B, N]
    decay: Integers
    bias: Integers
    threshold: Integers

    @classmethod
    def of(cls, p: Population, samples: int, depth: int) -> "_Cells":
        return cls(
            np.zeros((samples, p.size), np.int64),
            np.zeros((depth, samples, p.size), np.int64),
            np.rint(p.decay * 2**DECAY_BITS).astype(np.int64),
            np.rint(p.bias * UNIT).astype(np.int64),
            np.rint(p.threshold * UNIT).astype(np.int64),
        )


@dataclass
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
        later = reached // (samples * size)
        ring.reshape(depth, -1)[(t + later) % depth, reached % (samples * size)] += shifted
        return total


def _events(raster: npt.NDArray[np.bool_]) -> Spikes:
    sample, t, neuron = (x.astype(np.int32) for x in np.nonzero(raster.swapaxes(0, 1)))
    return Spikes(sample, t, neuron)
