"""Running a graph on a back end, in the network's own time."""

import warnings
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from axonal._base.array_types import AnyArray
from axonal.deploy.backends import Backend, find
from axonal.deploy.executor.request import TIMEOUT, Request
from axonal.deploy.executor.run import Run
from axonal.deploy.executor.spikes import Spikes
from axonal.deploy.graph import EventGraph
from axonal.deploy.graph.retiming import RetimeError, retime
from axonal.deploy.running.inputs import checked_inputs


class RangeWarning(RuntimeWarning):
    """Values that left the range of a chip in a run, so that it is not what the network does."""


def run(
    graph: EventGraph,
    x: npt.ArrayLike | Mapping[str, npt.ArrayLike],
    *,
    backend: str = "reference",
    state: Any = None,
    timeout: float = TIMEOUT,
) -> Run:
    """Run a graph on given events; the equations are those of `Population` and `Projection`.

    A back end whose hops take time runs the graph retimed; what comes back is in the network's own
    time, step 0 being that of the first event.

    Args:
        graph: the graph.
        x: events `[T, B, N]` of the only input, or a dict of them by name; 1 is a spike, any
            other value a graded event, 0 nothing. Samples are independent.
        backend: "reference" (exact, event-driven, on this machine) or another name that
            ``axonal.deploy.backends`` knows.
        state: the state that an earlier run of this graph left; None starts from rest.
        timeout: seconds that a simulator may take before it is stopped.

    Returns:
        spikes, readouts and state. Two runs in a row equal one long run, spike for spike.

    Raises:
        ValueError: x does not fit, the state is of another graph or batch, the back end is
            unknown or cannot express the graph.
        TypeError: x is not made of real numbers.
        BackendError: the simulator failed, or was stopped after ``timeout``.

    Warns:
        RangeWarning: values left the range of the chip that the graph is quantised for.

    >>> from axonal.deploy import EventGraph, Population, Projection, run
    >>> cell = Population("out", "lif", (1,), decay=0.5, gain=1, bias=0, threshold=1)
    >>> wire = Projection("in", "out", pre=[0], post=[0], weight=[1.0], delay=[2])
    >>> graph = EventGraph((Population("in", "input", (1,)), cell), (wire,), ("out",), dt=0.001)
    >>> run(graph, [[[1]], [[0]], [[0]], [[0]]]).raster("out")[:, 0, 0].tolist()
    [False, False, True, False]
    """
    chosen = find(backend)
    inputs = checked_inputs(graph, x)
    missing = chosen.missing()
    if missing is not None:
        raise ValueError(f"back end {backend!r} is not installed: {missing}")
    if not chosen.support().executes:
        raise ValueError(
            f"back end {backend!r} maps a graph onto a virtual board, which executes nothing: "
            "verify compares what it loads, and 'reference' runs the graph"
        )
    timed, lines = fitted(graph, chosen, inputs)
    if lines:
        raise ValueError(f"back end {backend!r} cannot run this graph: {'; '.join(lines)}")
    result = in_network_time(timed, inputs, chosen, Request(state=state, timeout=timeout))
    for line in result.warnings:
        warnings.warn(line, RangeWarning, stacklevel=2)
    return result


def fitted(
    graph: EventGraph, backend: Backend, inputs: Mapping[str, AnyArray]
) -> tuple[EventGraph, list[str]]:
    """Graph as a back end runs it, retimed if its hops take longer, and what is unsupported."""
    support = backend.support()
    kinds = {p.name: p.kind for p in graph.populations}
    least = [support.hops.get(kinds[q.target], 0) for q in graph.projections]
    early = any(
        q.size and q.delay.min() < steps for q, steps in zip(graph.projections, least, strict=True)
    )
    if graph.hop < support.hop or early:
        try:
            graph = retime(graph, max(graph.hop, support.hop), support.hops)
        except RetimeError as error:
            return graph, [str(error)]
    return graph, [*backend.unsupported(graph), *support.unsupported_inputs(inputs)]


def in_network_time(
    graph: EventGraph,
    inputs: Mapping[str, AnyArray],
    backend: Backend,
    request: Request,
) -> Run:
    """Run a graph long enough for its latencies, and count each population's steps from its own.

    A population of latency L repeats on [L, L + T) what the network does on [0, T).
    """
    steps, longest = len(next(iter(inputs.values()))), graph.max_latency
    if not longest:
        return backend.run(graph, inputs, request)
    if request.state is not None:
        raise ValueError(
            "a graph with latencies cannot go on from a state: its populations have not run "
            "equally far; run all steps at once"
        )
    padding = ((0, longest), (0, 0), (0, 0))
    padded = {name: np.pad(x, padding) for name, x in inputs.items()}
    result = backend.run(graph, padded, request)
    latency = {p.name: p.latency for p in graph.populations}
    spikes, payload = {}, {}
    for name, events in result.spikes.items():
        t = events.t - latency[name]
        kept = (t >= 0) & (t < steps)
        spikes[name] = Spikes(events.sample[kept], t[kept], events.neuron[kept])
        if name in result.payload:
            payload[name] = result.payload[name][kept]
    return replace(
        result,
        steps=steps,
        spikes=spikes,
        payload=payload,
        readout={name: v[latency[name] :][:steps] for name, v in result.readout.items()},
        membrane={p: v[latency[p.population] :][:steps] for p, v in result.membrane.items()},
        state=None,
    )
