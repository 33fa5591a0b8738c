"""From a NIR graph to an event graph."""

from dataclasses import replace
from os import PathLike
from typing import TYPE_CHECKING

from axonal.deploy.exporting.assemble import assemble, finest_grid, off_grid
from axonal.deploy.graph import EventGraph
from axonal.deploy.graph.errors import GraphError, every_reason
from axonal.deploy.nir import metadata, resets
from axonal.deploy.nir.errors import NIRError
from axonal.deploy.nir.file import read
from axonal.deploy.nir.flat import Flat, flattened
from axonal.deploy.nir.loops import with_steps
from axonal.deploy.nir.node import Node, of_memory
from axonal.deploy.nir.nodes import Setting
from axonal.deploy.nir.reader import Reader

if TYPE_CHECKING:
    import nir


def from_nir(
    graph: "nir.NIRGraph | str | PathLike[str]",
    dt: float | None = None,
    *,
    delays: str = "exact",
    at_threshold: bool = False,
    reset: str | None = None,
) -> EventGraph:
    """Make an event graph of a NIR graph or file.

    Neurons are stepped by forward Euler, as most frameworks do that read NIR (docs/nir.md has
    the equations): they fire above v_threshold and are set to v_reset. Connections, convolutions,
    pooling and Delay nodes become synapses with delays, on the grid of :func:`export`; subgraphs
    are flattened. A loop without a Delay takes one step, into the neuron where it is entered.

    Files of nir before 1.0.6 have no v_reset, and the reset of their equations is by subtraction;
    ``reset`` says what is meant. A graph in memory cannot tell: nir fills in zeros when it reads
    such a file, so that they are taken as they are unless ``reset`` is given.

    Args:
        graph: a ``nir.NIRGraph``, or a file.
        dt: seconds per step; by default that of the metadata, which only axonal writes.
        delays: "exact" refuses a delay that is no whole number of steps, "round" takes the nearest.
        at_threshold: neurons fire at v_threshold too, which is what SpikingJelly means by the files
            it writes; it matters where potentials meet thresholds exactly.
        reset: "zero" or "subtract", of neurons that store no v_reset; refused where it is against
            one that is stored.

    Returns:
        the graph; of a file of :func:`to_nir` the one that was written, with its golden run.

    Raises:
        NIRError: the file is no NIR graph, does not say its time step or reset, or holds what has
            no equivalent; all nodes are listed.
        FileNotFoundError: there is no such file.

    >>> from axonal.deploy import EventGraph, Population, Projection, from_nir, to_nir
    >>> cell = Population("out", "lif", (1,), decay=0.5, gain=1, bias=0, threshold=1)
    >>> wire = Projection("in", "out", pre=[0, 0], post=[0, 0], weight=[0.5, 1.0], delay=[0, 3])
    >>> graph = EventGraph((Population("in", "input", (1,)), cell), (wire,), ("out",), dt=0.001)
    >>> from_nir(to_nir(graph))
    EventGraph(2 populations, 2 neurons, 2 synapses, longest delay 3, dt 0.001 s, no golden run)
    """
    if delays not in ("exact", "round"):
        raise ValueError(f'from_nir takes delays="exact" or "round", got {delays!r}')
    resets.checked(reset)
    name = "the NIR graph"
    stored = isinstance(graph, (str, PathLike))
    if isinstance(graph, (str, PathLike)):
        name, node = str(graph), read(graph)
    elif type(graph).__name__ != "NIRGraph":
        raise TypeError(f"from_nir takes a nir.NIRGraph or a file, got {type(graph).__name__}")
    try:
        if not stored:
            node = of_memory(graph)
        flat = flattened(node)
        found = [*flat.problems, *resets.decide(flat.nodes, reset, stored)]
        step = metadata.time_step(node.metadata, dt, found)
        if found:
            raise _Refused(found)
        return _event_graph(node, flat, Setting(step, delays == "round"), at_threshold)
    except _Refused as refused:
        raise NIRError(every_reason(f"{name} cannot be imported", refused.problems)) from None
    except (NIRError, GraphError) as error:
        raise NIRError(every_reason(f"{name} cannot be imported", [str(error)])) from error


class _Refused(Exception):
    def __init__(self, problems: list[str]) -> None:
        super().__init__(problems)
        self.problems = problems


def _event_graph(graph: Node, flat: Flat, setting: Setting, at_threshold: bool) -> EventGraph:
    own = metadata.own_part(graph.metadata)
    reader = Reader(flat, setting, at_threshold)
    outputs = reader.read(metadata.output_order(own, flat.outputs))
    if reader.problems:
        raise _Refused(reader.problems)
    drives = with_steps(reader.drives)
    # What was exported lies on its grid already.
    grid = None if own is not None else finest_grid(drives)
    if grid is not None:
        lines = off_grid(reader.populations, drives, grid)
        lost = [f"node {line}; write the file in other units of current" for line in lines]
        if lost:
            raise _Refused(lost)
    populations, projections = assemble(reader.populations, drives, grid)
    golden, names = None, reader.names()
    if own is not None and graph.metadata.get("dt") == setting.dt:
        golden = metadata.golden_of(own, names)
    info = {"grid": grid} if own is None else metadata.info_of(own)

    def named(key: str) -> str:
        return names.get(key, key)

    return EventGraph(
        tuple(replace(p, name=named(p.name)) for p in populations),
        tuple(replace(q, source=named(q.source), target=named(q.target)) for q in projections),
        tuple(map(named, outputs)), setting.dt, info, golden, readout=metadata.rule_of(own),
    )  # fmt: skip
