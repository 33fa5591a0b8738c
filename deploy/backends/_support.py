"""What a back end can express: stated once, refused by name, and written down as a table."""

import importlib.util
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from axonal.deploy.graph import EventGraph, Population
from axonal.deploy.kinds.table import NEURONS


@dataclass(frozen=True)
class Support:
    """What a back end has a form for.

    Args:
        executes: whether it runs a graph; if not, it loads one and reads back what was written.
        hop: least steps of a synapse.
        neurons: kinds of populations that fire.
        resets: resets of populations that fire.
        refractory: whether neurons may be refractory.
        integrators: whether membranes can be read out.
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
    neurons: tuple[str, ...] = ("lif",)
    resets: tuple[str, ...] = ("zero", "subtract")
    refractory: bool = True
    integrators: bool = True
    graded: bool = True
    bias: bool = True
    any_gain: bool = False
    decays: tuple[float, float] = (-np.inf, np.inf)
    positive_threshold: bool = False
    longest_delay: int | None = None
    arithmetics: tuple[str, ...] = ("float64",)
    readout_error: float = 1e-9


def installed(module: str) -> bool:
    """Whether a module could be imported; it is not."""
    return importlib.util.find_spec(module) is not None


def unfit(graph: EventGraph, support: Support) -> list[str]:
    """What of a graph a back end has no form for, one line for each population or projection."""
    if graph.arithmetic not in support.arithmetics:
        if graph.arithmetic == "float64":
            chip = support.arithmetics[0]
            return [
                f"the graph is in float64; quantize(graph, {chip!r}) or axonal export RUN --target "
                f"{chip} makes one that it takes"
            ]
        return [
            f"the graph is quantised for {graph.arithmetic}, and it runs "
            f"{' and '.join(support.arithmetics)} only: give it the graph as it was exported"
        ]
    found = [line for p in graph.populations for line in _population(p, support)]
    longest = support.longest_delay
    for q in graph.projections:
        if longest is not None and q.size and q.delay.max() > longest:
            found.append(
                f"projection {q.source} -> {q.target} has a delay of {q.delay.max()} steps; the "
                f"longest is {longest}"
            )
    return found


def unfit_inputs(inputs: Mapping[str, npt.NDArray[Any]], support: Support) -> list[str]:
    """Which inputs a back end cannot be given."""
    if support.graded:
        return []
    return [
        f"input {name!r} has events of other values than 1"
        for name, x in inputs.items()
        if np.any((x != 0) & (x != 1))
    ]


def _population(p: Population, support: Support) -> Iterator[str]:
    where = f"population {p.name!r}"
    if p.kind == "integrator" and not support.integrators:
        yield f"{where} is an integrator, and no membrane can be read out"
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


def _value(values: npt.NDArray[np.float64], wrong: npt.NDArray[np.bool_]) -> str:
    first = int(np.argmax(wrong))
    return f"{values[first]:g} at neuron {first}"
