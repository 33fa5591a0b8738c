"""From an event graph to a NIR graph."""

import keyword
import re
from collections.abc import Iterator
from os import PathLike
from typing import TYPE_CHECKING, Any

import numpy as np

from axonal._base.array_types import BoolArray, Float64Array, Int64Array
from axonal.deploy.graph import EventGraph, Population, Projection
from axonal.deploy.graph.errors import every_reason
from axonal.deploy.kinds import NEURONS
from axonal.deploy.nir.errors import NIRError, nir_package
from axonal.deploy.nir.file import write
from axonal.deploy.nir.metadata import graph_metadata
from axonal.deploy.nir.neurons import exported, is_sum

if TYPE_CHECKING:
    import nir

LARGEST = 2**27
"""Weights that a projection may take, 1 GiB of them."""


def to_nir(
    graph: EventGraph,
    path: str | PathLike[str] | None = None,
    *,
    delays: str = "unroll",
    precision: str = "double",
    reset: str | None = None,
) -> "nir.NIRGraph":
    """Write an event graph as a NIR graph that fires the same spikes.

    Populations become IF, LIF, CubaLIF, LI or I nodes with tau = dt / (1 - decay); projections
    become dense Linear nodes, Affine where there is a bias. A neuron here fires at its threshold
    and a neuron of NIR above it, so that v_threshold is the next number below. A delay of d steps
    is a Delay node of d dt seconds: one node where every source has one delay, otherwise a branch
    of Delay and Linear for every distinct delay, since a Delay belongs to a source and not to a
    synapse. A connection of a population with itself that takes one step has no Delay node: that
    step is how frameworks run a loop.

    The metadata hold dt, the names, shapes and exact factors of the populations, and the golden
    run, so that :func:`from_nir` gives the graph back and ``verify`` can prove it. Frameworks
    discretise with a dt of their own: snnTorch's is 1e-4, and ``dataclasses.replace(graph,
    dt=1e-4)`` is the same network in its steps.

    Args:
        graph: a graph as exported, neither retimed nor quantised.
        path: also write an HDF5 file, customarily ``*.nir``, complete or not at all.
        delays: "unroll" delays that differ among the synapses of a source, or "refuse" them.
        precision: "double", or "single" for snnTorch, which rounds thresholds to single precision
            and fires above them: they become the next number below of that precision, so that
            potentials that meet a threshold exactly fire there too. :func:`from_nir` undoes it.
        reset: "subtract" for readers that subtract v_threshold at a spike, as sinabs does and the
            equations of nir before 1.0.6: every neuron must reset so. The metadata name it, and the
            file has no v_reset. By default neurons reset to zero, which is stored.

    Returns:
        a ``nir.NIRGraph``.

    Raises:
        NIRError: NIR cannot say the same; every reason is listed by name.
        ImportError: nir is not installed; it belongs to the extra ``deploy``.
        OSError: the file cannot be written.

    >>> from axonal.deploy import EventGraph, Population, Projection, to_nir
    >>> cell = Population("out", "lif", (1,), decay=0.5, gain=1, bias=0, threshold=1)
    >>> wire = Projection("in", "out", pre=[0, 0], post=[0, 0], weight=[0.5, 1.0], delay=[0, 3])
    >>> graph = EventGraph((Population("in", "input", (1,)), cell), (wire,), ("out",), dt=0.001)
    >>> sorted(to_nir(graph).nodes)
    ['nin', 'nin_to_out', 'nin_to_out_3', 'nin_to_out_3_delay', 'out', 'output']
    >>> to_nir(graph, delays="refuse")
    Traceback (most recent call last):
    axonal.deploy.nir.errors.NIRError: the graph has no NIR form: projection in -> out: ...
    """
    if delays not in ("unroll", "refuse"):
        raise ValueError(f'to_nir takes delays="unroll" or "refuse", got {delays!r}')
    if precision not in ("double", "single"):
        raise ValueError(f'to_nir takes precision="double" or "single", got {precision!r}')
    if reset not in (None, "subtract"):
        raise ValueError(f'to_nir takes reset="subtract" or none, got {reset!r}')
    nir = nir_package()
    writer = _Writer(graph, delays == "unroll", precision == "single", reset == "subtract")
    writer.build()
    if writer.problems:
        raise NIRError(every_reason("the graph has no NIR form", writer.problems))
    # Checking types would add nodes.
    made = nir.NIRGraph(
        writer.nodes, writer.edges, graph_metadata(graph, writer.keys, writer.outputs),
        type_check=False,
    )  # fmt: skip
    if path is not None:
        write(made, path)
    return made


