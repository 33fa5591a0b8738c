"""Event graphs: populations of neurons, projections of synapses, and a golden run to prove them."""

import json
import operator
from dataclasses import dataclass, field
from os import PathLike
from typing import Any

import numpy as np
import numpy.typing as npt

from axonal._base.tables import text_table
from axonal.deploy.graph.arrays import Floats, Integers, floats, freeze, read_only
from axonal.deploy.graph.population import Population
from axonal.deploy.graph.validation import GraphError, problems, update_order

__all__ = ["EventGraph", "Floats", "Golden", "Integers", "Population", "Projection"]


@dataclass(frozen=True, eq=False)
class Projection:
    """S synapses from one population to another.

    An event of value x that leaves neuron ``pre`` at step t adds ``weight · x`` to the input of
    neuron ``post`` at step t + delay; delay 0 arrives within the same step.

    Args:
        source: name of the population that sends.
        target: name of the population that receives.
        pre: sending neuron of each synapse `[S]`, any integer dtype.
        post: receiving neuron of each synapse `[S]`.
        weight: weight `[S]`.
        delay: steps `[S]`, at least 0.
        exponent: in a quantised graph, a weight is a whole number times 2^exponent.

    Raises:
        GraphError: a field cannot be read as what it should be.

    >>> Projection("in", "out", pre=[0, 1], post=[0, 0], weight=[0.5, 1.0], delay=[0, 3]).size
    2
    """

    source: str
    target: str
    pre: Integers
    post: Integers
    weight: Floats
    delay: Integers
    exponent: int = 0

    def __post_init__(self) -> None:
        for name in ("pre", "post", "delay"):
            values = np.asarray(getattr(self, name))
            if values.dtype.kind not in "iu":
                if values.size:
                    raise GraphError(
                        f"projection {self.source} -> {self.target}: {name} takes whole numbers, "
                        f"got {values.dtype}; convert with .astype(int) after rounding"
                    )
                values = values.astype(np.int64)
            freeze(self, name, values)
        label = f"projection {self.source} -> {self.target}: weight"
        freeze(self, "weight", floats(self.weight, label))

    @property
    def size(self) -> int:
        """Number of synapses S."""
        return int(self.weight.size)


@dataclass(frozen=True, eq=False)
class Golden:
    """Inputs with the spikes and readouts that the trained network itself gave on them.

    Args:
        inputs: for every input population, the events `[T, B, N]`.
        spikes: for every population that fires, its raster, bool `[T, B, N]`.
        readout: for every output that is an integrator, its membrane `[T, B, N]`.
        seed: seed of the inputs, if they were drawn.
        payload: for every graded population, what its events carry, 0 without one, `[T, B, N]`.

    Raises:
        GraphError: an array cannot be read as numbers.

    >>> Golden({"in": np.ones((5, 2, 3))}, {"out": np.zeros((5, 2, 1), bool)}, {}, seed=0).steps
    5
    """

    inputs: dict[str, Floats]
    spikes: dict[str, npt.NDArray[np.bool_]]
    readout: dict[str, Floats]
    seed: int | None = None
    payload: dict[str, Floats] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for part in ("inputs", "readout", "payload"):
            given = getattr(self, part)
            arrays = {k: floats(x, f"golden {part} {k!r}") for k, x in given.items()}
            object.__setattr__(self, part, {k: read_only(x) for k, x in arrays.items()})
        spikes = {k: np.asarray(x) for k, x in self.spikes.items()}
        for name, raster in spikes.items():
            if raster.dtype != np.bool_:
                raise GraphError(f"golden spikes {name!r} take a bool raster, got {raster.dtype}")
        object.__setattr__(self, "spikes", {k: read_only(x) for k, x in spikes.items()})

    @property
    def steps(self) -> int:
        """Number of steps T."""
        return int(next(iter(self.inputs.values())).shape[0])

    @property
    def samples(self) -> int:
        """Number of samples B."""
        return int(next(iter(self.inputs.values())).shape[1])


