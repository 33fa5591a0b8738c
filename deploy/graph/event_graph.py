"""Event graphs: populations of neurons, projections of synapses, and a golden run to prove them."""

import json
import operator
from collections.abc import Mapping
from dataclasses import dataclass, field
from os import PathLike
from typing import Any

from axonal._base.array_types import AnyArray
from axonal._base.tables import text_table
from axonal.deploy.graph.errors import GraphError
from axonal.deploy.graph.golden import Golden
from axonal.deploy.graph.hdf5 import read_graph, write_graph
from axonal.deploy.graph.population import Population
from axonal.deploy.graph.projection import Projection
from axonal.deploy.graph.serialisation import put_together, taken_apart
from axonal.deploy.graph.validation import problems, update_order


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
        wrong = problems(self)
        if wrong:
            raise GraphError(_listed(wrong))

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
        write_graph(path, *self.to_arrays())

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
        axonal.deploy.graph.errors.GraphError: ... is no event graph: it is not an HDF5 file...
        """
        return read_graph(path, cls.from_arrays)

    def to_arrays(self) -> tuple[dict[str, Any], dict[str, AnyArray]]:
        """Take the graph apart for a file or another process.

        Returns:
            a header that JSON can hold (populations, projections, outputs, dt, info, ...) and the
            arrays by name: "populations.0.decay" `[N]`, "projections.0.weight" `[S]`,
            "golden.inputs.0" `[T, B, N]`. Fields that a kind does not have are left out.

        >>> cell = Population("out", "integrator", (1,), decay=0.5, gain=1, bias=0)
        >>> graph = EventGraph((Population("in", "input", (1,)), cell), (), ("out",), dt=0.001)
        >>> header, arrays = graph.to_arrays()
        >>> header["outputs"], sorted(arrays)
        (['out'], ['populations.1.bias', 'populations.1.decay', 'populations.1.gain'])
        """
        return taken_apart(self)

    @classmethod
    def from_arrays(cls, header: Mapping[str, Any], arrays: Mapping[str, AnyArray]) -> "EventGraph":
        """Put a graph together again; the inverse of `to_arrays`.

        Args:
            header: the header.
            arrays: arrays by name.

        Returns:
            the graph, checked like one that is built.

        Raises:
            GraphError: the parts are no valid graph.
            KeyError: a part is missing.

        >>> cell = Population("out", "integrator", (1,), decay=0.5, gain=1, bias=0)
        >>> graph = EventGraph((Population("in", "input", (1,)), cell), (), ("out",), dt=0.001)
        >>> EventGraph.from_arrays(*graph.to_arrays()).population("out").decay
        array([0.5])
        """
        return cls(**put_together(header, arrays))

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


def _listed(wrong: list[str]) -> str:
    if len(wrong) == 1:
        return wrong[0]
    shown = "; ".join(f"({k}) {text}" for k, text in enumerate(wrong[:20], 1))
    more = f"; and {len(wrong) - 20} more" if len(wrong) > 20 else ""
    return f"the graph has {len(wrong)} problems: {shown}{more}"
