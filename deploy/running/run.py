"""Running a graph on a back end, and what a run leaves."""

import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from axonal.deploy.graph import EventGraph, Projection
from axonal.deploy.graph.retiming import RetimeError, retime
from axonal.deploy.running.inputs import checked_inputs

if TYPE_CHECKING:
    from axonal.deploy.backends import Backend

TIMEOUT = 600.0
"""Seconds that a simulator may take."""


class RangeWarning(RuntimeWarning):
    """Values that left the range of a chip in a run, so that it is not what the network does."""


class Spikes(NamedTuple):
    """The spikes of one population as events, ordered by sample, then step, then neuron.

    Args:
        sample: sample of each spike `[E]`.
        t: step of each spike `[E]`, counted from the start of the run.
        neuron: neuron of each spike within its population `[E]`.

    >>> Spikes(np.array([0]), np.array([3]), np.array([7])).t
    array([3])
    """

    sample: npt.NDArray[np.int32]
    t: npt.NDArray[np.int32]
    neuron: npt.NDArray[np.int32]


class Probe(NamedTuple):
    """One neuron of one sample, whose membrane is wanted."""

    population: str
    sample: int
    neuron: int


@dataclass(frozen=True)
class Request:
    """What is asked of a back end beside the graph and its inputs.

    Args:
        state: state to go on from; None starts from rest.
        probe: neuron whose membrane is recorded.
        timeout: seconds that a simulator may take.
    """

    state: Any = None
    probe: Probe | None = None
    timeout: float = TIMEOUT


@dataclass(frozen=True, eq=False)
class Run:
    """What a graph did.

    Args:
        steps: number of steps T.
        samples: number of samples B.
        sizes: number of neurons N of every population that fires.
        spikes: events of every population that fires.
        readout: membrane of every integrator after each step, float64 `[T, B, N]`.
        state: pass it to `run` to go on from here; None where a back end cannot.
        synaptic_events: events that went through a synapse, those of constants included; None
            where a back end does not count them.
        membrane: of each probed cell, its membrane after every step `[T]`.
        extra: what else a back end says, such as its version.
        payload: of every graded population, what each of its spikes carries `[E]`.
        written: where a back end only loads a graph, the projections that it read back.
        warnings: values that left the range of the chip, one line a population.

    >>> spikes = {"out": Spikes(np.array([0]), np.array([1]), np.array([0]))}
    >>> Run(2, 1, {"out": 1}, spikes, {}, None, synaptic_events=4).raster("out").ravel()
    array([False,  True])
    """

    steps: int
    samples: int
    sizes: dict[str, int]
    spikes: dict[str, Spikes]
    readout: dict[str, npt.NDArray[np.float64]]
    state: Any
    synaptic_events: int | None
    membrane: dict["Probe", npt.NDArray[np.float64]] = field(default_factory=dict)
    extra: dict[str, Any] = field(default_factory=dict)
    payload: dict[str, npt.NDArray[np.float64]] = field(default_factory=dict)
    written: tuple[Projection, ...] = ()
    warnings: tuple[str, ...] = ()

    def raster(self, name: str) -> npt.NDArray[np.bool_]:
        """Spikes of a population as a dense array.

        Args:
            name: a population that fires.

        Returns:
            True where a neuron spiked, `[T, B, N]`.

        Raises:
            KeyError: no such population fires.
        """
        if name not in self.spikes:
            known = ", ".join(self.spikes) or "none"
            raise KeyError(f"no spikes of {name!r}; populations that spike: {known}")
        dense = np.zeros((self.steps, self.samples, self.sizes[name]), bool)
        sample, t, neuron = self.spikes[name]
        dense[t, sample, neuron] = True
        return dense

    def graded(self, name: str) -> npt.NDArray[np.float64]:
        """What the events of a graded population carry, as a dense array.

        Args:
            name: a graded population.

        Returns:
            what each spike carries, 0 where there is none, `[T, B, N]`.

        Raises:
            KeyError: there is no such graded population.
        """
        if name not in self.payload:
            known = ", ".join(self.payload) or "none"
            raise KeyError(f"no payload of {name!r}; graded populations: {known}")
        dense = np.zeros((self.steps, self.samples, self.sizes[name]))
        sample, t, neuron = self.spikes[name]
        dense[t, sample, neuron] = self.payload[name]
        return dense

    def __repr__(self) -> str:
        spikes = ", ".join(f"{name}: {len(s.t)}" for name, s in self.spikes.items())
        return (
            f"Run({self.steps} steps x {self.samples} samples, spikes {{{spikes}}}, "
            f"{'uncounted' if self.synaptic_events is None else self.synaptic_events} "
            "synaptic events)"
        )


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
    from axonal.deploy.backends import find

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
    timed, refused = fitted(graph, chosen, inputs)
    if refused:
        raise ValueError(f"back end {backend!r} cannot run this graph: {'; '.join(refused)}")
    result = in_network_time(timed, inputs, chosen, Request(state=state, timeout=timeout))
    for line in result.warnings:
        warnings.warn(line, RangeWarning, stacklevel=2)
    return result


def fitted(
    graph: EventGraph, backend: "Backend", inputs: Mapping[str, npt.NDArray[Any]]
) -> tuple[EventGraph, list[str]]:
    """The graph as a back end runs it, retimed if its hops take longer, and what it refuses."""
    from axonal.deploy.backends._support import unfit_inputs

    support = backend.support()
    if graph.hop < support.hop:
        try:
            graph = retime(graph, support.hop)
        except RetimeError as error:
            return graph, [str(error)]
    return graph, [*backend.refused(graph), *unfit_inputs(inputs, support)]


def in_network_time(
    graph: EventGraph,
    inputs: Mapping[str, npt.NDArray[Any]],
    backend: "Backend",
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
    spikes, payload = {}, {}
    for name, found in result.spikes.items():
        t = found.t - graph.population(name).latency
        kept = (t >= 0) & (t < steps)
        spikes[name] = Spikes(found.sample[kept], t[kept], found.neuron[kept])
        if name in result.payload:
            payload[name] = result.payload[name][kept]
    first = {name: graph.population(name).latency for name in result.readout}
    readout = {name: v[first[name] : first[name] + steps] for name, v in result.readout.items()}
    membrane = {
        probe: v[graph.population(probe.population).latency :][:steps]
        for probe, v in result.membrane.items()
    }
    return replace(
        result,
        steps=steps,
        spikes=spikes,
        payload=payload,
        readout=readout,
        membrane=membrane,
        state=None,
    )
