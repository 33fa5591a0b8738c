"""The result of a run, whichever back end it was done by."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from axonal._base.array_types import BoolArray, Float64Array
from axonal.deploy.executor.request import Probe
from axonal.deploy.executor.spikes import Spikes
from axonal.deploy.graph import Projection


@dataclass(frozen=True, eq=False)
class Run:
    """Result of a run: spikes, readouts and the state to go on from.

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
        extra: further answers of a back end, such as its version.
        payload: of every graded population, the number that each of its spikes carries `[E]`.
        written: where a back end only loads a graph, the projections that it read back.
        warnings: values that left the range of the chip, one line per population.

    >>> spikes = {"out": Spikes(np.array([0]), np.array([1]), np.array([0]))}
    >>> Run(2, 1, {"out": 1}, spikes, {}, None, synaptic_events=4).raster("out").ravel()
    array([False,  True])
    """

    steps: int
    samples: int
    sizes: dict[str, int]
    spikes: dict[str, Spikes]
    readout: dict[str, Float64Array]
    state: Any
    synaptic_events: int | None
    membrane: dict[Probe, Float64Array] = field(default_factory=dict)
    extra: dict[str, Any] = field(default_factory=dict)
    payload: dict[str, Float64Array] = field(default_factory=dict)
    written: tuple[Projection, ...] = ()
    warnings: tuple[str, ...] = ()

    def raster(self, name: str) -> BoolArray:
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

    def graded(self, name: str) -> Float64Array:
        """Numbers that the events of a graded population carry, as a dense array.

        Args:
            name: a graded population.

        Returns:
            number of each spike, 0 where there is none, `[T, B, N]`.

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