@dataclass(frozen=True, eq=False)
class EventGraph:
    """A network as it runs on event-driven hardware: populations, projections, a time step.

    Args:
        populations: populations in any order; within a step they are updated along the
            projections without delay (`order`).
        projections: projections; several may join the same two populations.
        outputs: names of the populations that are the result.
        dt: seconds per step.
        info: anything JSON can hold, kept with the graph.
        golden: a run of the original network to compare with, in the network's own time: its step t
            is step t + latency of a population.
        hop: least steps that a synapse takes; 0 as exported, 1 or more after `retime`.
        arithmetic: "float64", or the chip in whose integers it runs; `quantize` sets it.
        readout: rule by which `classify` and `score` read the only output, "max", "mean", "last" or
            "first-spike"; None without one.

    Raises:
        GraphError: the parts do not fit together; every problem is named in one line.

    >>> cell = Population("out", "lif", (1,), decay=0.5, gain=1, bias=0, threshold=1)
    >>> wire = Projection("in", "out", pre=[0], post=[0], weight=[1.0], delay=[2])
    >>> EventGraph((Population("in", "input", (1,)), cell), (wire,), ("out",), dt=0.001)
    EventGraph(2 populations, 2 neurons, 1 synapses, longest delay 2, dt 0.001 s, no golden run)
    """

    populations: tuple[Population, ...]
    projections: tuple[Projection, ...]
    outputs: tuple[str, ...]
    dt: float
    info: dict[str, Any] = field(default_factory=dict)
    golden: Golden | None = None
    hop: int = 0
    arithmetic: str = "float64"
    readout: str | None = None

    def __post_init__(self) -> None:
        if isinstance(self.outputs, str):
            raise GraphError(f"outputs takes a tuple of names: write ({self.outputs!r},)")
        for name in ("populations", "projections", "outputs"):
            object.__setattr__(self, name, tuple(getattr(self, name)))
        try:
            object.__setattr__(self, "dt", float(self.dt))
            object.__setattr__(self, "hop", operator.index(self.hop))
            copy = json.loads(json.dumps(self.info, allow_nan=False))
        except (TypeError, ValueError) as error:
            raise GraphError(
                "dt must be a number of seconds, hop a whole number and info something JSON can "
                f"hold: {error}"
            ) from error
        object.__setattr__(self, "info", copy)
        found = problems(self)
        if found:
            raise GraphError(_listed(found))

    def population(self, name: str) -> Population:
        """Find a population by name; KeyError lists the names there are."""
        for population in self.populations:
            if population.name == name:
                return population
        known = ", ".join(p.name for p in self.populations)
        raise KeyError(f"no population {name!r}; the graph has {known}")

    def projections_into(self, name: str) -> tuple[Projection, ...]:
        """Projections whose target is the named population."""
        return tuple(p for p in self.projections if p.target == self.population(name).name)

    def projections_from(self, name: str) -> tuple[Projection, ...]:
        """Projections whose source is the named population."""
        return tuple(p for p in self.projections if p.source == self.population(name).name)

    def of_kind(self, *kinds: str) -> tuple[Population, ...]:
        """Populations of the given kinds, in the order of the graph."""
        return tuple(p for p in self.populations if p.kind in kinds)

    @property
    def order(self) -> tuple[str, ...]:
        """Names in the order of the updates within a step: sources before what they reach at once.

        Without choice to make, populations keep the order in which they were given.
        """
        return update_order(self.populations, self.projections)

    @property
    def max_delay(self) -> int:
        """Longest delay of any synapse, in steps."""
        return max((int(p.delay.max()) for p in self.projections if p.size), default=0)

    @property
    def max_latency(self) -> int:
        """Steps by which the last population runs behind the network."""
        return max((p.latency for p in self.populations), default=0)

    def save(self, path: str | PathLike[str]) -> None:
        """Write the graph to one HDF5 file, which is complete or not there at all.

        The file is written beside the old one and put in its place when it is whole.

        Args:
            path: file to write, customarily ``*.h5``.

        Raises:
            OSError: the folder is missing or cannot be written.
        """
        from axonal.deploy.graph.hdf5 import save

        save(self, path)

    @classmethod
    def load(cls, path: str | PathLike[str]) -> "EventGraph":
        """Read a graph written by `save`.

        Args:
            path: file to read.

        Returns:
            the graph, checked like one that is built.

        Raises:
            FileNotFoundError: there is no such file.
            GraphError: the file is damaged, foreign, of a newer version or inconsistent.

        >>> EventGraph.load(__file__)
        Traceback (most recent call last):
        axonal.deploy.graph.validation.GraphError: ... is no event graph: it is not an HDF5 file...
        """
        from axonal.deploy.graph.hdf5 import load

        return load(path)

    def summary(self) -> str:
        """The graph as a plain text table: one line per population, one per projection."""
        cells = [[p.name, p.kind, "x".join(map(str, p.shape)), p.size] for p in self.populations]
        wires = [
            [
                f"{p.source} -> {p.target}",
                p.size,
                int(p.delay.min()) if p.size else None,
                int(p.delay.max()) if p.size else None,
            ]
            for p in self.projections
        ]
        head = ["projection", "synapses", "shortest delay", "longest delay"]
        parts = [repr(self), text_table(["population", "kind", "shape", "neurons"], cells)]
        if wires:
            parts.append(text_table(head, wires))
        rule = f", read by {self.readout}" if self.readout else ""
        return "\n\n".join([*parts, f"outputs: {', '.join(self.outputs)}{rule}"])

    def __repr__(self) -> str:
        synapses = sum(p.size for p in self.projections)
        golden = "no golden run"
        if self.golden is not None:
            golden = f"golden run of {self.golden.steps} steps x {self.golden.samples} samples"
        timing = f"hop {self.hop}, latency up to {self.max_latency}, " if self.hop else ""
        if self.arithmetic != "float64":
            timing += f"arithmetic of {self.arithmetic}, "
        return (
            f"EventGraph({len(self.populations)} populations, "
            f"{sum(p.size for p in self.populations)} neurons, {synapses} synapses, "
            f"longest delay {self.max_delay}, {timing}dt {self.dt:g} s, {golden})"
        )


def _listed(found: list[str]) -> str:
    if len(found) == 1:
        return found[0]
    shown = "; ".join(f"({k}) {text}" for k, text in enumerate(found[:20], 1))
    more = f"; and {len(found) - 20} more" if len(found) > 20 else ""
    return f"the graph has {len(found)} problems: {shown}{more}"
