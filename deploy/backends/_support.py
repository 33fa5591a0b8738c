"""Abilities of a back end: stated once, refused by name, and written down as a table."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np

from axonal._base.array_types import AnyArray, BoolArray, Float64Array
from axonal.deploy.graph import EventGraph, Population
from axonal.deploy.kinds import NEURONS, READOUTS


@dataclass(frozen=True)
class Support:
    """Abilities of a back end.

    Args:
        executes: whether it runs a graph; if not, it loads one and reads back what was written.
        hop: least steps of a synapse.
        hops: least steps of a synapse into populations of a kind, by kind, where that is more.
        neurons: kinds of populations that fire.
        resets: resets of populations that fire.
        refractory: whether neurons may be refractory.
        integrators: whether membranes can be read out.
        readouts: kinds of populations whose membranes can.
        graded: whether events may have other values than 1.
        bias: whether a neuron can have one; if not, `retime` makes it an always-on source.
        any_gain: whether the summed input may be scaled by other factors than those above 0.
        decays: least and largest decay.
        positive_threshold: whether thresholds must be above 0.
        longest_delay: longest delay in steps; None without limit.
        arithmetics: of the graphs that it runs.
        readout_error: deviation of a readout that counts as equal, relative to its largest value.
    """

    executes: bool = True
    hop: int = 1
    hops: Mapping[str, int] = field(default_factory=dict)
    neurons: tuple[str, ...] = ("lif",)
    resets: tuple[str, ...] = ("zero", "subtract")
    refractory: bool = True
    integrators: bool = True
    readouts: tuple[str, ...] = ("integrator",)
    graded: bool = True
    bias: bool = True
    any_gain: bool = False
    decays: tuple[float, float] = (-np.inf, np.inf)
    positive_threshold: bool = False
    longest_delay: int | None = None
    arithmetics: tuple[str, ...] = ("float64",)
    readout_error: float = 1e-9

    def unsupported(self, graph: EventGraph) -> list[str]:
        """Parts of a graph without a form, one line per population or projection."""
        if graph.arithmetic not in self.arithmetics:
            if graph.arithmetic == "float64":
                chip = self.arithmetics[0]
                return [
                    f"the graph is in float64; quantize(graph, {chip!r}) or axonal export RUN "
                    f"--target {chip} makes one that it takes"
                ]
            return [
                f"the graph is quantised for {graph.arithmetic}, and it runs "
                f"{' and '.join(self.arithmetics)} only: give it the graph as it was exported"
            ]
        lines = [line for p in graph.populations for line in _population(p, self)]
        longest = self.longest_delay
        for q in graph.projections:
            if longest is not None and q.size and q.delay.max() > longest:
                lines.append(
                    f"projection {q.source} -> {q.target} has a delay of {q.delay.max()} steps; "
                    f"the longest is {longest}"
                )
        return lines

    def unsupported_inputs(self, inputs: Mapping[str, AnyArray]) -> list[str]:
        """Inputs with events that it has not, one line each."""
        if self.graded:
            return []
        return [
            f"input {name!r} has events of other values than 1"
            for name, x in inputs.items()
            if np.any((x != 0) & (x != 1))
        ]


def _population(p: Population, support: Support) -> Iterator[str]:
    where = f"population {p.name!r}"
    if p.kind in READOUTS and not support.integrators:
        yield f"{where} is an integrator, and no membrane can be read out"
    elif p.kind in READOUTS and p.kind not in support.readouts:
        have = " and ".join(support.readouts)
        yield f"{where} is of kind {p.kind}; it reads membranes of {have} only"
    if p.kind not in NEURONS:
        return
    if p.spiking and p.kind not in support.neurons:
        yield f"{where} is of kind {p.kind}; it has {' and '.join(support.neurons)} only"
    if p.spiking and p.reset not in support.resets:
        have = " or ".join(map(repr, support.resets))
        yield (
            f"{where} has reset {p.reset!r}; it has {have} only: train with it, LIF(..., "
            f"reset={support.resets[0]!r}) or axonal train digits --reset {support.resets[0]}"
        )
    if p.refractory and not support.refractory:
        yield f"{where} is refractory"
    if p.bias.any() and not support.bias:
        yield f"{where} has a bias: retime(graph) makes it an always-on source"
    if np.any(p.gain <= 0) and not support.any_gain:
        yield f"{where} has a gain that is not above 0, {_value(p.gain, p.gain <= 0)}"
    low, high = support.decays
    for what, decay in (("decay", p.decay), ("decay of its current", p.synapse_decay)):
        wrong = (decay < low) | (decay > high)
        if wrong.any():
            yield f"{where} has a {what} outside [{low:g}, {high:g}], {_value(decay, wrong)}"
    if p.spiking and support.positive_threshold and np.any(p.threshold <= 0):
        wrong = p.threshold <= 0
        yield f"{where} has a threshold that is not above 0, {_value(p.threshold, wrong)}"


def _value(values: Float64Array, wrong: BoolArray) -> str:
    first = int(np.argmax(wrong))
    return f"{values[first]:g} at neuron {first}"