class _Writer:
    """Collects nodes and edges, and what has none."""

    def __init__(self, graph: EventGraph, unroll: bool, single: bool, subtract: bool) -> None:
        self.nir = nir_package()
        self.graph, self.unroll, self.single, self.subtract = graph, unroll, single, subtract
        self.nodes: dict[str, Any] = {}
        self.edges: list[tuple[str, str]] = []
        self.keys: dict[str, str] = {}
        self.outputs: list[str] = []
        self.problems: list[str] = []

    def build(self) -> None:
        """Fill nodes, edges and outputs, or problems."""
        if self.graph.arithmetic != "float64":
            self.problems.append(
                f"it is quantised for {self.graph.arithmetic}, and NIR is of real numbers: take "
                "the graph it was made from"
            )
        if self.graph.hop or self.graph.max_latency:
            self.problems.append("it is retimed: take the graph as exported")
        for order, p in enumerate(self.graph.populations):
            self.neurons(p, order)
        for name in self.graph.outputs:
            key = self.keys[name]
            if not isinstance(self.nodes.get(key), self.nir.Output):
                output = self.free("output")
                self.edges.append((key, output))
                self.nodes[output] = self.nir.Output(np.array([self.graph.population(name).size]))
                key = output
            self.outputs.append(key)
        driven = self.graph.of_kind(*NEURONS, "constant")
        for p in driven:
            self.inputs_of(p)
        for p in self.graph.of_kind("input"):
            if not any(source == self.keys[p.name] for source, _ in self.edges):
                self.connect_by_nothing(p, driven[0], None)

    def free(self, name: str) -> str:
        """A key from a name, with what HDF5 and Python take for a name, that no node has."""
        key = re.sub(r"\W", "_", name, flags=re.ASCII)
        key = f"n{key}" if not key[:1].isalpha() or keyword.iskeyword(key) else key
        taken = {*self.nodes, *self.keys.values()}
        numbered = (f"{key}_{k}" for k in range(2, len(taken) + 3))
        return key if key not in taken else next(k for k in numbered if k not in taken)

    def neurons(self, p: Population, order: int) -> None:
        """Add the node of a population; an output that is a plain sum is an Output alone."""
        self.keys[p.name] = key = self.free(p.name)
        if p.kind == "input":
            node = self.nir.Input(np.array([p.size]))
        elif p.name in self.graph.outputs and is_sum(p):
            node = self.nir.Output(np.array([p.size]))
        else:
            try:
                node = exported(p, self.graph.dt, self.single, self.subtract)
            except NIRError as error:
                self.problems.append(f"population {p.name!r}: {error}")
                return
        kept = {"name": p.name, "kind": p.kind, "shape": np.array(p.shape), "order": order}
        node.metadata = {**node.metadata, **kept}
        self.nodes[key] = node

    def inputs_of(self, p: Population) -> None:
        """Add the connections into a population, its bias with the first without delay."""
        key, bias = self.keys[p.name], p.bias if p.bias.any() else None
        # a bias comes with what feeds forward: SpikingJelly leaves out the first of a loop
        into = sorted(self.graph.projections_into(p.name), key=lambda q: q.source == q.target)
        for projection in into:
            for source, weight, name in self.branches(projection):
                self.nodes[name] = self.connection(weight, bias)
                self.edges += [(source, name), (name, key)]
                bias = None
        if bias is not None or not any(target == key for _, target in self.edges):
            # NIR has no bias without a connection, and takes what has no input for an input
            self.connect_by_nothing(self.graph.of_kind("input")[0], p, bias)

    def connect_by_nothing(self, source: Population, target: Population, bias: Any) -> None:
        """Add a connection without weights."""
        ends = self.keys[source.name], self.keys[target.name]
        name = self.free("{}_to_{}".format(*ends))
        self.nodes[name] = self.connection(np.zeros((target.size, source.size)), bias)
        self.edges += [(ends[0], name), (name, ends[1])]

    def connection(self, weight: Float64Array, bias: Any) -> Any:
        """A Linear, or an Affine with the bias."""
        if bias is None:
            return self.nir.Linear(weight)
        return self.nir.Affine(weight, bias)

    def branches(self, q: Projection) -> Iterator[tuple[str, Float64Array, str]]:
        """Source, dense weight and name of every Linear that a projection takes."""
        rows, columns = self.graph.population(q.target).size, self.graph.population(q.source).size
        if not q.size:
            return
        where = f"projection {q.source} -> {q.target}"
        source, target = self.keys[q.source], self.keys[q.target]
        name = f"{source}_to_{target}"
        steps = np.unique(q.delay).tolist()
        per_source = np.zeros(columns, np.int64)
        per_source[q.pre] = q.delay
        together = bool(np.all(per_source[q.pre] == q.delay))
        count = 1 if together else len(steps)
        cost = f"{count * rows * columns} weights in place of {q.size}"
        if not together and not self.unroll:
            self.problems.append(
                f"{where}: the synapses of a source have different delays ({len(steps)} distinct), "
                f'and a Delay of NIR belongs to a source: delays="unroll" makes {len(steps)} '
                f"branches, {cost}, and delay lines of {columns * sum(steps)} numbers"
            )
            return
        if rows * columns * count > LARGEST:
            self.problems.append(
                f"{where}: the dense matrices of NIR would take {cost}, more than {LARGEST}"
            )
            return
        if together:
            before = source
            if per_source.any() and not (q.source == q.target and steps == [1]):
                before = self.delay(source, self.free(f"{name}_delay"), per_source)
            yield before, self.dense(q, np.ones(q.size, bool)), self.free(name)
            return
        for step in steps:
            before = source
            part = self.free(f"{name}_{step}" if step else name)
            if step and not (q.source == q.target and step == 1):
                before = self.delay(source, self.free(f"{part}_delay"), np.full(columns, step))
            yield before, self.dense(q, q.delay == step), part

    def delay(self, source: str, key: str, steps: Int64Array) -> str:
        """Add a Delay after a source."""
        self.nodes[key] = self.nir.Delay(steps * self.graph.dt)
        self.edges.append((source, key))
        return key

    def dense(self, q: Projection, chosen: BoolArray) -> Float64Array:
        """Weights of the chosen synapses as a matrix [N_target, N_source]."""
        rows, columns = self.graph.population(q.target).size, self.graph.population(q.source).size
        weight = np.zeros((rows, columns))
        np.add.at(weight, (q.post[chosen], q.pre[chosen]), q.weight[chosen])
        return weight
