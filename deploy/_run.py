"""Running a graph on a back end, and what a run leaves."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from axonal.deploy._inputs import checked_inputs
from axonal.deploy.graph import EventGraph


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


@dataclass(frozen=True, eq=False)
class Run:
    """What a graph did.

    Args:
        steps: number of steps T.
        samples: number of samples B.
        sizes: number of neurons N of every lif population.
        spikes: events of every lif population.
        readout: membrane of every integrator after each step, float64 `[T, B, N]`.
        state: pass it to `run` to go on from here; None where a back end cannot.
        synaptic_events: events that went through a synapse, those of constants included.

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
    synaptic_events: int

    def raster(self, name: str) -> npt.NDArray[np.bool_]:
        """Spikes of a population as a dense array.

        Args:
            name: a lif population.

        Returns:
            True where a neuron spiked, `[T, B, N]`.

        Raises:
            KeyError: there is no such lif population.
        """
        if name not in self.spikes:
            known = ", ".join(self.spikes) or "none"
            raise KeyError(f"no spikes of {name!r}; populations that spike: {known}")
        dense = np.zeros((self.steps, self.samples, self.sizes[name]), bool)
        sample, t, neuron = self.spikes[name]
        dense[t, sample, neuron] = True
        return dense

    def __repr__(self) -> str:
        spikes = ", ".join(f"{name}: {len(s.t)}" for name, s in self.spikes.items())
        return (
            f"Run({self.steps} steps x {self.samples} samples, spikes {{{spikes}}}, "
            f"{self.synaptic_events} synaptic events)"
        )


def run(
    graph: EventGraph,
    x: npt.ArrayLike | Mapping[str, npt.ArrayLike],
    *,
    backend: str = "reference",
    state: Any = None,
) -> Run:
    """Run a graph on given events; the equations are those of `Population` and `Projection`.

    Args:
        graph: the graph.
        x: events `[T, B, N]` of the only input, or a dict of them by name; 1 is a spike, any
            other value a graded event, 0 nothing. Samples are independent.
        backend: "reference" (exact, event-driven, on this machine) or another name that
            ``axonal.deploy.backends`` knows.
        state: the state that an earlier run of this graph left; None starts from rest.

    Returns:
        spikes, readouts and state. Two runs in a row equal one long run, spike for spike.

    Raises:
        ValueError: x does not fit, the state is of another graph or batch, the back end is
            unknown or cannot express the graph.
        TypeError: x is not made of real numbers.

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
    refused = chosen.refused(graph)
    if refused:
        raise ValueError(f"back end {backend!r} cannot run this graph: {'; '.join(refused)}")
    return chosen.run(graph, inputs, state)
